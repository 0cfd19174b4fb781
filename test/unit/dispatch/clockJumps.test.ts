import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import * as z from 'zod/mini';
import { DispatchFixture, ModelPane } from './support.ts';

const hour = 3_600_000;

/** What happens between two messages: time passes, and the wall clock may be set. */
const gap = fc.record({ passes: fc.nat(90_000), wallJump: fc.constantFrom(0, -hour, hour, -30_000, 24 * hour) });

const answer = z.looseObject({
  consumed: z.nullable(z.looseObject({ payload: z.looseObject({ message: z.string() }) })),
});

describe('messages while the wall clock is set', function () {
  this.timeout(60_000);

  it('OD-14: are typed in the order in which they were queued, each once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(gap, { minLength: 1, maxLength: 6 }), fc.nat(6), async (gaps, dispatchedAfter) => {
        const fixture = new DispatchFixture();
        try {
          const panes = new ModelPane();
          const deps = { ...fixture.deps, panes };
          const { task } = fixture.pair('alpha', ['worker', 'manager']);
          const sent: string[] = [];
          for (const [index, { passes, wallJump }] of gaps.entries()) {
            sent.push(`message ${index}`);
            await fixture.enqueue(task, `message ${index}`);
            if (index === dispatchedAfter) await fixture.pass({}, deps);
            fixture.clock.advance(passes);
            fixture.clock.wall += wallJump;
          }
          await fixture.pass({}, deps);
          await fixture.pass({}, deps);
          assert.deepEqual(
            panes.turns.map(({ text }) => text),
            sent,
          );
          assert.equal(fixture.count('commands', "state <> 'succeeded'"), 0);
        } finally {
          fixture.dispose();
        }
      }),
      { numRuns: 30 },
    );
  });

  it('OD-14: are read from the inbox in the order in which they came, each once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(gap, { minLength: 1, maxLength: 6 }), async (gaps) => {
        const fixture = new DispatchFixture();
        try {
          const { task } = fixture.pair('alpha');
          const sent: string[] = [];
          for (const [index, { passes, wallJump }] of gaps.entries()) {
            sent.push(`message ${index}`);
            await fixture.enqueue(task, `message ${index}`);
            await fixture.pass();
            fixture.clock.advance(passes);
            fixture.clock.wall += wallJump;
          }
          const read: unknown[] = [];
          for (const _ of [...sent, 'one more']) {
            const { consumed } = answer.parse(await fixture.run('worker-inbox', { task: 'alpha', consumeNext: true }));
            fixture.temporary.context.settleOutput(true);
            if (consumed !== null) read.push(consumed.payload.message);
          }
          assert.deepEqual(read, sent);
        } finally {
          fixture.dispose();
        }
      }),
      { numRuns: 20 },
    );
  });
});
