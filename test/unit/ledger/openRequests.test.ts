import assert from 'node:assert/strict';
import {
  findOpenRequest,
  insertOpenRequest,
  openRequestLifetime,
  settleOpenRequest,
  takeOpenRequests,
  withdrawOpenRequest,
} from '../../../src/core/ledger/openRequestStore.ts';
import { openLedger } from '../../../src/core/ledger/openLedger.ts';
import { type SessionFixture, sessionFixture } from '../support/sessionFixture.ts';

describe('a request to see a terminal', () => {
  let fixture: SessionFixture;
  beforeEach(() => {
    fixture = sessionFixture();
  });
  afterEach(() => fixture.dispose());

  const ledger = () => fixture.context.ledger;
  const ask = (id: string) => insertOpenRequest(ledger(), fixture.context, { id, sessionId: fixture.session('w1').id });
  const taken = (windowId: string) => takeOpenRequests(ledger(), fixture.context, windowId).map(({ id }) => id);
  const stateOf = (id: string) => findOpenRequest(ledger(), id)?.state;

  it('is taken by one window only, whatever connection it has, and settled by that one', () => {
    ask('open-1');
    const { connection: other } = openLedger(fixture.context.ledgerFile, Date.now());
    const both = [taken('first'), takeOpenRequests(other, fixture.context, 'second').map(({ id }) => id)];
    other.close();
    assert.deepEqual(both, [['open-1'], []]);
    settleOpenRequest(ledger(), { id: 'open-1', windowId: 'second', reason: 'no' });
    assert.equal(stateOf('open-1'), 'taken');
    settleOpenRequest(ledger(), { id: 'open-1', windowId: 'first', reason: null });
    settleOpenRequest(ledger(), { id: 'open-1', windowId: 'first', reason: 'too late' });
    assert.equal(stateOf('open-1'), 'opened');
  });

  it('is over after its time, after a restart of the machine, and when nobody waits for it any more', () => {
    ask('open-old');
    fixture.clock.advance(openRequestLifetime);
    assert.deepEqual(taken('window'), []);
    assert.equal(stateOf('open-old'), 'expired');
    ask('open-withdrawn');
    assert.equal(withdrawOpenRequest(ledger(), 'open-withdrawn'), true);
    assert.deepEqual(taken('window'), []);
    ask('open-booted');
    ledger().run("UPDATE panel_open_requests SET boot_id = 'another' WHERE id = 'open-booted'");
    assert.deepEqual(taken('window'), []);
    ask('open-taken');
    assert.deepEqual(taken('window'), ['open-taken']);
    assert.equal(withdrawOpenRequest(ledger(), 'open-taken'), false);
  });

  it('that claims to be good for longer than any of ours lies in wait for nobody', () => {
    ask('open-forged');
    ledger().run(
      "UPDATE panel_open_requests SET expires_monotonic = expires_monotonic + 60000 WHERE id = 'open-forged'",
    );
    assert.deepEqual(taken('window'), []);
    assert.equal(stateOf('open-forged'), 'expired');
  });

  it('that was settled is forgotten after a day', () => {
    ask('open-1');
    taken('window');
    fixture.clock.advance(25 * 60 * 60_000);
    ask('open-2');
    assert.equal(findOpenRequest(ledger(), 'open-1'), null);
  });
});
