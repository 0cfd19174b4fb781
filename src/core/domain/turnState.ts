import type { ModelError, RateLimits, TurnEvent, TurnGrammar } from './turnEvent.ts';

export interface PendingCall {
  readonly callId: string;
  readonly name: string | null;
  readonly since: string | null;
}

export interface WorkingTurn {
  readonly phase: 'working';
  readonly turnId: string | null;
  readonly since: string | null;
  /** Calls without output. Running, or waiting for an approval: no rollout says which. */
  readonly pendingCalls: readonly PendingCall[];
  /** An error that has been written and not been followed by an answer. */
  readonly error: ModelError | null;
}

export interface EndedTurn {
  readonly phase: 'ended';
  readonly outcome: 'completed' | 'aborted' | 'error';
  /** `inferred` from an assistant item where nothing marks the end: settle a moment before trusting it. */
  readonly certainty: 'marked' | 'inferred';
  readonly turnId: string | null;
  readonly at: string | null;
  /** Null from a turn without words. Where the version names no errors, that is all that is left of one. */
  readonly lastAgentMessage: string | null;
  readonly error: ModelError | null;
  readonly abortReason: string | null;
}

export type TurnPhase = { readonly phase: 'unknown' } | WorkingTurn | EndedTurn;

/** Plain JSON, so that it can be kept between two reads of a growing rollout. */
export interface TurnState {
  readonly grammar: TurnGrammar;
  readonly turn: TurnPhase;
  /** The last few turns that are over, so that late and repeated lines of theirs change nothing. */
  readonly over: readonly { readonly turnId: string; readonly at: string | null }[];
  readonly rateLimits: RateLimits | null;
  /** Timestamp of the newest line that had one, whatever it said. */
  readonly lastEventAt: string | null;
}

export const initialTurnState: TurnState = {
  grammar: 'unknown',
  turn: { phase: 'unknown' },
  over: [],
  rateLimits: null,
  lastEventAt: null,
};

/** A damaged file may cost us a wrong *busy*, never a wrong *idle*: only an end that was seen ends a turn. */
export function reduceTurn(state: TurnState, event: TurnEvent): TurnState {
  const next = apply(state, event);
  return event.at === null || event.at === next.lastEventAt ? next : { ...next, lastEventAt: event.at };
}

function apply(state: TurnState, event: TurnEvent): TurnState {
  switch (event.kind) {
    case 'sessionStarted':
      return state.grammar === 'marked' || event.grammar === 'unknown' ? state : { ...state, grammar: event.grammar };
    case 'turnStarted':
      return start({ ...state, grammar: 'marked' }, event.turnId, event.at);
    case 'userMessageSeen':
      return userSpoke(state, event.turnId, event.at);
    case 'userItemSeen':
      return state.grammar === 'flat' ? userSpoke(state, null, event.at) : state;
    case 'agentMessageSeen':
      return agentSpoke(state, event.turnId, event.at);
    case 'assistantItemSeen':
      return infersEnds(state) ? answered(state, event.text, event.at) : withoutError(state);
    case 'toolStarted':
      return toolStarted(state, event.turnId, { callId: event.callId, name: event.name, since: event.at });
    case 'toolEnded':
      return toolEnded(state, event.callId, event.at);
    case 'turnCompleted':
      return completed({ ...state, grammar: 'marked' }, event);
    case 'turnAborted':
      return aborted(state, event);
    case 'modelErrorSeen':
      return state.turn.phase === 'working' ? { ...state, turn: { ...state.turn, error: event.error } } : state;
    case 'usageSeen':
      return event.rateLimits === null ? state : { ...state, rateLimits: event.rateLimits };
    case 'compacted':
    case 'other':
      return state;
    default:
      return unreachable(event);
  }
}

function start(state: TurnState, turnId: string | null, at: string | null): TurnState {
  const { turn } = state;
  const known = findOver(state, turnId);
  // Repeated lines are as old as they were. A newer one means that the id is used again, as after a resume.
  if (known !== undefined && !isEarlier(known.at, at)) return state;
  if (turn.phase !== 'working') return { ...state, ...working(turnId, at), over: withoutOver(state, turnId) };
  if (turnId !== null && turn.turnId === turnId) return state;
  // A thread has one turn at a time, so the older of two is over, whichever line came last.
  if (isEarlier(at, turn.since)) return { ...state, over: withOver(state, turnId, at) };
  const replaced = { ...state, over: withOver(state, turn.turnId, at) };
  return { ...replaced, ...working(turnId, at), over: withoutOver(replaced, turnId) };
}

function userSpoke(state: TurnState, turnId: string | null, at: string | null): TurnState {
  const { turn, grammar } = state;
  if (turn.phase !== 'working' || grammar === 'unmarked' || grammar === 'flat') return start(state, turnId, at);
  // Marked: steering belongs to the running turn, unless the line names another turn whose start we missed.
  return turnId === null || turn.turnId === null ? withoutError(state) : start(state, turnId, at);
}

function agentSpoke(state: TurnState, turnId: string | null, at: string | null): TurnState {
  if (state.turn.phase === 'working') return withoutError(state);
  // Unmarked versions also report that a compaction is done this way, and that is no turn.
  return state.grammar === 'marked' ? start(state, turnId, at) : state;
}

