import assert from 'node:assert/strict';
import { join } from 'node:path';
import { bind } from '../../src/core/operations/bind.ts';
import { compactWorker } from '../../src/core/operations/compactWorker.ts';
import { handoff } from '../../src/core/operations/handoff.ts';
import { managerConfig } from '../../src/core/operations/managerConfig.ts';
import { HostedContext } from '../../src/core/operations/operationContext.ts';
import { recordSession } from '../../src/core/operations/register.ts';
import { runOperation } from '../../src/core/operations/runOperation.ts';
import { tasks } from '../../src/core/operations/tasks.ts';
import { startServer, type TestServer, until } from './tmuxServer.ts';

describe('compact-worker in a real terminal', () => {
  let server: TestServer;
  let context: HostedContext;

  before(async () => {
    server = startServer();
    const variables = { CONVEYOR_TMUX_SOCKET: join(server.folder, 'tmux') };
    context = new HostedContext({ surface: 'cli', cwd: server.folder, variables });
    const run = (operation: Parameters<typeof runOperation>[0], input: object) =>
      runOperation(operation, context, { ...input });
    const worker = await server.standIn('codex-w1');
    const base = { codexSessionId: null, pid: null, cwd: server.folder, codexVersion: null };
    recordSession(context, {
      ...base,
      name: 'w1',
      role: 'worker',
      tmuxSession: 'codex-w1',
      codexSessionPath: worker.rollout,
      paneId: worker.pane.paneId,
    });
    recordSession(context, { ...base, name: 'm1', role: 'manager', tmuxSession: undefined, codexSessionPath: null });
    await run(tasks, { create: 'alpha', goal: 'Ship it' });
    await run(bind, { task: 'alpha', worker: 'w1', manager: 'm1' });
    await run(managerConfig, { task: 'alpha', permit: ['worker_session.compact'] });
    await run(handoff, { task: 'alpha', summary: 'parser done' });
  });

  after(() => {
    context.close();
    server.close();
  });

  it('sends exactly what was decided and permitted, and says that it arrived', async () => {
    const input = {
      task: 'alpha',
      reason: 'context is full',
      cycleId: null,
      clear: false,
      promptOnly: false,
      message: null,
      dryRun: false,
    };
    const output = await compactWorker.run(context, input);
    assert.equal(output.send_result.side_effect_completed, true);
    assert.equal(output.send_text, '/compact');
    const worker = server.ports.tmux;
    const shown = async () => worker.capture((await worker.findPane({ session: 'codex-w1', paneId: null })).paneId);
    await until('the command has left the composer', async () => !/› \/compact/u.test(await shown()));
    await assert.rejects(
      Promise.resolve(compactWorker.run(context, { ...input, clear: true })),
      /permission_not_enabled/,
    );
  });
});
