import assert from 'node:assert/strict';
import * as z from 'zod/mini';
import { ConveyorError } from '../../../src/core/domain/errors.ts';
import { DispatchFixture, type Pair } from './support.ts';

const keyed = z.array(z.object({ idempotency_key: z.string() }));
const attempted = z.array(
  z.object({ payload: z.object({ message: z.string() }), attempt_history: z.array(z.unknown()) }),
);

describe('enqueueing', () => {
  let fixture: DispatchFixture;
  let pair: Pair;

  beforeEach(() => {
    fixture = new DispatchFixture();
    pair = fixture.pair('alpha');
  });
  afterEach(() => fixture.dispose());

  it('OD-26: a repeated idempotency key answers with the command that it made', async () => {
    const first = await fixture.enqueue(pair.task, 'once', 'enqueue-notify-manager', { idempotencyKey: 'k' });
    const again = await fixture.run('enqueue-notify-manager', { task: 'alpha', message: 'once', idempotencyKey: 'k' });
    assert.deepEqual([again.command_id, again.already_queued], [first, true]);
    assert.equal(fixture.count('commands', 'true'), 1);
    const listed = keyed.parse(await fixture.run('commands', { json: true }));
    assert.deepEqual(
      listed.map(({ idempotency_key: key }) => key),
      ['k'],
    );
  });

  it('OD-26: a key that belongs to another kind of command is refused', async () => {
    await fixture.enqueue(pair.task, 'once', 'enqueue-notify-manager', { idempotencyKey: 'k' });
    await assert.rejects(
      fixture.run('enqueue-nudge-worker', { task: 'alpha', message: 'once', idempotencyKey: 'k' }),
      (error) => ConveyorError.is(error, 'invalid_value'),
    );
  });

  it('takes an empty id for none: of two messages with an empty key neither is lost', async () => {
    const empty = { idempotencyKey: '', correlationId: '' };
    await fixture.enqueue(pair.task, 'one', 'enqueue-notify-manager', empty);
    const second = await fixture.run('enqueue-notify-manager', { task: 'alpha', message: 'two', ...empty });
    assert.equal(second.already_queued, false);
    assert.match(String(second.correlation_id), /^dispatch-/);
    assert.equal(fixture.count('commands', 'true'), 2);
  });

  it('OD-31: words that are missing, and permissions that nobody knows, are refused in one line', async () => {
    const enqueue = (input: object) => fixture.run('enqueue-nudge-worker', { task: 'alpha', message: 'x', ...input });
    await assert.rejects(enqueue({ message: '   ' }), (error) => ConveyorError.is(error, 'missing_input'));
    await assert.rejects(enqueue({ requiredPermission: 'repo.fly' }), (error) =>
      ConveyorError.is(error, 'permission_unknown'),
    );
    await assert.rejects(enqueue({ requiredPermission: ' ' }), (error) =>
      ConveyorError.is(error, 'permission_unknown'),
    );
    assert.equal(fixture.count('commands', 'true'), 0);
  });

  it('lists commands in the order in which they were queued, with their attempts', async () => {
    for (const message of ['a', 'b', 'c']) await fixture.enqueue(pair.task, message);
    await fixture.pass({ limit: 2 });
    const listed = attempted.parse(await fixture.run('commands', { attempts: true, json: true }));
    assert.deepEqual(
      listed.map(({ payload, attempt_history: history }) => [payload.message, history.length]),
      [
        ['a', 1],
        ['b', 1],
        ['c', 0],
      ],
    );
  });
});
