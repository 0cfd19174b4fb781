import assert from 'node:assert/strict';
import type { TurnEvent, TurnEventVariant, TurnGrammar } from '../../../src/core/domain/turnEvent.ts';
import { initialTurnState, reduceTurn, type TurnState } from '../../../src/core/domain/turnState.ts';
import { initialWorkerState, reduceWorkerState, viewWorkerState } from '../../../src/core/domain/workerState.ts';

let second = 0;
/** Each event is a second after the one before it. */
function at(variant: TurnEventVariant): TurnEvent {
  second += 1;
  return { at: new Date(second * 1000).toISOString(), ...variant };
}

const head = (grammar: TurnGrammar) => at({ kind: 'sessionStarted', threadId: 'th', grammar });
const started = (turnId: string | null = null) => at({ kind: 'turnStarted', turnId });
const user = (turnId: string | null = null) => at({ kind: 'userMessageSeen', turnId, text: 'do it' });
const agent = (turnId: string | null = null) => at({ kind: 'agentMessageSeen', turnId, text: 'on it' });
const answer = () => at({ kind: 'assistantItemSeen', text: 'done' });
const call = (callId: string) => at({ kind: 'toolStarted', turnId: null, callId, name: 'shell' });
const output = (callId: string) => at({ kind: 'toolEnded', callId });
const aborted = (turnId: string | null = null) => at({ kind: 'turnAborted', turnId, reason: 'interrupted' });
const completed = (turnId: string | null = null) =>
  at({ kind: 'turnCompleted', turnId, lastAgentMessage: 'done', error: null, durationMs: 5 });
const failed = at({ kind: 'modelErrorSeen', error: { kind: 'rate_limit', message: 'slow down' } });
const tokens = () =>
  at({ kind: 'usageSeen', rateLimits: null, threadTokens: null, lastTokens: null, contextWindow: null });

const fold = (...events: TurnEvent[]): TurnState => events.reduce(reduceTurn, initialTurnState);
const view = (...events: TurnEvent[]) => viewWorkerState(events.reduce(reduceWorkerState, initialWorkerState));
const phase = (...events: TurnEvent[]) => {
  const { turn } = fold(...events);
  return turn.phase === 'ended' ? turn.outcome : turn.phase;
};

