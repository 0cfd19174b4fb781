import assert from 'node:assert/strict';

import { acquireLease, leadershipLease } from '../../../src/core/ledger/leaseStore.ts';
import { recordHeartbeat } from '../../../src/core/ledger/heartbeatStore.ts';
import { DashboardFeed } from '../../../src/dashboard/dashboardFeed.ts';
import { sessionFixture, type SessionFixture } from '../support/sessionFixture.ts';

describe('what the dashboard says of dispatch', () => {
  let at: SessionFixture;
  let feed: DashboardFeed;

  beforeEach(() => {
    at = sessionFixture();
    at.bind('t1');
    feed = new DashboardFeed(at.context);
  });
  afterEach(() => {
    feed.close();
    at.dispose();
  });

  const beat = (change: { dryRun?: boolean } = {}) =>
    at.context.ledger.write(() =>
      recordHeartbeat(
        at.context.ledger,
        { dispatcherId: 'd1', iteration: 7, processedCount: 3, dryRun: false, ...change },
        at.clock.now(),
      ),
    );
  const banner = () => {
    // What was read a moment ago is read again.
    feed.changed();
    return feed.view('t1', []).dispatch;
  };

  it('not observed: nobody ever dispatched here', () => {
    const { status, message, heartbeatAgeMs } = banner();
    assert.deepEqual([status, heartbeatAgeMs], ['not_observed', null]);
    assert.match(message, /no manager hears/);
  });

  it('active: who, how far, and how long ago', () => {
    beat();
    at.clock.advance(4000);
    const { message: _, ...facts } = banner();
    assert.deepEqual(facts, {
      status: 'active',
      dispatcherId: 'd1',
      leader: null,
      iteration: 7,
      processed: 3,
      isDryRun: false,
      heartbeatAgeMs: 4000,
    });
  });

  it('stale: completions may not wake their managers', () => {
    beat();
    at.clock.advance(31_000);
    const { status, message } = banner();
    assert.equal(status, 'stale');
    assert.match(message, /d1 has gone quiet: completions may not wake their managers/);
  });

  it('rehearsing: nothing is delivered', () => {
    beat({ dryRun: true });
    assert.deepEqual([banner().status, banner().isDryRun], ['rehearsing', true]);
  });

  it('active while an engine leads, whatever heartbeat is on record', () => {
    beat({ dryRun: true });
    at.clock.advance(60_000);
    const { ledger } = at.context;
    ledger.write(() =>
      acquireLease(ledger, at, leadershipLease, { holder: 'vscode-1', kind: 'window', milliseconds: 10_000 }),
    );
    at.clock.advance(2000);
    const { status, dispatcherId, leader, heartbeatAgeMs, isDryRun } = banner();
    assert.deepEqual([status, dispatcherId, leader, isDryRun], ['active', 'vscode-1', 'vscode-1', false]);
    assert.equal(heartbeatAgeMs, 2000);
  });
});
