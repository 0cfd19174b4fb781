import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { reduceAttention } from '../../../src/core/domain/attention.ts';
import type { AttentionEvidence, ScreenEvidence, SignalKind } from '../../../src/core/domain/attentionEvidence.ts';
import type { TurnEvent } from '../../../src/core/domain/turnEvent.ts';
import { initialTurnState, reduceTurn, type TurnState } from '../../../src/core/domain/turnState.ts';

const start = Date.parse('2026-01-02T03:04:05.000Z');
const at = (seconds: number) => new Date(start + seconds * 1000).toISOString();

const begin = (seconds: number, turnId = 't1'): TurnEvent => ({ kind: 'turnStarted', turnId, at: at(seconds) });
const finish = (seconds: number, words: string | null = 'done', turnId = 't1'): TurnEvent => ({
  kind: 'turnCompleted',
  turnId,
  at: at(seconds),
  lastAgentMessage: words,
  error: null,
  durationMs: null,
});
const failed = (seconds: number, kind: 'usage_limit' | 'server_error'): TurnEvent => ({
  kind: 'turnCompleted',
  turnId: 't1',
  at: at(seconds),
  lastAgentMessage: null,
  error: { kind, message: 'no' },
  durationMs: null,
});
const abort = (seconds: number): TurnEvent => ({
  kind: 'turnAborted',
  turnId: 't1',
  at: at(seconds),
  reason: 'interrupted',
});
const call = (seconds: number, name = 'exec_command'): TurnEvent => ({
  kind: 'toolStarted',
  turnId: 't1',
  callId: 'c1',
  name,
  at: at(seconds),
});

const turnOf = (...events: readonly TurnEvent[]): TurnState => events.reduce(reduceTurn, initialTurnState);

function evidence(seconds: number, turn: TurnState, parts: Partial<AttentionEvidence> = {}): AttentionEvidence {
  return {
    now: start + seconds * 1000,
    turn,
    writtenAt: null,
    screen: null,
    process: null,
    signals: [],
    readAt: null,
    silenceLimitSeconds: 300,
    ...parts,
  };
}

function screen(seconds: number, name: string, parts: Partial<ScreenEvidence> = {}): ScreenEvidence {
  return { class: name, dialog: null, notice: null, at: start + seconds * 1000, ...parts };
}

const asking = (seconds: number) => screen(seconds, 'approval_command', { dialog: 'approval_command' });
const process = (alive: boolean | null, seconds: number) => ({
  process: { alive, reason: 'as the test says', at: start + seconds * 1000, startedAt: null },
});

