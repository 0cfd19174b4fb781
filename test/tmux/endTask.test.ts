import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bind } from '../../src/core/operations/bind.ts';
import { HostedContext } from '../../src/core/operations/operationContext.ts';
import { recordSession } from '../../src/core/operations/register.ts';
import { runOperation } from '../../src/core/operations/runOperation.ts';
import { tasks } from '../../src/core/operations/tasks.ts';
import { requireSession } from '../../src/core/ledger/sessionStore.ts';
import { requireTask } from '../../src/core/ledger/taskStore.ts';
import { startServer, type TestServer, until } from './tmuxServer.ts';

const cli = join(import.meta.dirname, '../../src/cli/entry.ts');

describe('ending a task whose sessions run in tmux', () => {
  let server: TestServer;
  let context: HostedContext;

  before(async () => {
    server = startServer();
    context = new HostedContext({ surface: 'cli', cwd: server.folder, variables: {} });
    await runOperation(tasks, context, { create: 'alpha', goal: 'Ship it' });
    for (const [name, role] of [
      ['w1', 'worker'],
      ['m1', 'manager'],
    ] as const) {
      recordSession(context, {
        name,
        role,
        tmuxSession: `codex-${name}`,
        codexSessionPath: join(server.folder, `${name}.jsonl`),
        codexSessionId: `thread-${name}`,
        pid: process.pid,
        cwd: server.folder,
        codexVersion: null,
      });
    }
    await runOperation(bind, context, { task: 'alpha', worker: 'w1', manager: 'm1' });
  });

  after(() => {
    context.close();
    server.close();
  });

  it('CP-2: a manager that finishes its task and closes its own terminal still gives its answer', async () => {
    const answer = join(server.folder, 'answer.json');
    // The worker has died; somebody else's session begins with its name (CP-1).
    server.raw('new-session', '-d', '-s', 'codex-w12', 'cat');
    const command = `"${process.execPath}" "${cli}" finish-task alpha --stop-worker --stop-manager > "${answer}.part" 2>&1; mv "${answer}.part" "${answer}"; cat`;
    const stateRoot = `WORKERCTL_STATE_ROOT=${context.stateRoot}`;
    const socket = `CONVEYOR_TMUX_SOCKET=${join(server.folder, 'tmux')}`;
    const environment = ['-e', stateRoot, '-e', socket];
    server.raw('new-session', '-d', '-s', 'codex-m1', '-c', server.folder, ...environment, command);
    await until('the answer is written', () => existsSync(answer), 60);
    const output: unknown = JSON.parse(readFileSync(answer, 'utf8'));
    assert.ok(typeof output === 'object' && output !== null && 'killed_manager' in output && 'killed_worker' in output);
    assert.equal(output.killed_manager, true);
    assert.equal(output.killed_worker, false);
    await until("the manager's terminal is closed", async () => !(await server.ports.tmux.hasSession('codex-m1')), 30);
    assert.ok(await server.ports.tmux.hasSession('codex-w12'));
    assert.equal(requireTask(context.ledger, 'alpha').state, 'done');
    assert.equal(requireSession(context.ledger, 'm1').state, 'gone');
    const states = context.ledger.all("SELECT state FROM commands WHERE type = 'finish_task'");
    assert.deepEqual(states, [{ state: 'succeeded' }]);
  }).timeout(120_000);
});