describe('the state of a turn', () => {
  it('is unknown until something happened', () => {
    assert.equal(phase(), 'unknown');
    assert.equal(phase(head('marked'), tokens()), 'unknown');
  });

  it('is working from the start to the end that the rollout marks', () => {
    assert.equal(phase(head('marked'), started('a'), user(), agent(), answer()), 'working');
    assert.equal(phase(head('marked'), started('a'), answer(), completed('a')), 'completed');
    assert.equal(phase(head('marked'), started('a'), aborted('a')), 'aborted');
  });

  it('stays ended when late lines follow', () => {
    const done = [head('marked'), started('a'), call('c'), completed('a')];
    assert.equal(
      phase(...done, output('c'), tokens(), at({ kind: 'userItemSeen', text: 'note' }), answer()),
      'completed',
    );
    assert.equal(phase(...done, aborted()), 'completed');
  });

  it('never ends at an assistant item where ends are marked, or where the head did not say', () => {
    assert.equal(phase(user(), answer()), 'working');
    assert.equal(phase(head('unknown'), user(), answer()), 'working');
    assert.equal(phase(head('unmarked'), started('a'), user(), answer()), 'working');
  });

  it('ends at an assistant item without an open call where ends are not marked', () => {
    assert.equal(phase(head('unmarked'), user(), answer()), 'completed');
    assert.equal(phase(head('unmarked'), user(), answer(), tokens()), 'completed');
    assert.equal(phase(head('unmarked'), user(), call('c'), answer()), 'working');
    assert.equal(phase(head('unmarked'), user(), call('c'), output('c'), answer()), 'completed');
    assert.equal(phase(head('flat'), at({ kind: 'userItemSeen', text: 'hi' }), answer()), 'completed');
    const { turn } = fold(head('unmarked'), user(), answer());
    assert.equal(turn.phase === 'ended' && turn.certainty, 'inferred');
  });

  it('takes back an inferred end when the turn goes on', () => {
    assert.equal(phase(head('unmarked'), user(), answer(), call('c')), 'working');
    assert.equal(phase(head('unmarked'), user(), answer(), output('c')), 'working');
    assert.equal(phase(head('unmarked'), user(), answer(), aborted()), 'aborted');
    assert.equal(phase(head('unmarked'), user(), answer(), user()), 'working');
  });

  it('carries a written error to the end of the turn, unless an answer follows it', () => {
    const { turn } = fold(head('marked'), started('a'), failed, completed('a'));
    assert.deepEqual(turn.phase === 'ended' && [turn.outcome, turn.error?.kind], ['error', 'rate_limit']);
    assert.equal(phase(head('marked'), started('a'), failed, agent(), completed('a')), 'completed');
  });

  it('lists the calls that have no output', () => {
    const { turn } = fold(head('marked'), started('a'), call('c1'), call('c2'), call('c2'), output('c1'), output('zz'));
    assert.deepEqual(turn.phase === 'working' && turn.pendingCalls.map(({ callId }) => callId), ['c2']);
  });

  it('does not end a turn by lines of another one', () => {
    assert.equal(phase(started('a'), started('b'), completed('a')), 'working');
    assert.equal(phase(started('a'), completed('a'), started('b'), completed('a'), aborted('a')), 'working');
    assert.equal(phase(started('a'), started('b'), completed('a'), completed('b')), 'completed');
  });

  it('does not begin a turn again by repeated lines of one that is over', () => {
    const first = started('a');
    const words = user('a');
    const tool = at({ kind: 'toolStarted', turnId: 'a', callId: 'c', name: null });
    assert.equal(phase(first, words, tool, completed('a'), first, words, tool), 'completed');
  });

  it('does not end a turn by lines that are older than it', () => {
    const earlier = [user(), answer(), aborted(), started('a'), completed('a')];
    assert.equal(phase(head('unmarked'), user(), ...earlier.slice(1, 3)), 'working');
    assert.equal(phase(head('marked'), started('b'), ...earlier.slice(3)), 'working');
    assert.equal(phase(head('marked'), user(), ...earlier.slice(4)), 'working');
  });

  it('begins a turn again when its id comes back later', () => {
    assert.equal(phase(started('1'), completed('1'), started('1')), 'working');
  });

  it('is working when the start was lost but the turn is seen', () => {
    assert.equal(phase(head('marked'), user()), 'working');
    assert.equal(phase(head('marked'), started('a'), completed('a'), agent()), 'working');
    assert.equal(phase(head('marked'), started('a'), completed('a'), call('c')), 'working');
    assert.equal(phase(head('marked'), started('a'), user('b'), completed('b')), 'completed');
    assert.equal(phase(head('marked'), started('a'), completed('b')), 'completed');
  });

  it('keeps the newest rate limits and the time of the newest line', () => {
    const limits = { primary: { usedPercent: 82, windowMinutes: 300, resetsAt: null }, secondary: null };
    const usage = at({
      kind: 'usageSeen',
      rateLimits: limits,
      threadTokens: null,
      lastTokens: null,
      contextWindow: null,
    });
    const last = tokens();
    const state = fold(usage, last, { kind: 'compacted', at: null });
    assert.deepEqual(state.rateLimits, limits);
    assert.equal(state.lastEventAt, last.at);
  });

  it('survives being stored as JSON', () => {
    const state = fold(head('marked'), started('a'), call('c'), failed);
    assert.deepEqual(JSON.parse(JSON.stringify(state)), state);
  });
});

describe('the compatible worker state', () => {
  it('is busy when started or spoken to, idle when completed', () => {
    const spoken = user();
    assert.deepEqual(view(spoken), { state: 'busy', last_state_event_at: spoken.at, task_completed: false });
    assert.deepEqual(view(), { state: 'unknown', last_state_event_at: null, task_completed: false });
    const turn = [spoken, started(), agent(), answer()];
    const end = completed('turn-7');
    assert.deepEqual(view(...turn, end), {
      state: 'idle',
      last_state_event_at: end.at,
      task_completed: true,
    });
  });

  it('OD-7: a turn that completed stays completed until the next one starts', () => {
    const done = [started('a'), completed('a')];
    assert.equal(view(...done, tokens(), answer()).task_completed, true);
    assert.equal(view(...done, started('b')).task_completed, false);
  });

  it('is idle, not completed, after an abort; an abort while idle changes nothing', () => {
    assert.deepEqual(
      { ...view(started('a'), aborted('a')), last_state_event_at: '' },
      {
        state: 'idle',
        last_state_event_at: '',
        task_completed: false,
      },
    );
    const begun = started();
    const done = completed();
    assert.deepEqual(view(begun, done, aborted()), {
      state: 'idle',
      last_state_event_at: done.at,
      task_completed: true,
    });
  });

  it('counts event messages only, unless the version is known to mark no ends', () => {
    assert.equal(view(started(), completed(), call('c')).state, 'idle');
    assert.equal(view(started(), completed(), agent()).state, 'idle');
    assert.equal(view(call('c')).state, 'unknown');
    assert.equal(view(user(), answer()).state, 'busy');
    assert.equal(view(head('unmarked'), user(), answer()).state, 'idle');
    assert.equal(view(head('unmarked'), user(), answer(), call('c')).state, 'busy');
    assert.equal(view(head('flat'), at({ kind: 'userItemSeen', text: 'hi' })).state, 'busy');
  });
});
