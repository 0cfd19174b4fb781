import { readTurnEvent } from '../codex/readTurnEvent.ts';
import { initialTurnState, reduceTurn, type TurnState } from '../domain/turnState.ts';
import { initialWorkerState, reduceWorkerState, viewWorkerState, type WorkerState } from '../domain/workerState.ts';
import { type CodexEvent, findNewestBoundary, findNewestEvent, listEventsAfter } from '../ledger/codexEventStore.ts';
import type { Connection } from '../ledger/connection.ts';
import { findPanelSession } from '../ledger/panelSessionStore.ts';
import { findRangeStart } from '../ledger/rolloutStore.ts';

/** What a session's events say about its turn. Keep it and pass it again: then only newer events are read. */
export interface SessionState {
  /** Events before belong to another rollout, or to another Codex that had the same name. */
  readonly firstEventId: number;
  readonly lastEventId: number;
  /** For the state that is compatible with the reference: some lines change nothing there. */
  readonly worker: WorkerState;
  /** The turn with everything that its lines tell. */
  readonly turn: TurnState;
  /** When the newest line was read; for lines that carry no time. */
  readonly lastIngestedAt: string | null;
  /** The event that ended the last turn; null while one runs, or when none did. */
  readonly endedByEventId: number | null;
}

const page = 500;

/** The state of a session's turn from what was ingested, as far as it belongs to its present rollout and registration. */
export function readSessionState(
  ledger: Connection,
  sessionId: string,
  known: SessionState | null = null,
): SessionState {
  const firstEventId = Math.max(
    findRangeStart(ledger, sessionId) ?? 0,
    findPanelSession(ledger, sessionId)?.first_event_id ?? 0,
  );
  let state = known?.firstEventId === firstEventId ? known : stateAtNewestTurn(ledger, sessionId, firstEventId);
  for (;;) {
    const events = listEventsAfter(ledger, sessionId, state.lastEventId, page);
    state = events.reduce(advance, state);
    if (events.length < page) return state;
  }
}

/** Everything before the newest start of a turn changes nothing any more but what the head says about the grammar. */
function stateAtNewestTurn(ledger: Connection, sessionId: string, firstEventId: number): SessionState {
  const start: SessionState = {
    firstEventId,
    lastEventId: firstEventId - 1,
    worker: initialWorkerState,
    turn: initialTurnState,
    lastIngestedAt: null,
    endedByEventId: null,
  };
  const boundary = findNewestBoundary(ledger, sessionId, firstEventId);
  if (boundary === null) return start;
  const [head] = listEventsAfter(ledger, sessionId, firstEventId - 1, 1);
  const informed = head === undefined ? start : advance(start, head);
  return { ...informed, lastEventId: Math.max(informed.lastEventId, boundary - 1) };
}

function advance(state: SessionState, event: CodexEvent): SessionState {
  const told = readTurnEvent(event);
  const worker = reduceWorkerState(state.worker, told);
  const { turn } = worker.turn;
  const isNewEnd = turn.phase === 'ended' && turn !== state.worker.turn.turn;
  const endedByEventId = isNewEnd ? event.id : turn.phase === 'ended' ? state.endedByEventId : null;
  return {
    ...state,
    worker,
    turn: reduceTurn(state.turn, told),
    lastIngestedAt: event.ingested_at,
    lastEventId: event.id,
    endedByEventId,
  };
}

/** What concerns one task: from `firstEventId` on the session works for it (OD-8). */
export interface TaskView {
  readonly state: 'busy' | 'idle' | 'unknown';
  readonly last_state_event_at: string | null;
  readonly last_event_subtype: string | null;
  /** A turn for this task has ended and no other has begun, whatever was written since (OD-7). */
  readonly task_completed: boolean;
}

export function viewForTask(
  ledger: Connection,
  sessionId: string,
  session: SessionState,
  firstEventId: number,
): TaskView {
  const { state, last_state_event_at, task_completed } = viewWorkerState(session.worker);
  const newest = findNewestEvent(ledger, sessionId, Math.max(firstEventId, session.firstEventId));
  return {
    state,
    last_state_event_at,
    last_event_subtype: newest?.subtype ?? null,
    task_completed: task_completed && (session.endedByEventId ?? 0) >= firstEventId,
  };
}
