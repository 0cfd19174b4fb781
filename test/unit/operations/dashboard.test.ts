import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { recordHeartbeat } from '../../../src/core/ledger/heartbeatStore.ts';
import { dashboard } from '../../../src/core/operations/dashboard.ts';
import { runOperation } from '../../../src/core/operations/runOperation.ts';
import { tasks } from '../../../src/core/operations/tasks.ts';
import { temporaryContext, type TemporaryContext } from '../support/temporaryContext.ts';

const runtime = { executable: '/opt/node', isElectron: false, cli: '/opt/conveyor/dist/cli.js' };

describe('the command of the dashboard', () => {
  let at: TemporaryContext;

  beforeEach(() => (at = temporaryContext({ runtime })));
  afterEach(() => at.dispose());

  const run = (input: Record<string, unknown>) => runOperation(dashboard, at.context, input);
  const ran = () => at.processes.calls.map(({ file, argv }) => [file, ...argv].join(' '));

  it('OD-49: runs from what is installed, in the folder and on the ledger of whoever calls', async () => {
    await run({});
    const ledger = join(at.folder, '.codex-workers', 'workerctl.db');
    assert.deepEqual(ran(), [
      `/opt/node /opt/conveyor/dist/dashboard.js --host 127.0.0.1 --port 8797 --db-path ${ledger}`,
    ]);
    const [call] = at.processes.calls;
    assert.equal(call?.options.cwd, at.folder);
    assert.equal(call?.options.environment?.WORKERCTL_STATE_ROOT, join(at.folder, '.codex-workers'));
  });

  it('says what it would run, and touches nothing', async () => {
    const plan = await run({ dryRun: true, ensureDispatch: true, task: 'a task', dbPath: 'x.db', host: '::1' });
    assert.deepEqual(plan, {
      command: [
        '/opt/node',
        '/opt/conveyor/dist/dashboard.js',
        '--host',
        '::1',
        '--port',
        '8797',
        '--db-path',
        join(at.folder, 'x.db'),
        '--task',
        'a task',
      ],
      dispatch_command: [
        '/opt/node',
        '/opt/conveyor/dist/cli.js',
        'dispatch',
        '--watch',
        '--dispatcher-id',
        'dispatch-dashboard',
        '--path',
        join(at.folder, 'x.db'),
      ],
      ensure_dispatch: true,
      host: '::1',
      port: 8797,
      task: 'a task',
      url: 'http://[::1]:8797/?task=a+task',
    });
    assert.deepEqual(ran(), []);
    assert.equal(existsSync(join(at.folder, 'x.db')), false);
  });

  it('OD-34: is not offered to other machines', async () => {
    for (const host of ['0.0.0.0', '::', '192.168.1.2', '127.0.0.1.evil.example', '127.1', 'example.org', '']) {
      await assert.rejects(run({ host }), { code: 'usage' }, host);
    }
    assert.deepEqual(ran(), []);
  });

  it('refuses a port that is none, and a task that is not there', async () => {
    await assert.rejects(run({ port: 70_000 }), { code: 'usage' });
    await assert.rejects(run({ task: 'nowhere' }), { code: 'unknown_task' });
    assert.equal(existsSync(at.context.ledgerFile), false);
    await runOperation(tasks, at.context, { create: 'here', goal: 'g' });
    await run({ task: 'here' });
    assert.equal(ran().length, 1);
  });

  it("is refused inside Codex's sandbox", async () => {
    const inside = temporaryContext({ runtime, variables: { CODEX_SANDBOX_NETWORK_DISABLED: '1' } });
    await assert.rejects(runOperation(dashboard, inside.context, {}), { code: 'not_supported' });
    inside.dispose();
  });

  it('starts a dispatcher for the same ledger when it is asked to, and reuses one of that id that beats', async () => {
    await run({ ensureDispatch: true, dispatcherId: 'qa' });
    const dispatch = `/opt/node /opt/conveyor/dist/cli.js dispatch --watch --dispatcher-id qa --path ${at.context.ledgerFile}`;
    assert.equal(ran()[0], dispatch);
    at.processes.calls.length = 0;
    const beat = { dispatcherId: 'qa', iteration: 1, dryRun: false, processedCount: 0 };
    at.context.ledger.write(() => recordHeartbeat(at.context.ledger, beat, at.clock.now()));
    await run({ ensureDispatch: true, dispatcherId: 'qa' });
    assert.equal(ran().length, 1);
    await run({ ensureDispatch: true, dispatcherId: 'another', workerctlPath: '/usr/bin/workerctl' });
    assert.equal(ran()[1]?.startsWith('/usr/bin/workerctl dispatch --watch --dispatcher-id another'), true);
  });
});
