import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { TurnEvent, TurnEventVariant } from '../../../src/core/domain/turnEvent.ts';
import { initialTurnState, reduceTurn, type TurnState } from '../../../src/core/domain/turnState.ts';

const hour = 3_600_000;

/** One turn of a thread: what happens in it, how it ends, and what the wall clock does before each of its lines. */
const turn = fc.record({
  steps: fc.array(fc.constantFrom('words', 'answer', 'tool', 'toolEnd', 'usage'), { maxLength: 5 }),
  end: fc.constantFrom('completed', 'aborted', 'failed'),
  jumps: fc.array(fc.constantFrom(0, 0, 1000, -hour, hour), { minLength: 8, maxLength: 8 }),
});

type Turn = typeof turn extends fc.Arbitrary<infer Value> ? Value : never;

function linesOf({ steps, end }: Turn, number: number): TurnEventVariant[] {
  const turnId = `turn-${number}`;
  const callId = `call-${number}`;
  const inside = steps.map((step): TurnEventVariant => {
    if (step === 'words') return { kind: 'userMessageSeen', turnId: null, text: 'more' };
    if (step === 'answer') return { kind: 'agentMessageSeen', turnId, text: 'well' };
    if (step === 'tool') return { kind: 'toolStarted', turnId, callId, name: 'shell' };
    if (step === 'toolEnd') return { kind: 'toolEnded', callId };
    return { kind: 'usageSeen', rateLimits: null, threadTokens: null, lastTokens: null, contextWindow: null };
  });
  const error = end === 'failed' ? ({ kind: 'other', message: 'no' } as const) : null;
  const last: TurnEventVariant =
    end === 'aborted'
      ? { kind: 'turnAborted', turnId, reason: 'interrupted' }
      : { kind: 'turnCompleted', turnId, lastAgentMessage: null, error, durationMs: null };
  return [{ kind: 'turnStarted', turnId }, ...inside, last];
}

describe('the state of a turn while the wall clock is set', () => {
  it('is working in every turn and ended after it, wherever its reader was killed and the clock was set', () => {
    fc.assert(
      fc.property(fc.array(turn, { minLength: 1, maxLength: 5 }), fc.boolean(), (turns, isStored) => {
        let state: TurnState = initialTurnState;
        let wall = Date.UTC(2026, 0, 2, 10);
        for (const [number, one] of turns.entries()) {
          const lines = linesOf(one, number);
          for (const [index, line] of lines.entries()) {
            wall += 1 + (one.jumps[index] ?? 0);
            const event: TurnEvent = { ...line, at: new Date(wall).toISOString() };
            state = reduceTurn(state, event);
            // A reader that dies here goes on from what it stored.
            if (isStored) state = JSON.parse(JSON.stringify(state));
            const isLast = index === lines.length - 1;
            assert.equal(state.turn.phase, isLast ? 'ended' : 'working', `turn ${number}, line ${index}`);
            assert.equal(state.turn.turnId, `turn-${number}`);
          }
          assert.ok(state.turn.phase === 'ended');
          assert.equal(state.turn.outcome, one.end === 'failed' ? 'error' : one.end);
        }
      }),
      { numRuns: 300 },
    );
  });
});
