import type { BusyWait } from '../codex/classifyPane.ts';
import type { WorkerStatusState } from '../ledger/legacyWorkerStore.ts';

/** What is known of a worker at one moment. Ages in seconds; null where nobody knows. */
export interface IdlenessFacts {
  /** Null: tmux can't be asked. */
  readonly isRunning: boolean | null;
  readonly state: WorkerStatusState;
  readonly statusAge: number | null;
  readonly terminalAge: number | null;
  readonly captureError: string | null;
  readonly busyWait: BusyWait | null;
}

export interface Patience {
  readonly statusSeconds: number;
  readonly terminalSeconds: number;
}

export interface Idleness {
  readonly health:
    | 'stopped'
    | 'blocked'
    | 'done'
    | 'unknown'
    | 'busy_wait'
    | 'stale'
    | 'quiet'
    | 'status_stale'
    | 'active';
  readonly recommended_action: string;
  readonly reason: string;
}

/** What to make of a worker: the first that is true. Something of unknown age counts as old. */
export function judgeIdleness(facts: IdlenessFacts, patience: Patience): Idleness {
  const { state, captureError, busyWait } = facts;
  if (facts.isRunning === false) return verdict('stopped', 'none', 'its tmux session is not running');
  if (state === 'blocked') return verdict('blocked', 'read_blocker', 'the worker says that it is blocked');
  if (state === 'done') return verdict('done', 'review_result', 'the worker says that it is done');
  if (captureError !== null) return verdict('unknown', 'inspect_terminal', captureError);
  if (busyWait !== null) return verdict('busy_wait', busyWait.recommended_action, busyWait.reason);
  const isStatusOld = isOld(facts.statusAge, patience.statusSeconds);
  const isTerminalOld = isOld(facts.terminalAge, patience.terminalSeconds);
  if (isStatusOld && isTerminalOld) {
    return verdict('stale', 'ask_for_status', 'neither its status nor its terminal has changed for long');
  }
  if (isTerminalOld) return verdict('quiet', 'wait', 'its status is fresh, its terminal has not changed for long');
  if (isStatusOld) return verdict('status_stale', 'wait', 'its terminal changes, its status is old');
  return verdict('active', 'none', 'status and terminal are fresh');
}

function isOld(age: number | null, limit: number): boolean {
  return age === null || age >= limit;
}

function verdict(health: Idleness['health'], recommended_action: string, reason: string): Idleness {
  return { health, recommended_action, reason };
}