describe('reduceAttention', () => {
  it('knows nothing of a session that nobody has seen', () => {
    const attention = reduceAttention(evidence(0, initialTurnState));
    assert.deepEqual([attention.state, attention.sources, attention.contradictions], ['unknown', [], []]);
  });

  it('a turn that runs is working, since its start', () => {
    const attention = reduceAttention(evidence(60, turnOf(begin(10)), process(true, 59)));
    assert.equal(attention.state, 'working');
    assert.equal(attention.since, at(10));
    assert.equal(attention.age_seconds, 50);
    assert.deepEqual(
      attention.sources.map(({ source, age_seconds }) => [source, age_seconds]),
      [
        ['rollout', 50],
        ['process', 1],
      ],
    );
  });

  it('an approval on the screen stands, however old the look, since its call', () => {
    const turn = turnOf(begin(1), call(2));
    for (const now of [4, 40, 4000]) {
      const attention = reduceAttention(evidence(now, turn, { screen: asking(3) }));
      assert.deepEqual([attention.state, attention.detail, attention.since], ['waiting_approval', 'command', at(2)]);
    }
  });

  it('the rollout ends what a screen of before still shows', () => {
    const attention = reduceAttention(evidence(9, turnOf(begin(1), call(2), finish(5)), { screen: asking(3) }));
    assert.equal(attention.state, 'turn_ended');
    assert.match(attention.contradictions.join(), /screen, 6 s ago: its screen asks to approve/);
  });

  it('an approval of a sub-agent, whose parent has ended its turn, is no idleness', () => {
    const attention = reduceAttention(evidence(9, turnOf(begin(1), finish(5)), { screen: asking(8) }));
    assert.equal(attention.state, 'waiting_approval');
    assert.match(attention.contradictions.join(), /rollout, 4 s ago: the turn has ended/);
  });

  it('a question of the agent is known by its open call alone', () => {
    const attention = reduceAttention(evidence(400, turnOf(begin(1), call(2, 'request_user_input'))));
    assert.deepEqual([attention.state, attention.detail], ['waiting_input', 'question']);
  });

  it('an ended turn is unread until somebody looked', () => {
    const turn = turnOf(begin(1), finish(5));
    const read = (seconds: number | null) =>
      reduceAttention(evidence(9, turn, { readAt: seconds === null ? null : start + seconds * 1000 })).detail;
    assert.deepEqual([read(null), read(4), read(6)], ['unread', 'unread', 'read']);
  });

  it('an aborted turn is not busy', () => {
    const attention = reduceAttention(evidence(9, turnOf(begin(1), abort(5))));
    assert.equal(attention.state, 'idle');
    assert.match(attention.reason, /aborted \(interrupted\)/);
  });

  it('a screen right after the end is still being drawn; one of later shows a turn that the rollout does not know', () => {
    const turn = turnOf(begin(1), finish(5));
    assert.equal(reduceAttention(evidence(9, turn, { screen: screen(5.4, 'busy') })).state, 'turn_ended');
    const later = reduceAttention(evidence(9, turn, { screen: screen(8, 'busy') }));
    assert.equal(later.state, 'working');
    assert.match(later.contradictions.join(), /rollout, 4 s ago: the turn has ended/);
  });

  it('a screen that looks idle does not end a turn whose end would be marked', () => {
    const attention = reduceAttention(evidence(9, turnOf(begin(1)), { screen: screen(8, 'composer_ready') }));
    assert.equal(attention.state, 'working');
    assert.match(attention.contradictions.join(), /screen, 1 s ago: its screen waits for input/);
  });

  it('a fresh screen alone tells an idle session that has not been spoken to; an old one does not', () => {
    const look = screen(8, 'composer_ready');
    assert.equal(reduceAttention(evidence(9, initialTurnState, { screen: look })).state, 'idle');
    assert.equal(reduceAttention(evidence(90, initialTurnState, { screen: look })).state, 'unknown');
  });

  it('silence makes a turn stalled, and says for how long', () => {
    const attention = reduceAttention(evidence(400, turnOf(begin(1), call(2))));
    assert.equal(attention.state, 'stalled');
    assert.match(attention.reason, /exec_command is open.*398 s/);
  });

  it('an end without words may have been an error: the screen knows, or the doubt is named', () => {
    const turn = turnOf(begin(1), finish(5, null));
    assert.match(reduceAttention(evidence(9, turn)).contradictions.join(), /without words/);
    const notice = { kind: 'server_error', text: 'high demand' };
    const seen = reduceAttention(evidence(9, turn, { screen: screen(8, 'composer_ready', { notice }) }));
    assert.deepEqual([seen.state, seen.detail], ['error', 'server_error']);
    assert.match(seen.contradictions.join(), /rollout/);
  });

  it('a used-up limit is over when it is reset', () => {
    const window = { usedPercent: 100, windowMinutes: 300, resetsAt: start / 1000 + 100 };
    const limits: TurnEvent = {
      kind: 'usageSeen',
      at: at(4),
      threadTokens: null,
      lastTokens: null,
      contextWindow: null,
      rateLimits: { primary: window, secondary: null },
    };
    const turn = turnOf(begin(1), limits, failed(5, 'usage_limit'));
    assert.deepEqual(reduceAttention(evidence(50, turn)).state, 'rate_limited');
    assert.match(reduceAttention(evidence(50, turn)).reason, /until 2026-01-02T03:05:45/);
    assert.equal(reduceAttention(evidence(101, turn)).state, 'idle');
    const menu = screen(49, 'rate_limit_menu', { dialog: 'rate_limit_menu' });
    assert.equal(reduceAttention(evidence(50, turn, { screen: menu })).state, 'rate_limited');
  });

  it('what ended in the middle of a turn has crashed, everything else is gone; no screen of before counts', () => {
    const parts = { ...process(false, 20), screen: asking(8) };
    assert.equal(reduceAttention(evidence(21, turnOf(begin(1), call(2)), parts)).state, 'crashed');
    assert.equal(reduceAttention(evidence(21, turnOf(begin(1), finish(5)), parts)).state, 'gone');
    assert.equal(reduceAttention(evidence(21, initialTurnState, parts)).state, 'gone');
  });

  it('a turn that was cut off by the end of its process does not go on after a resume', () => {
    const turn = turnOf(begin(1), call(2));
    const state = (startedAt: number, seen: string, seenAt: number) => {
      const { process: alive } = process(true, 20);
      const parts = { process: { ...alive, startedAt: start + startedAt * 1000 }, screen: screen(seenAt, seen) };
      return reduceAttention(evidence(20, turn, parts)).state;
    };
    assert.equal(state(10, 'composer_ready', 15), 'idle');
    assert.equal(state(10, 'busy', 15), 'working', 'a server may go on with it');
    assert.equal(state(10, 'composer_ready', 9), 'working', 'a screen of before');
    assert.equal(state(0, 'composer_ready', 15), 'working', 'the process that runs the turn');
  });

  it('a reported approval stands until the rollout or the screen moves on; late and doubled reports change nothing', () => {
    const turn = turnOf(begin(1), call(2));
    const asked = { source: 'hook', kind: 'approval_requested', at: start + 2100 } as const;
    const begun = { source: 'hook', kind: 'turn_started', at: start + 1000 } as const;
    const state = (parts: Partial<AttentionEvidence>, of = turn) => reduceAttention(evidence(9, of, parts)).state;
    assert.equal(state({ signals: [asked] }), 'waiting_approval');
    assert.equal(state({ signals: [asked, begun, asked] }), 'waiting_approval');
    assert.equal(state({ signals: [asked], screen: screen(8, 'busy') }), 'working');
    assert.equal(state({ signals: [asked] }, turnOf(begin(1), call(2), finish(6))), 'turn_ended');
    // However soon after it the turn ended: nobody is asked any more.
    assert.equal(state({ signals: [asked] }, turnOf(begin(1), call(2), finish(3))), 'turn_ended');
    // Of a time to come: noted before the clock was set back.
    const later = { ...asked, at: start + 3_600_000 };
    assert.equal(state({ signals: [later] }, turnOf(begin(1), call(2), finish(6))), 'turn_ended');
    const read = { readAt: start + 3_600_000 };
    assert.equal(reduceAttention(evidence(9, turnOf(begin(1), finish(6)), read)).detail, 'unread');
    assert.equal(state({ signals: [{ ...begun, kind: 'turn_ended', at: start + 7000 }] }), 'working');
    assert.equal(state({ signals: [{ ...begun, kind: 'turn_ended' }] }, initialTurnState), 'unknown');
  });

  describe('never a wrong idle', () => {
    const resting = ['idle', 'turn_ended', 'rate_limited', 'error'];
    const seconds = fc.integer({ min: 0, max: 100 });
    const classes = fc.constantFrom(
      'busy',
      'blank',
      'starting',
      'composer_ready',
      'composer_popup',
      'unknown',
      'exited',
    );
    const notices = fc.option(fc.constantFrom({ kind: 'other', text: 'x' }, { kind: 'interrupted', text: 'y' }), {
      nil: null,
    });
    const looks = fc.option(
      fc.record({
        class: classes,
        dialog: fc.option(fc.constant('approval_patch'), { nil: null }),
        notice: notices,
        at: seconds,
      }),
      { nil: null },
    );
    const signals = fc.array(
      fc.record({
        source: fc.constantFrom('hook' as const, 'app_server' as const),
        kind: fc.constantFrom<SignalKind>(
          'turn_started',
          'turn_ended',
          'approval_requested',
          'input_requested',
          'model_failed',
        ),
        at: seconds.map((one) => start + one * 1000),
      }),
      { maxLength: 4 },
    );
    const aliveness = fc.constantFrom(true, null);
    /** By how much the wall clock was set between the rollout's lines and everything else. */
    const jump = fc.constantFrom(0, 30, -30, 3600, -3600, 86_400, -86_400);
    const shift = <T extends { readonly at: number }>(one: T, by: number): T => ({ ...one, at: one.at + by * 1000 });

    it('while a marked turn is open, whatever screens and signals say, and however the clock was set', () => {
      fc.assert(
        fc.property(
          seconds,
          looks,
          signals,
          aliveness,
          fc.boolean(),
          jump,
          jump,
          (now, look, told, alive, hasCall, moved, told_at) => {
            const turn = hasCall ? turnOf(begin(1), call(2)) : turnOf(begin(1));
            const shown = look === null ? null : shift({ ...look, at: start + look.at * 1000 }, moved);
            const parts = {
              screen: shown,
              signals: told.map((one) => shift(one, told_at)),
              ...process(alive, now + moved),
            };
            const { state } = reduceAttention(evidence(now + moved, turn, parts));
            assert.ok(!resting.includes(state), state);
          },
        ),
        { numRuns: 3000 },
      );
    });

    it('while nothing is known of a turn and the last look is of a time to come', () => {
      const look = screen(3600, 'composer_ready');
      assert.equal(reduceAttention(evidence(0, initialTurnState, { screen: look })).state, 'unknown');
      const notice = { kind: 'interrupted', text: 'y' };
      const turn: TurnState = { ...turnOf(begin(1)), grammar: 'unmarked' };
      const stale = screen(3600, 'composer_ready', { notice });
      assert.equal(reduceAttention(evidence(10, turn, { screen: stale })).state, 'working');
      assert.equal(reduceAttention(evidence(3600, turn, { screen: stale })).state, 'idle');
    });

    it('nor a hidden question when the clock was set back in the middle of its turn', () => {
      for (const turn of [turnOf(begin(3600)), turnOf(begin(3500), finish(3600))]) {
        assert.equal(reduceAttention(evidence(20, turn, { screen: asking(19) })).state, 'waiting_approval');
      }
    });

    it('while a dialog is open that was seen after the last turn', () => {
      fc.assert(
        fc.property(seconds, seconds, signals, (end, wait, told) => {
          const turn = turnOf(begin(0), finish(end));
          const parts = { screen: asking(end + 1 + wait), signals: told };
          const { state } = reduceAttention(evidence(end + wait + 500, turn, parts));
          assert.equal(state, 'waiting_approval');
        }),
      );
    });

    it('nor later, as time passes: what is known of a turn makes it no more idle than before', () => {
      fc.assert(
        fc.property(seconds, seconds, looks, signals, (now, later, look, told) => {
          const turn = turnOf(begin(1), call(2));
          const shown = look === null ? null : { ...look, at: start + look.at * 1000 };
          const at = (moment: number) =>
            reduceAttention(evidence(moment, turn, { screen: shown, signals: told })).state;
          assert.ok(!resting.includes(at(now)) && !resting.includes(at(now + later * 100)));
        }),
      );
    });

    it('more evidence of work, or of a question, never makes it idle', () => {
      const more = fc.oneof(
        fc.constantFrom<Partial<AttentionEvidence>>({ screen: screen(90, 'busy') }, { screen: asking(90) }),
        fc
          .constantFrom<SignalKind>('turn_started', 'approval_requested', 'input_requested')
          .map((kind) => ({ signals: [{ source: 'app_server', kind, at: start + 100_000 } as const] })),
      );
      const turns = fc.constantFrom(
        initialTurnState,
        turnOf(begin(1)),
        turnOf(begin(1), finish(5)),
        turnOf(begin(1), abort(5)),
        turnOf(begin(1), failed(5, 'server_error')),
      );
      fc.assert(
        fc.property(turns, looks, signals, more, (turn, look, told, added) => {
          const shown = look === null ? null : { ...look, class: 'blank', dialog: null, at: start + look.at * 1000 };
          const before: Partial<AttentionEvidence> = { screen: shown, signals: told };
          const signalsNow = [...told, ...(added.signals ?? [])];
          const { state } = reduceAttention(evidence(100, turn, { ...before, ...added, signals: signalsNow }));
          assert.ok(!resting.includes(state), `${state} with ${JSON.stringify(added)}`);
        }),
        { numRuns: 500 },
      );
    });

    it('signals make one state, in whatever order and however often they come', () => {
      const turns = fc.constantFrom(initialTurnState, turnOf(begin(1)), turnOf(begin(1), finish(5)));
      const distinct = fc.uniqueArray(
        fc.record({
          source: fc.constantFrom('hook' as const, 'app_server' as const),
          kind: fc.constantFrom<SignalKind>('turn_started', 'turn_ended', 'input_requested', 'model_failed'),
          at: seconds.map((one) => start + one * 1000),
        }),
        { selector: ({ at: moment }) => moment, maxLength: 5 },
      );
      fc.assert(
        fc.property(turns, distinct, fc.infiniteStream(fc.nat(1000)), (turn, told, keys) => {
          const key = new Map(told.map((one) => [one, keys.next().value ?? 0]));
          const shuffled = told.toSorted((left, right) => (key.get(left) ?? 0) - (key.get(right) ?? 0));
          const state = (all: AttentionEvidence['signals']) => {
            const { state: name, detail, reason } = reduceAttention(evidence(100, turn, { signals: all }));
            return [name, detail, reason];
          };
          assert.deepEqual(state([...shuffled, ...told]), state(told));
        }),
      );
    });

    it('and after garbage the next whole turn sets it right', () => {
      const anyEvent = fc.oneof(
        fc.constantFrom(begin(1, 'tx'), abort(3), call(4), failed(6, 'server_error')),
        seconds.map((one) => finish(one, null, `t${one}`)),
        seconds.map((one): TurnEvent => ({ ...call(one), callId: `c${one}` }) as TurnEvent),
      );
      fc.assert(
        fc.property(fc.array(anyEvent, { maxLength: 12 }), (garbage) => {
          const running = [...garbage, begin(200, 'next')];
          assert.equal(reduceAttention(evidence(210, turnOf(...running))).state, 'working');
          const over = [...running, finish(220, 'done', 'next')];
          assert.equal(reduceAttention(evidence(230, turnOf(...over))).state, 'turn_ended');
        }),
        { numRuns: 500 },
      );
    });
  });
});
