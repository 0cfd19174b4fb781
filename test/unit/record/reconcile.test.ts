import assert from 'node:assert/strict';
import { bind } from '../../../src/core/operations/bind.ts';
import { createDisposableBinding } from '../../../src/core/operations/createDisposableBinding.ts';
import { enqueueNudgeWorker } from '../../../src/core/operations/enqueue.ts';
import { finishTask } from '../../../src/core/operations/finishTask.ts';
import { reconcile } from '../../../src/core/operations/reconcile.ts';
import { recordSession } from '../../../src/core/operations/register.ts';
import { tasks } from '../../../src/core/operations/tasks.ts';
import { findCommand } from '../../../src/core/ledger/commandStore.ts';
import { findBinding } from '../../../src/core/ledger/bindingStore.ts';
import { listAuditEvents } from '../../../src/core/ledger/auditQueryStore.ts';
import { findTask, setTaskState } from '../../../src/core/ledger/taskStore.ts';
import { findSession, markSessionGone, requireSession } from '../../../src/core/ledger/sessionStore.ts';
import { boundContext, run } from './support.ts';

type Bound = Awaited<ReturnType<typeof boundContext>>;

describe('reconcile', () => {
  let bound: Bound;

  beforeEach(async () => {
    bound = await boundContext();
  });

  afterEach(() => {
    bound.dispose();
  });

  it('finds nothing where everybody lives, and mends nothing', async () => {
    const found = await run(reconcile, bound.context, { apply: true });
    assert.deepEqual(
      [found.dead_pid_sessions, found.dangling_bindings, found.orphaned_commands, found.stuck_tasks],
      [[], [], [], []],
    );
    assert.deepEqual(found.applied, {
      sessions_marked_gone: [],
      bindings_marked_invalid: [],
      commands_failed: [],
      tasks_paused: [],
    });
  });

  it('AT-16: a number that another process has by now is dead, one without a number is not', async () => {
    const { context, host } = bound;
    recordSession(context, {
      name: 'w2',
      role: 'worker',
      tmuxSession: undefined,
      codexSessionPath: '/rollouts/w2.jsonl',
      codexSessionId: 'w2',
      pid: null,
      cwd: '/srv',
      codexVersion: null,
    });
    host.processes.set(11, { startTime: 'later' });
    const { dead_pid_sessions: dead } = await run(reconcile, context, {});
    assert.deepEqual(
      dead.map(({ name, reason }) => [name, reason]),
      [['w1', 'process_replaced']],
    );
  });

  it('AT-16: a disposable binding stays, and its task can be finished', async () => {
    const { context } = bound;
    await run(createDisposableBinding, context, { task: 'beta', worker: 'bw', manager: 'bm' });
    // As the reference writes it: the number of the command that made it, which has long ended.
    context.ledger.run("UPDATE sessions SET pid = 4711 WHERE name IN ('bw', 'bm')");
    context.ledger.run('DELETE FROM panel_sessions WHERE session_id IN (SELECT id FROM sessions WHERE pid = 4711)');
    const { applied } = await run(reconcile, context, { apply: true });
    assert.deepEqual([applied?.sessions_marked_gone, applied?.bindings_marked_invalid], [[], []]);
    await run(finishTask, context, { task: 'beta' });
    assert.equal(findTask(context.ledger, 'beta')?.state, 'done');
  });

  it('AT-16: a binding with both sides gone is listed for each and marked once, its messages fail, its task is not managed', async () => {
    const { context, host, task } = bound;
    setTaskState(context.ledger, task.id, 'managed', 0);
    await run(enqueueNudgeWorker, context, { task: 'alpha', message: 'go on' });
    host.processes.clear();
    const id = findBinding(context.ledger, task.id)?.id;
    const { applied } = await run(reconcile, context, { apply: true });
    assert.deepEqual([applied?.sessions_marked_gone, applied?.bindings_marked_invalid], [['w1', 'm1'], [id]]);
    const [command = ''] = applied?.commands_failed ?? [];
    assert.equal(findCommand(context.ledger, command)?.state, 'failed');
    assert.deepEqual([applied?.tasks_paused, findTask(context.ledger, 'alpha')?.state], [['alpha'], 'paused']);
    const types = listAuditEvents(context.ledger, task.id).map(({ type }) => type);
    assert.equal(types.filter((type) => type === 'session_marked_gone_by_reconcile').length, 2);
    assert.equal(types.filter((type) => type === 'binding_marked_invalid_by_reconcile').length, 1);
  });

  it('AT-16: one task can be mended alone', async () => {
    const { context, host } = bound;
    await run(tasks, context, { create: 'beta', goal: 'Another' });
    for (const [name, role, pid] of [
      ['w2', 'worker', 21],
      ['m2', 'manager', 22],
    ] as const) {
      host.processes.set(pid, {});
      recordSession(context, {
        name,
        role,
        tmuxSession: undefined,
        codexSessionPath: `/rollouts/${name}.jsonl`,
        codexSessionId: name,
        pid,
        cwd: '/srv',
        codexVersion: null,
      });
    }
    await run(bind, context, { task: 'beta', worker: 'w2', manager: 'm2' });
    await run(enqueueNudgeWorker, context, { task: 'alpha', message: 'go on' });
    // The other task could be mended as well: one of its sessions is known to be gone, another has died.
    const { ledger, clock } = context;
    ledger.write(() => markSessionGone(ledger, requireSession(ledger, 'm1').id, clock.now()));
    host.processes.clear();
    const { applied } = await run(reconcile, context, { apply: true, task: 'beta' });
    assert.deepEqual(applied?.sessions_marked_gone, ['w2', 'm2']);
    assert.equal(applied?.bindings_marked_invalid.length, 1);
    assert.deepEqual(applied?.commands_failed, []);
    assert.equal(findSession(context.ledger, 'w1')?.state, 'active');
    const rest = await run(reconcile, context, { apply: true });
    assert.deepEqual(rest.applied?.sessions_marked_gone, ['w1']);
    assert.equal(rest.applied?.bindings_marked_invalid.length, 1);
    assert.equal(rest.applied?.commands_failed.length, 1);
    await assert.rejects(run(reconcile, context, { task: 'nosuch' }), { code: 'unknown_task' });
  });

  it('in a sandbox, where every process looks dead, nobody is marked', async () => {
    bound.dispose();
    bound = await boundContext({ variables: { CODEX_SANDBOX: 'seatbelt' } });
    bound.host.processes.clear();
    assert.deepEqual((await run(reconcile, bound.context, { apply: true })).applied?.sessions_marked_gone, []);
  });
});
