import assert from 'node:assert/strict';
import { DispatchFixture } from './support.ts';

/** Whoever works in a sandbox can write any row of the ledger; nobody else may suffer from it. */
describe('rows that nobody of ours wrote', () => {
  let fixture: DispatchFixture;
  beforeEach(() => {
    fixture = new DispatchFixture();
  });
  afterEach(() => fixture.dispose());

  const forge = (type: string, taskId: string | null, columns: Record<string, string | number | Buffer | null>) => {
    const row = {
      id: `forged-${type}`,
      idempotency_key: globalThis.crypto.randomUUID(),
      created_at: '2026-01-01T00:00:00+00:00',
      updated_at: '2026-01-01T00:00:00+00:00',
      task_id: taskId,
      type,
      state: 'pending',
      payload_json: '{}',
      ...columns,
    };
    const names = Object.keys(row);
    fixture.ledger.run(
      `INSERT INTO commands (${names.join(', ')}) VALUES (${names.map((name) => `$${name}`).join(', ')})`,
      row,
    );
  };

  const forgeries: readonly [string, string, Record<string, string | number | Buffer | null>][] = [
    ['a session id that is a number', 'session_nudge', { payload_json: '{"session_id": 7, "message": "x"}' }],
    ['a session id that is a list', 'session_interrupt', { payload_json: '{"session_id": ["w"], "key": 3}' }],
    ['a payload that is a list', 'nudge_worker', { payload_json: '[1]' }],
    ['a payload that is a word', 'notify_manager', { payload_json: '"word"' }],
    ['a message that is an object', 'nudge_worker', { payload_json: '{"message": {"a": 1}}' }],
    ['a time that is none', 'nudge_worker', { created_at: 'yesterday', available_at: 'soon' }],
    ['a time of bytes', 'session_nudge', { created_at: Buffer.from('x'), available_at: Buffer.from('y') }],
    ['an id of bytes', 'nudge_worker', { id: Buffer.from('id'), correlation_id: Buffer.from('z') }],
    ['a type that nobody knows', 'run_command', { payload_json: '{"command": "rm -rf /"}' }],
    ['a claim that never began', 'nudge_worker', { state: 'attempted', claim_expires_at: 'never' }],
    ['a task of nobody', 'nudge_worker', { task_id: null }],
  ];
  for (const [what, type, columns] of forgeries) {
    it(`${what} keeps no honest message waiting`, async () => {
      const { task, worker, bindingId } = fixture.pair('t1', ['worker', 'manager']);
      forge(type, task.id, columns);
      await fixture.enqueue(task, 'the honest word');
      fixture.complete(worker, 'turn-1');
      const items = [...(await fixture.pass()), ...(await fixture.pass())];
      assert.ok(
        fixture.panes.typed.some(({ session, text }) => session === 't1-worker' && text === 'the honest word'),
        JSON.stringify(items),
      );
      assert.ok(
        fixture.panes.typed.some(({ session }) => session === 't1-manager'),
        bindingId,
      );
      const said = fixture.panes.typed.filter(({ session }) => session === 't1-worker');
      assert.deepEqual(
        said.map(({ text }) => text),
        ['the honest word'],
      );
      assert.deepEqual(fixture.panes.pressed, []);
    });
  }

  it('a row of one task moves no session of another, whatever it asks for', async () => {
    const [alpha, beta] = [fixture.pair('alpha', ['worker']), fixture.pair('beta', ['worker'])];
    const payload = (message: string) => JSON.stringify({ session_id: beta.worker.id, message, key: null });
    forge('session_nudge', alpha.task.id, { payload_json: payload('join us') });
    forge('session_interrupt', alpha.task.id, { payload_json: payload('') });
    forge('session_nudge', null, { id: 'forged-of-no-task', payload_json: payload('join us, too') });
    await fixture.pass();
    assert.deepEqual([fixture.panes.typed, fixture.panes.pressed], [[], []]);
    assert.equal(fixture.count('commands', "state = 'failed' AND error LIKE '%of another task%'"), 3);
    forge('session_nudge', beta.task.id, { id: 'of-its-own', payload_json: payload('go on') });
    await fixture.pass();
    assert.deepEqual(fixture.panes.typed, [{ session: 'beta-worker', text: 'go on' }]);
  });
});
