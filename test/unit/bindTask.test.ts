import assert from 'node:assert/strict';
import { ConveyorError } from '../../src/core/domain/errors.ts';
import { recordSession } from '../../src/core/operations/register.ts';
import { bind } from '../../src/core/operations/bind.ts';
import { tasks } from '../../src/core/operations/tasks.ts';
import { unbind } from '../../src/core/operations/unbind.ts';
import { findNewestBinding } from '../../src/core/ledger/bindingStore.ts';
import { requireSession } from '../../src/core/ledger/sessionStore.ts';
import { requireTask } from '../../src/core/ledger/taskStore.ts';
import { runOperation } from '../../src/core/operations/runOperation.ts';
import { temporaryContext, type TemporaryContext } from './support/temporaryContext.ts';

describe('bind', () => {
  let fixture: TemporaryContext;

  beforeEach(async () => {
    fixture = temporaryContext();
    await runOperation(tasks, fixture.context, { create: 'alpha', goal: 'Ship it' });
    for (const [name, role] of [
      ['w1', 'worker'],
      ['m1', 'manager'],
      ['w2', 'worker'],
    ] as const) {
      recordSession(fixture.context, {
        name,
        role,
        tmuxSession: undefined,
        codexSessionPath: `/r/${name}.jsonl`,
        codexSessionId: `thread-${name}`,
        pid: 7,
        cwd: '/srv',
        codexVersion: null,
      });
    }
  });

  afterEach(() => fixture.dispose());

  it('ties task, worker and manager, and says so in the audit log', async () => {
    const output = await runOperation(bind, fixture.context, { task: 'alpha', worker: 'w1', manager: 'm1' });
    assert.deepEqual(bind.output().parse(output), output);
    const [event] = fixture.context.ledger.all(
      "SELECT payload_json AS payload FROM events WHERE type = 'binding_created'",
    );
    assert.match(JSON.stringify(event), /"w1\\"/);
  });

  it('refuses a session that is bound already, naming session and binding', async () => {
    await runOperation(bind, fixture.context, { task: 'alpha', worker: 'w1', manager: 'm1' });
    await runOperation(tasks, fixture.context, { create: 'beta', goal: 'Ship more' });
    await assert.rejects(
      runOperation(bind, fixture.context, { task: 'beta', worker: 'w2', manager: 'm1' }),
      (error) => {
        assert.ok(ConveyorError.is(error, 'already_bound'));
        assert.match(error.message, /'m1'.*binding-/);
        return true;
      },
    );
  });

  it('refuses a worker in the place of the manager', async () => {
    await assert.rejects(runOperation(bind, fixture.context, { task: 'alpha', worker: 'w1', manager: 'w2' }), (error) =>
      ConveyorError.is(error, 'wrong_role'),
    );
  });

  it('of two bindings of a task, the one that was made last is the newest, wherever the wall clock is set', async () => {
    const { context, clock } = fixture;
    await runOperation(bind, context, { task: 'alpha', worker: 'w1', manager: 'm1' });
    await runOperation(unbind, context, { task: 'alpha' });
    clock.wall -= 3_600_000;
    await runOperation(bind, context, { task: 'alpha', worker: 'w2', manager: 'm1' });
    await runOperation(unbind, context, { task: 'alpha' });
    const newest = findNewestBinding(context.ledger, requireTask(context.ledger, 'alpha').id);
    assert.equal(newest?.worker_session_id, requireSession(context.ledger, 'w2').id);
  });
});
