/**
 * One command and the attempt that is being made to carry it out.
 *
 * An attempt that never began costs nothing: it is given back. One that began may have had its effect, so only what can
 * be found out about it decides; it is never made again on a guess.
 */
export const attemptStates = ['running', 'succeeded', 'failed', 'abandoned', 'blocked'] as const;
type AttemptState = (typeof attemptStates)[number];

interface AttemptProgress {
  readonly state: AttemptState;
  readonly started: boolean;
  readonly completed: boolean;
}

export interface CommandProgress {
  readonly state: 'pending' | 'attempted' | 'succeeded' | 'failed' | 'blocked';
  /** Attempts that could have had an effect. */
  readonly attempts: number;
  /** Attempts whose dispatcher died before anything had happened. */
  readonly abandoned: number;
  readonly attempt: AttemptProgress | null;
}

export type CommandEvent =
  | { readonly kind: 'claimed' }
  /** The side effect is about to happen. */
  | { readonly kind: 'began' }
  /** Not now, and nothing was done: somebody types, a dialog is open, the pane is in another hand. */
  | { readonly kind: 'deferred' }
  | { readonly kind: 'succeeded'; readonly completed: boolean }
  | { readonly kind: 'failed'; readonly completed: boolean }
  | { readonly kind: 'blocked' }
  /** The dispatcher is gone, and this is what could be found out about a side effect that had begun. */
  | { readonly kind: 'lost'; readonly evidence: Evidence };

/** `unknown`: nothing can be asked. `undecided`: it can't be told yet, ask again. */
export type Evidence = 'arrived' | 'absent' | 'undecided' | 'unknown';

/** So many dispatchers may die over one command before it is given up. */
export const abandonedLimit = 5;

/** The next state, or null where the event can't happen: the attempt was decided by somebody else meanwhile. */
export function advance(command: CommandProgress, event: CommandEvent): CommandProgress | null {
  if (event.kind === 'claimed') {
    if (command.state !== 'pending') return null;
    const attempt = { state: 'running', started: false, completed: false } as const;
    return { ...command, state: 'attempted', attempts: command.attempts + 1, attempt };
  }
  const { attempt } = command;
  if (command.state !== 'attempted' || attempt?.state !== 'running') return null;
  switch (event.kind) {
    case 'began':
      return { ...command, attempt: { ...attempt, started: true } };
    case 'deferred':
      return attempt.started ? null : givenBack(command, command.abandoned);
    case 'succeeded':
    case 'failed':
      return ended(command, event.kind, { ...attempt, completed: event.completed });
    case 'blocked':
      return ended(command, 'blocked', attempt);
    case 'lost':
      return afterLoss(command, attempt, event.evidence);
    default:
      return event satisfies never;
  }
}

function afterLoss(command: CommandProgress, attempt: AttemptProgress, evidence: Evidence): CommandProgress {
  if (!attempt.started) return triedInVain(command, attempt);
  switch (evidence) {
    case 'arrived':
      return ended(command, 'succeeded', { ...attempt, completed: true });
    case 'absent':
      return triedInVain(command, attempt);
    case 'undecided':
      return command;
    case 'unknown':
      return ended(command, 'failed', attempt);
    default:
      return evidence satisfies never;
  }
}

/** Nothing happened, so it may be tried again; but not for ever, for it may be what its dispatchers die of. */
function triedInVain(command: CommandProgress, attempt: AttemptProgress): CommandProgress {
  const abandoned = command.abandoned + 1;
  return abandoned < abandonedLimit
    ? givenBack(command, abandoned)
    : ended({ ...command, abandoned }, 'failed', { ...attempt, state: 'abandoned' });
}

/** Back in the queue as if the attempt had not been made. */
function givenBack(command: CommandProgress, abandoned: number): CommandProgress {
  const attempt = command.attempt === null ? null : { ...command.attempt, state: 'abandoned' as const };
  return { state: 'pending', attempts: command.attempts - 1, abandoned, attempt };
}

function ended(
  command: CommandProgress,
  state: 'succeeded' | 'failed' | 'blocked',
  attempt: AttemptProgress,
): CommandProgress {
  return { ...command, state, attempt: { ...attempt, state: attempt.state === 'abandoned' ? 'abandoned' : state } };
}
