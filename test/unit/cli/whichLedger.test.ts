import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { recordHeartbeat } from '../../../src/core/ledger/heartbeatStore.ts';
import { acquireLease, leadershipLease } from '../../../src/core/ledger/leaseStore.ts';
import { ensureDispatcher } from '../../../src/core/operations/ensureDispatcher.ts';
import { operationNames } from '../../../src/core/operations/registry.ts';
import { resolveStateRoot } from '../../../src/core/operations/operationContext.ts';
import { shimScript } from '../../../src/core/operations/shim.ts';
import { head } from '../support/sessionFixture.ts';
import { temporaryContext, type TemporaryContext } from '../support/temporaryContext.ts';

const cli = fileURLToPath(new URL('../../../src/cli/entry.ts', import.meta.url));

describe('which ledger is meant', () => {
  let fixture: TemporaryContext;

  beforeEach(() => (fixture = temporaryContext()));
  afterEach(() => fixture.dispose());

  const beat = (secondsAgo: number, dispatcherId = 'd1') =>
    recordHeartbeat(
      fixture.context.ledger,
      { dispatcherId, iteration: 1, dryRun: false, processedCount: 0 },
      fixture.clock.now() - secondsAgo * 1000,
    );

  it('CP-21: a dispatcher is started for the very ledger of the call, whatever the folder', async () => {
    const elsewhere = join(fixture.folder, 'elsewhere', 'other.db');
    const context = fixture.context.withLedger(elsewhere);
    const { started, command } = await ensureDispatcher(context, 'd1');
    const [call] = fixture.processes.calls;
    context.close();
    assert.equal(started, true);
    assert.deepEqual(call?.argv.slice(1), ['dispatch', '--watch', '--dispatcher-id', 'd1', '--path', elsewhere]);
    assert.deepEqual([call?.file, ...(call?.argv ?? [])], command);
  });

  it('CP-21: no second dispatcher is started while one of that id beats, or a window leads', async () => {
    beat(5, 'another');
    assert.equal((await ensureDispatcher(fixture.context, 'd1')).started, true);
    beat(60);
    assert.equal((await ensureDispatcher(fixture.context, 'd1')).started, true);
    beat(5);
    assert.equal((await ensureDispatcher(fixture.context, 'd1')).started, false);
    const { clock, host } = fixture;
    acquireLease(fixture.context.ledger, { clock, host }, leadershipLease, {
      holder: 'vscode-1',
      kind: 'window',
      milliseconds: 10_000,
    });
    assert.equal((await ensureDispatcher(fixture.context, 'd2')).started, false);
    assert.equal(fixture.processes.calls.length, 2);
  });

  it('CP-24: the home sign is expanded, and the state root is absolute', () => {
    const root = (given: string) => resolveStateRoot('/work', { HOME: '/home/dev', WORKERCTL_STATE_ROOT: given });
    assert.deepEqual(['~/ledger', '~', '~other', 'below', '/there', ''].map(root), [
      '/home/dev/ledger',
      '/home/dev',
      '/work/~other',
      '/work/below',
      '/there',
      '/work/.codex-workers',
    ]);
  });

  it('CP-24: a session that we start names its ledger from whatever folder it asks', () => {
    const runtime = { executable: '/opt/node', isElectron: false, cli: '/opt/cli.js' };
    const usual = shimScript('conveyor', '/a b/workerctl.db', runtime);
    assert.match(usual, /^export WORKERCTL_STATE_ROOT='\/a b'$/m);
    assert.doesNotMatch(usual, /--path/);
    assert.match(shimScript('conveyor', '/a/other.db', runtime), /"\$verb" --path \/a\/other\.db "\$@"/);
  });

  it('OD-32: every verb takes --path, and reads and writes there and nowhere else', function () {
    this.timeout(120_000);
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'conveyor-path-')));
    try {
      const rollout = join(folder, 'r.jsonl');
      writeFileSync(rollout, head('thread-1'));
      mkdirSync(join(folder, 'work'));
      const path = ['--path', join(folder, 'there.db')];
      const run = (...argv: string[]) =>
        execFileSync(process.execPath, [cli, ...argv, ...path], { cwd: join(folder, 'work'), encoding: 'utf8' });
      run('tasks', '--create', 'alpha', '--goal', 'Ship it');
      for (const role of ['worker', 'manager']) {
        run(`register-${role}`, '--name', role, '--pid', String(process.pid), '--codex-session', rollout);
      }
      run('bind', '--task', 'alpha', '--worker', 'worker', '--manager', 'manager');
      assert.match(run('cycle', 'alpha'), /"new_events": 1/);
      assert.match(run('tail', 'worker'), /session_meta/);
      assert.match(run('sessions'), /"name": "worker"/);
      assert.deepEqual(JSON.parse(run('divergences', 'alpha')), []);
      assert.deepEqual(existsSync(join(folder, 'work', '.codex-workers')), false);
      const help = (verb: string) => execFileSync(process.execPath, [cli, verb, '--help'], { encoding: 'utf8' });
      for (const verb of operationNames.filter((_, index) => index % 12 === 0))
        assert.match(help(verb), /--path FILE/, verb);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
