import type { PaneView } from '../ledger/observationStore.ts';
import type { TurnState } from '../domain/turnState.ts';

/** What somebody should look at. The kinds are those of the panel, and one for a session that is no more. */
export const attentionKinds = ['approval', 'question', 'failed', 'stalled', 'undelivered', 'gone'] as const;

export interface Attention {
  readonly kind: (typeof attentionKinds)[number];
  readonly message: string;
}

export interface AttentionQuestion {
  readonly session: string;
  readonly alive: boolean | null;
  /** Null when nobody could look. */
  readonly pane: PaneView | null;
  readonly turn: TurnState;
  /** The turn has been silent for longer than anybody should wait. */
  readonly isStalled: boolean;
  /** Messages to it that did not arrive: why. */
  readonly undelivered: readonly (string | null)[];
}

/** What a session needs from somebody, the most pressing first. What waits for a person does so however fresh it is. */
export function attentionOf({ session, alive, pane, turn, isStalled, undelivered }: AttentionQuestion): Attention[] {
  const found: Attention[] = [];
  const add = (kind: Attention['kind'], message: string): void => void found.push({ kind, message });
  const dialog = pane?.dialog ?? null;
  if (alive === false) add('gone', `Session ${session} does not run any more.`);
  else if (dialog === 'approval_command' || dialog === 'approval_patch')
    add('approval', `${session} waits for an approval.`);
  else if (dialog !== null) add('question', `${session} waits at a dialog (${dialog.replaceAll('_', ' ')}).`);
  else if (pane?.pattern.fresh != null) add('question', `${session}: ${pane.pattern.fresh.reason}.`);
  const failure = failureOf(turn);
  if (failure !== null) add('failed', `${session}: the last turn failed (${failure}).`);
  if (isStalled && dialog === null && alive !== false)
    add('stalled', `${session} has been at it for long without a sign.`);
  for (const reason of undelivered) {
    add('undelivered', `A message to ${session} was not delivered${reason === null ? '' : `: ${reason}`}.`);
  }
  return found;
}

function failureOf({ turn }: TurnState): string | null {
  if (turn.phase !== 'ended' || turn.outcome !== 'error' || turn.error === null) return null;
  return turn.error.message === '' ? turn.error.kind.replaceAll('_', ' ') : turn.error.message;
}
