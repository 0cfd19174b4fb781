import assert from 'node:assert/strict';
import { listTaskDeliveries } from '../../../src/core/ledger/cycleStore.ts';
import { DispatchFixture } from './support.ts';

describe('how far a message got', () => {
  let fixture: DispatchFixture;

  beforeEach(() => {
    fixture = new DispatchFixture();
  });
  afterEach(() => fixture.dispose());

  it('stands beside it in the inbox, and among the deliveries of a cycle, with the times of its stages', async () => {
    const { task } = fixture.pair('alpha', ['worker']);
    await fixture.enqueue(task, 'run the tests');
    await fixture.pass();
    const inbox = await fixture.run('worker-inbox', { task: 'alpha' });
    const items: unknown = inbox.items;
    assert.ok(Array.isArray(items));
    const { delivery } = items[0];
    assert.deepEqual([delivery.state, delivery.rung, delivery.reason], ['submitted', 'tmux', null]);
    for (const at of ['queued_at', 'claimed_at', 'typed_at', 'submitted_at']) assert.ok(delivery[at], at);
    assert.deepEqual([delivery.seen_at, delivery.answered_at], [null, null]);
    const [listed] = listTaskDeliveries(fixture.ledger, task.id, 0);
    assert.deepEqual([listed?.state, listed?.rung, listed?.submitted_at], ['submitted', 'tmux', delivery.submitted_at]);
  });

  it('says why nothing was typed, and nothing where a message is only to be read', async () => {
    const { task } = fixture.pair('alpha', ['worker']);
    fixture.panes.answers.set('alpha-worker', { outcome: 'deferred', reason: 'dialog_open', screen: [] });
    await fixture.enqueue(task, 'wait');
    await fixture.pass();
    const [listed] = listTaskDeliveries(fixture.ledger, task.id, 0);
    assert.deepEqual([listed?.state, listed?.reason, listed?.typed_at], ['deferred', 'dialog_open', null]);
    const beta = fixture.pair('beta');
    await fixture.enqueue(beta.task, 'read me');
    await fixture.pass();
    const inbox = await fixture.run('worker-inbox', { task: 'beta' });
    assert.deepEqual(Array.isArray(inbox.items) && inbox.items.map(({ delivery }) => delivery), [null]);
  });
});
