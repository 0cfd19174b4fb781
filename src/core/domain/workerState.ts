import type { TurnEvent } from './turnEvent.ts';
import { initialTurnState, reduceTurn, type TurnState } from './turnState.ts';

/** The state that the command line has always printed. `attention` is the richer answer; this one stays compatible. */
export type WorkerActivity = 'busy' | 'idle' | 'unknown';

/** Plain JSON, so that it can be kept between two reads of a growing rollout. */
export interface WorkerState {
  readonly turn: TurnState;
  readonly lastStateEventAt: string | null;
}

export interface WorkerStateView {
  readonly state: WorkerActivity;
  /** Timestamp of the line that made the state, verbatim. */
  readonly last_state_event_at: string | null;
  /** From the end of a turn until the next one starts, whatever else is written in between (OD-7). */
  readonly task_completed: boolean;
}

export const initialWorkerState: WorkerState = { turn: initialTurnState, lastStateEventAt: null };

/**
 * Started or spoken to means busy, completed or aborted means idle, all else changes nothing. Only in rollouts of
 * Codex versions that are known to mark no ends do items of the conversation count too.
 */
export function reduceWorkerState(worker: WorkerState, event: TurnEvent): WorkerState {
  const role = roleOf(event, worker.turn);
  if (role === 'ignored') return worker;
  const turn = reduceTurn(worker.turn, event);
  const made = role === 'always' || activityOf(turn) !== activityOf(worker.turn);
  return { turn, lastStateEventAt: made ? event.at : worker.lastStateEventAt };
}

export function viewWorkerState({ turn, lastStateEventAt }: WorkerState): WorkerStateView {
  return {
    state: activityOf(turn),
    last_state_event_at: lastStateEventAt,
    task_completed: turn.turn.phase === 'ended' && turn.turn.outcome !== 'aborted',
  };
}

type Role = 'ignored' | 'when it changes' | 'always';

function roleOf(event: TurnEvent, { grammar, turn }: TurnState): Role {
  const marksNothing = grammar === 'unmarked' || grammar === 'flat';
  switch (event.kind) {
    case 'turnStarted':
    case 'userMessageSeen':
    case 'turnCompleted':
      return 'always';
    case 'sessionStarted':
      return 'when it changes';
    case 'turnAborted':
      // An abort after the end is about nothing that runs.
      return turn.phase === 'ended' && turn.certainty === 'marked' ? 'ignored' : 'when it changes';
    case 'userItemSeen':
      return grammar === 'flat' ? 'always' : 'ignored';
    case 'assistantItemSeen':
    case 'toolStarted':
    case 'toolEnded':
      return marksNothing ? 'when it changes' : 'ignored';
    case 'agentMessageSeen':
    case 'modelErrorSeen':
    case 'compacted':
    case 'usageSeen':
    case 'other':
      return 'ignored';
    default:
      return unreachable(event);
  }
}

function activityOf({ turn }: TurnState): WorkerActivity {
  switch (turn.phase) {
    case 'unknown':
      return 'unknown';
    case 'working':
      return 'busy';
    case 'ended':
      return 'idle';
    default:
      return unreachable(turn);
  }
}

function unreachable(value: never): never {
  throw new Error(`unhandled: ${JSON.stringify(value)}`);
}
