import assert from 'node:assert/strict';
import { appendFileSync, writeFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { viewWorkerState } from '../../../src/core/domain/workerState.ts';
import { ingestSession } from '../../../src/core/ingest/ingestSession.ts';
import { readSessionState, type SessionState } from '../../../src/core/supervise/sessionState.ts';
import { event, head, line, type SessionFixture, sessionFixture } from '../support/sessionFixture.ts';

describe('readSessionState', () => {
  let fixture: SessionFixture;

  beforeEach(() => {
    fixture = sessionFixture();
  });

  afterEach(() => fixture.dispose());

  const ingest = () =>
    ingestSession({ ledger: fixture.context.ledger, clock: fixture.clock }, fixture.session('w1'), { quiet: true });
  const read = (known: SessionState | null = null) =>
    readSessionState(fixture.context.ledger, fixture.session('w1').id, known);
  const stateNow = async (...lines: string[]) => {
    appendFileSync(fixture.rollout, lines.join(''));
    await ingest();
    return viewWorkerState(read().worker).state;
  };

  it('reads turns of versions that mark no ends, from their head on', async () => {
    writeFileSync(fixture.rollout, head('thread-w1', '0.80.0'));
    const answer = line('response_item', {
      type: 'message',
      role: 'assistant',
      content: [{ type: 'output_text', text: 'ok' }],
    });
    assert.equal(await stateNow(event('user_message', { message: 'begin' })), 'busy');
    assert.equal(await stateNow(answer), 'idle');
  });

  it('starts anew with another rollout, and with another Codex under the name', async () => {
    assert.equal(await stateNow(event('task_started', { turn_id: 't1' })), 'busy');
    const other = `${fixture.rollout}.other.jsonl`;
    writeFileSync(other, head('thread-2'));
    fixture.register('w1', 'worker', other, 'thread-2');
    assert.equal(viewWorkerState(read().worker).state, 'unknown');
    await ingest();
    assert.equal(viewWorkerState(read().worker).state, 'unknown');
  });

  it('is the same whether it is kept and continued, or read from the ledger at once', async function () {
    this.timeout(60_000);
    const lines = fc.constantFrom(
      (turn: number) => event('task_started', { turn_id: `t${turn + 1}` }),
      (turn: number) => event('task_complete', { turn_id: `t${turn}`, last_agent_message: 'done' }),
      (turn: number) => event('turn_aborted', { turn_id: `t${turn}`, reason: 'interrupted' }),
      (turn: number) => event('user_message', { message: `m${turn}` }),
      () => event('token_count', { info: null }),
      () => line('response_item', { type: 'function_call', call_id: 'c1', name: 'shell' }),
      () => line('response_item', { type: 'function_call_output', call_id: 'c1' }),
    );
    // Turns follow each other; a line may come late, but no turn starts a second time.
    const story = fc.array(fc.tuple(lines, fc.boolean()), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(story, async (steps) => {
        const own = sessionFixture();
        try {
          let turn = 0;
          let known: SessionState | null = null;
          const dependencies = { ledger: own.context.ledger, clock: own.clock };
          for (const [make, isLooked] of steps) {
            const text = make(turn);
            if (text.includes('task_started')) turn += 1;
            appendFileSync(own.rollout, text);
            if (!isLooked) continue;
            await ingestSession(dependencies, own.session('w1'), { quiet: true });
            known = readSessionState(own.context.ledger, own.session('w1').id, known);
          }
          await ingestSession(dependencies, own.session('w1'), { quiet: true });
          const { id } = own.session('w1');
          const continued = readSessionState(own.context.ledger, id, known);
          const fresh = readSessionState(own.context.ledger, id);
          assert.deepEqual(viewWorkerState(fresh.worker), viewWorkerState(continued.worker));
          assert.equal(fresh.endedByEventId, continued.endedByEventId);
        } finally {
          own.dispose();
        }
      }),
      { numRuns: 60 },
    );
  });
});
