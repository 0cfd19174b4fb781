import { newIdentifier } from '../domain/identifiers.ts';
import { recordEvent } from '../ledger/auditStore.ts';
import {
  findOpenRequest,
  insertOpenRequest,
  openRequestLifetime,
  withdrawOpenRequest,
} from '../ledger/openRequestStore.ts';
import type { Session } from '../ledger/sessionStore.ts';
import { livingLeader } from './livingLeader.ts';
import type { OperationContext } from './operationContext.ts';

export type WindowAnswer =
  | { readonly kind: 'opened'; readonly window: string }
  | { readonly kind: 'refused'; readonly window: string; readonly reason: string }
  /** No window looks after this ledger, or none answered. */
  | { readonly kind: 'nobody' };

/** A window that has not answered by then will not. Milliseconds. */
const patience = 5000;
const poll = 40;

/** The window of VS Code that leads this ledger, or null: while there is one, it leads (docs/architecture.md). */
export function leadingWindow(context: OperationContext): string | null {
  const leader = livingLeader(context);
  return leader?.kind === 'window' ? leader.holder : null;
}

/** Asks the windows to show a session's terminal, and waits for the answer. Where no window is, nothing is written. */
export async function askWindow(
  context: OperationContext,
  session: Session,
  taskId: string | null,
): Promise<WindowAnswer> {
  const { ledger, clock, signal } = context;
  if (leadingWindow(context) === null) return { kind: 'nobody' };
  const id = newIdentifier('open');
  ledger.write(() => {
    insertOpenRequest(ledger, context, { id, sessionId: session.id });
    const payload = { request: id, session: session.name };
    recordEvent(ledger, { type: 'terminal_requested', taskId, payload }, clock.now());
  });
  const start = clock.monotonic();
  let isWithdrawn = false;
  while (clock.monotonic() - start < openRequestLifetime) {
    await clock.sleep(poll, signal);
    const { state, taken_by: window, reason } = findOpenRequest(ledger, id) ?? { state: 'expired' };
    if (state === 'opened') return { kind: 'opened', window: window ?? '' };
    if (state === 'refused') return { kind: 'refused', window: window ?? '', reason: reason ?? 'no reason given' };
    if (state === 'expired' || isWithdrawn || (signal.aborted && state === 'taken')) return { kind: 'nobody' };
    const isOver = signal.aborted || clock.monotonic() - start >= patience;
    // Taken in the same moment: it will be shown, and its window says so.
    if (isOver && state === 'asked') isWithdrawn = ledger.write(() => withdrawOpenRequest(ledger, id));
  }
  return { kind: 'nobody' };
}
