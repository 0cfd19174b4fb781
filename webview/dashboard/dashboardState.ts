import type { DashboardView, Receipt, TerminalAccess } from '../../src/protocol/dashboard.ts';

export interface OpenTerminal {
  readonly session: string;
  readonly access: TerminalAccess;
  /** Grows when it is attached anew. */
  readonly round: number;
  readonly notice: string | null;
}

export type DialogKind = 'task' | 'pair' | 'bind' | 'attach' | 'nudge' | 'interrupt' | 'finish';

export interface OpenDialog {
  readonly kind: DialogKind;
  /** The session or task that it is about. */
  readonly subject: string;
}

export interface DashboardState {
  readonly task: string | null;
  readonly view: DashboardView | null;
  /** By the page's own clock, when `view` or its banner came. */
  readonly seenAt: number;
  readonly isConnected: boolean;
  readonly terminals: readonly OpenTerminal[];
  readonly dialog: OpenDialog | null;
  /** What was done last here, told until something else is. */
  readonly told: Receipt | null;
}

export type DashboardEvent =
  | { readonly kind: 'shown'; readonly view: DashboardView; readonly now: number }
  | { readonly kind: 'beat'; readonly change: Pick<DashboardView, 'takenAt' | 'dispatch'>; readonly now: number }
  | { readonly kind: 'lost' }
  | { readonly kind: 'taskChosen'; readonly task: string | null }
  | { readonly kind: 'terminalOpened'; readonly session: string; readonly access: TerminalAccess }
  | { readonly kind: 'terminalClosed'; readonly session: string }
  | { readonly kind: 'terminalSaid'; readonly session: string; readonly notice: string | null }
  | { readonly kind: 'dialogOpened'; readonly dialog: OpenDialog }
  | { readonly kind: 'dialogClosed' }
  | { readonly kind: 'told'; readonly receipt: Receipt | null };

export function initialDashboard(task: string | null): DashboardState {
  return { task, view: null, seenAt: 0, isConnected: true, terminals: [], dialog: null, told: null };
}

export function reduceDashboard(state: DashboardState, event: DashboardEvent): DashboardState {
  switch (event.kind) {
    case 'shown':
      return { ...state, view: event.view, seenAt: event.now, isConnected: true };
    case 'beat':
      return state.view === null
        ? state
        : { ...state, view: { ...state.view, ...event.change }, seenAt: event.now, isConnected: true };
    case 'lost':
      return { ...state, isConnected: false };
    case 'taskChosen':
      return { ...state, task: event.task };
    case 'terminalOpened':
      return { ...state, terminals: opened(state.terminals, event) };
    case 'terminalClosed':
      return { ...state, terminals: state.terminals.filter(({ session }) => session !== event.session) };
    case 'terminalSaid':
      return {
        ...state,
        terminals: state.terminals.map((one) =>
          one.session === event.session ? { ...one, notice: event.notice } : one,
        ),
      };
    case 'dialogOpened':
      return { ...state, dialog: event.dialog };
    case 'dialogClosed':
      return { ...state, dialog: null };
    case 'told':
      return { ...state, told: event.receipt };
    default:
      return event satisfies never;
  }
}

/** One terminal a session: asking for another access, or again after it was detached, attaches anew. */
function opened(
  terminals: readonly OpenTerminal[],
  { session, access }: { readonly session: string; readonly access: TerminalAccess },
): readonly OpenTerminal[] {
  const known = terminals.find((one) => one.session === session);
  if (known === undefined) return [...terminals, { session, access, round: 0, notice: null }];
  if (known.access === access && known.notice === null) return terminals;
  const again = { session, access, round: known.round + 1, notice: null };
  return terminals.map((one) => (one.session === session ? again : one));
}