function answered(state: TurnState, words: string, at: string | null): TurnState {
  const { turn } = state;
  if (turn.phase === 'working' && turn.pendingCalls.length > 0) return withoutError(state);
  if (turn.phase === 'working' && isEarlier(at, turn.since)) return state;
  const turnId = turn.phase === 'unknown' ? null : turn.turnId;
  return end(state, { outcome: 'completed', certainty: 'inferred', turnId, at, lastAgentMessage: words });
}

function toolStarted(before: TurnState, turnId: string | null, call: PendingCall): TurnState {
  const state = before.turn.phase === 'working' ? before : start(before, turnId, call.since);
  const { turn } = state;
  if (turn.phase !== 'working') return state;
  const pendingCalls = [...turn.pendingCalls.filter(({ callId }) => callId !== call.callId), call];
  return { ...state, turn: { ...turn, pendingCalls, error: null } };
}

function toolEnded(state: TurnState, callId: string, at: string | null): TurnState {
  const { turn } = state;
  if (turn.phase === 'working') {
    const pendingCalls = turn.pendingCalls.filter((call) => call.callId !== callId);
    return pendingCalls.length === turn.pendingCalls.length ? state : { ...state, turn: { ...turn, pendingCalls } };
  }
  // The model reads every output, so what looked like the last word was not.
  const goesOn = infersEnds(state) && !(turn.phase === 'ended' && turn.outcome === 'aborted');
  return goesOn ? { ...state, ...working(null, at) } : state;
}

function completed(state: TurnState, event: Extract<TurnEvent, { kind: 'turnCompleted' }>): TurnState {
  if (endsAnotherTurn(state, event)) return state;
  const error = event.error ?? (state.turn.phase === 'working' ? state.turn.error : null);
  return end(state, {
    outcome: error === null ? 'completed' : 'error',
    certainty: 'marked',
    turnId: event.turnId ?? (state.turn.phase === 'working' ? state.turn.turnId : null),
    at: event.at,
    lastAgentMessage: event.lastAgentMessage,
    error,
  });
}

function aborted(state: TurnState, event: Extract<TurnEvent, { kind: 'turnAborted' }>): TurnState {
  const { turn } = state;
  if (endsAnotherTurn(state, event)) return state;
  // Without ids only the time tells a repeated line of an earlier turn.
  if (turn.phase === 'working' && event.turnId === null && isEarlier(event.at, turn.since)) return state;
  if (turn.phase === 'ended' && turn.certainty === 'marked' && event.turnId === null) return state;
  return end(state, {
    outcome: 'aborted',
    certainty: 'marked',
    turnId: event.turnId ?? (turn.phase === 'unknown' ? null : turn.turnId),
    at: event.at,
    lastAgentMessage: null,
    abortReason: event.reason,
  });
}

function end(
  state: TurnState,
  turn: Omit<EndedTurn, 'phase' | 'error' | 'abortReason'> & Partial<Pick<EndedTurn, 'error' | 'abortReason'>>,
): TurnState {
  const over = state.turn.phase === 'working' ? withOver(state, state.turn.turnId, turn.at) : state.over;
  return {
    ...state,
    turn: { phase: 'ended', error: null, abortReason: null, ...turn },
    over: withOver({ ...state, over }, turn.turnId, turn.at),
  };
}

function working(turnId: string | null, since: string | null): { turn: WorkingTurn } {
  return { turn: { phase: 'working', turnId, since, pendingCalls: [], error: null } };
}

function withoutError(state: TurnState): TurnState {
  const { turn } = state;
  return turn.phase === 'working' && turn.error !== null ? { ...state, turn: { ...turn, error: null } } : state;
}

function infersEnds({ grammar }: TurnState): boolean {
  return grammar === 'unmarked' || grammar === 'flat';
}

const REMEMBERED_TURNS = 8;

function withOver({ over }: TurnState, turnId: string | null, at: string | null): TurnState['over'] {
  if (turnId === null) return over;
  return [...over.filter((entry) => entry.turnId !== turnId), { turnId, at }].slice(-REMEMBERED_TURNS);
}

function withoutOver({ over }: TurnState, turnId: string | null): TurnState['over'] {
  return over.filter((entry) => entry.turnId !== turnId);
}

function findOver({ over }: TurnState, turnId: string | null): TurnState['over'][number] | undefined {
  return turnId === null ? undefined : over.find((entry) => entry.turnId === turnId);
}

/** The end of a turn that is over, or of an older one than the one that runs. A newer one's start was lost. */
function endsAnotherTurn(state: TurnState, { turnId, at }: Pick<EndedTurn, 'turnId' | 'at'>): boolean {
  if (turnId === null) return false;
  if (findOver(state, turnId) !== undefined) return true;
  const { turn } = state;
  return turn.phase === 'working' && turn.turnId !== turnId && isEarlier(at, turn.since);
}

/** False where either time is missing or unreadable. */
function isEarlier(a: string | null, b: string | null): boolean {
  return Date.parse(a ?? '') < Date.parse(b ?? '');
}

function unreachable(event: never): never {
  throw new Error(`unhandled turn event: ${JSON.stringify(event)}`);
}
