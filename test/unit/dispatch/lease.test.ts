import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { acquire, isHeldBy, isLive, type Lease, type Moment, release, renew } from '../../../src/core/domain/lease.ts';

const now: Moment = { bootId: 'boot-1', monotonic: 1000 };
const request = { holder: 'a', kind: 'claim', milliseconds: 500 } as const;

function granted(current: Lease | null, holder = 'a', at = now): Lease {
  const answer = acquire(current, { ...request, holder }, at);
  assert.ok(answer.granted);
  return answer.lease;
}

describe('lease', () => {
  it('goes to one holder until it runs out', () => {
    const lease = granted(null);
    assert.equal(acquire(lease, { ...request, holder: 'b' }, { ...now, monotonic: 1499 }).granted, false);
    assert.equal(granted(lease, 'b', { ...now, monotonic: 1500 }).fence, lease.fence + 1);
  });

  it('is over with the boot that it was taken in', () => {
    assert.equal(isLive(granted(null), { bootId: 'boot-2', monotonic: 1001 }), false);
  });

  it('is not renewed by a holder who was overtaken', () => {
    const first = granted(null);
    const second = granted(first, 'b', { ...now, monotonic: 2000 });
    assert.equal(renew(second, { holder: 'a', fence: first.fence }, 500, { ...now, monotonic: 2001 }), null);
    assert.equal(release(second, { holder: 'a', fence: first.fence }, { ...now, monotonic: 2001 }), null);
  });

  it('of a headless watcher is taken by a window, never the reverse', () => {
    const headless = acquire(null, { ...request, kind: 'headless' }, now).lease;
    assert.ok(acquire(headless, { ...request, holder: 'w', kind: 'window' }, now).granted);
    const window = acquire(null, { ...request, kind: 'window' }, now).lease;
    assert.equal(acquire(window, { ...request, holder: 'h', kind: 'headless' }, now).granted, false);
  });

  it('has at most one live holder, and a fence that only grows, whatever happens in whatever order', () => {
    const holder = fc.constantFrom('a', 'b', 'c');
    const step = fc.oneof(
      fc.record({ kind: fc.constant('acquire' as const), holder }),
      fc.record({ kind: fc.constant('renew' as const), holder }),
      fc.record({ kind: fc.constant('release' as const), holder }),
      fc.record({ kind: fc.constant('pass' as const), milliseconds: fc.nat(900) }),
      fc.record({ kind: fc.constant('reboot' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let lease: Lease | null = null;
        let at: Moment = now;
        const remembered = new Map<string, number>();
        for (const one of steps) {
          const before: Lease | null = lease;
          if (one.kind === 'pass') at = { ...at, monotonic: at.monotonic + one.milliseconds };
          if (one.kind === 'reboot') at = { bootId: `${at.bootId}+`, monotonic: 0 };
          if (one.kind === 'acquire') {
            const answer = acquire(lease, { ...request, holder: one.holder }, at);
            // Nobody is granted what somebody else holds.
            if (answer.granted && before !== null) assert.ok(!isLive(before, at));
            if (answer.granted) remembered.set(one.holder, answer.lease.fence);
            lease = answer.lease;
          }
          if (one.kind === 'renew' || one.kind === 'release') {
            const held = { holder: one.holder, fence: remembered.get(one.holder) ?? -1 };
            const changed: Lease | null = one.kind === 'renew' ? renew(lease, held, 500, at) : release(lease, held, at);
            // Only the present holder changes anything.
            if (changed !== null) assert.ok(before !== null && isHeldBy(before, held));
            lease = changed ?? lease;
          }
          if (before !== null) assert.ok(lease !== null && lease.fence >= before.fence);
          if (before !== null && lease !== null && lease.holder !== before.holder)
            assert.ok(lease.fence > before.fence);
        }
      }),
    );
  });
});
