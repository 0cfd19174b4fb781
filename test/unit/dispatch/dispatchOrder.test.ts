import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { orderWork, type Work } from '../../../src/core/domain/dispatchOrder.ts';

function work(key: string, changes: Partial<Work> = {}): Work {
  return {
    key,
    kind: 'command',
    targetId: 'w',
    isPush: true,
    since: '2026-01-01T00:00:00Z',
    position: 1,
    isReady: true,
    ...changes,
  };
}

const keys = (items: readonly Work[]) => orderWork(items).map(({ key }) => key);

describe('the order of dispatch', () => {
  it('OD-14: within one second goes by the order in which things were queued', () => {
    assert.deepEqual(keys([3, 1, 2].map((position) => work(`m${position}`, { position }))), ['m1', 'm2', 'm3']);
  });

  it('OD-13: a completion is not behind commands that were queued after it', () => {
    const completion = work('done', { kind: 'newSignal', targetId: 'm', since: '2026-01-01T00:00:01Z' });
    assert.deepEqual(keys([work('late', { since: '2026-01-01T00:00:02Z' }), completion]), ['done', 'late']);
  });

  it('what rests holds up those behind it for the same pane, and nobody else', () => {
    const items = [
      work('resting', { isReady: false }),
      work('behind', { position: 2 }),
      work('other', { position: 3, targetId: 'v' }),
      work('mail', { position: 4, isPush: false }),
    ];
    assert.deepEqual(keys(items), ['other', 'mail']);
  });

  it('keeps the order of every pane, whatever is ready and wherever the wall clock was set', () => {
    const item = fc.record({
      targetId: fc.constantFrom('a', 'b', 'c'),
      second: fc.nat(3),
      position: fc.nat(50),
      isReady: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.uniqueArray(item, { maxLength: 30, selector: ({ position }) => position }), (given) => {
        const items = given.map(({ second, ...rest }, index) =>
          work(`k${index}`, { ...rest, since: `2026-01-01T00:00:0${second}Z` }),
        );
        const ordered = orderWork(items);
        for (const [index, one] of ordered.entries()) {
          assert.ok(one.isReady);
          const earlier = items.filter((other) => other.targetId === one.targetId && other.position < one.position);
          // Everything before it, for the same pane, comes out before it.
          assert.ok(earlier.every((other) => ordered.slice(0, index).includes(other)));
        }
      }),
    );
  });
});
