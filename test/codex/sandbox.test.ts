/** What a command of the model sees inside Codex's workspace-write sandbox: the ground that the command line stands on. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { findCodexProcess } from '../../src/core/codex/codexProcess.ts';
import { runShell, say } from '../demo/scriptedModel.ts';
import { until } from '../tmux/tmuxServer.ts';
import { setUpCodex, type RealCodex } from './realCodex.ts';

describe('a sandboxed command of a real Codex', function () {
  this.timeout(90_000);
  let real: RealCodex;
  let output = '';
  let elsewhere = '';

  before(async () => {
    real = await setUpCodex((request) => {
      const [done] = request.newToolOutputs;
      return done === undefined ? runShell(request, 'sh probe.sh') : say(`finished\n${done.text}`);
    });
    const { stateRoot, workspace, server } = real;
    const hold = new Database(join(stateRoot, 'workerctl.db'));
    hold.pragma('journal_mode = WAL');
    hold.exec('create table rows (pid integer); insert into rows values (1)');
    elsewhere = join(real.codex.home, '..', 'elsewhere');
    mkdirSync(elsewhere);
    const addRow = join(workspace, 'addRow.mjs');
    const driver = JSON.stringify(import.meta.resolve('better-sqlite3'));
    writeFileSync(
      addRow,
      `import Database from ${driver};
       const db = new Database(process.argv[2]);
       db.prepare('insert into rows values (2)').run();
       console.log('rows', db.prepare('select count(*) as n from rows').get().n, db.pragma('journal_mode', { simple: true }));`,
    );
    const socket = join(server.folder, 'tmux');
    writeFileSync(
      join(workspace, 'probe.sh'),
      [
        'env | grep -E "^(CODEX|WORKERCTL|TMUX|PATH|TMPDIR)" | sed "s/^/env /"',
        'echo "pid $$"',
        'echo "namespace $(readlink /proc/self/ns/pid)"',
        `kill -0 ${process.pid} 2>/dev/null && echo "outside alive" || echo "outside gone"`,
        `tmux -S '${socket}' list-sessions 2>&1 | sed "s/^/tmux /"`,
        `'${process.execPath}' addRow.mjs '${join(stateRoot, 'workerctl.db')}' 2>&1 | grep -E "^rows|Error:" | sed "s/^/state-root /"`,
        `touch '${elsewhere}/probe' 2>/dev/null && echo "elsewhere writable" || echo "elsewhere refused"`,
      ].join('\n'),
    );
    const session = await real.start('sandboxed', {
      environment: {
        ...real.codex.environment,
        WORKERCTL_STATE_ROOT: stateRoot,
        PATH: `/opt/shim-of-ours:${process.env['PATH'] ?? ''}`,
      },
      setsToolPath: true,
    });
    await real.deliver(session, 'probe please');
    await until('the model has the output', () => real.model.requests.some((one) => one.newToolOutputs.length > 0), 60);
    output = real.model.requests.find((one) => one.newToolOutputs.length > 0)?.newToolOutputs[0]?.text ?? '';
    hold.close();
    const { pane } = await server.ports.tmux.snapshot(session.paneId);
    assert.equal(findCodexProcess(server.ports.host, pane).kind, 'codex');
  });
  after(() => real.close());

  it('CP-22: has the state root, the home and our PATH, whatever the login shell does', () => {
    assert.match(output, new RegExp(`^env WORKERCTL_STATE_ROOT=${real.stateRoot}$`, 'm'));
    assert.match(output, new RegExp(`^env CODEX_HOME=${real.codex.home}$`, 'm'));
    // Login shells put folders of their own in front; ours stays, which a PATH that begins anew would have lost.
    assert.match(output, /^env PATH=(?:[^\n]*:)?\/opt\/shim-of-ours:/m);
  });

  it('knows its thread, and can tell that it is in a sandbox', () => {
    const [request] = real.model.requests;
    assert.match(output, new RegExp(`^env CODEX_THREAD_ID=${request?.threadId}$`, 'm'));
    assert.match(output, /^env CODEX_SANDBOX_NETWORK_DISABLED=1$/m);
  });

  it('lives in a pid namespace of its own, where the processes outside seem gone', () => {
    const pid = Number(/^pid (\d+)$/m.exec(output)?.[1]);
    assert.ok(pid > 0 && pid < 50, output);
    assert.match(output, /^outside gone$/m);
    assert.notEqual(/^namespace (.*)$/m.exec(output)?.[1], real.server.ports.host.pidNamespace);
  });

  it('is refused by tmux', () => {
    assert.match(output, /^tmux error connecting to .*\(Operation not permitted\)$/m);
  });

  it('writes nowhere else', function () {
    if (elsewhere.startsWith('/tmp/')) this.skip(); // a checkout below /tmp: all of it is writable
    assert.match(output, /^elsewhere refused$/m);
  });

  it('writes to the ledger below the state root while others have it open', () => {
    assert.match(output, /^state-root rows 2 wal$/m);
    const ledger = new Database(join(real.stateRoot, 'workerctl.db'), { readonly: true });
    assert.deepEqual(ledger.prepare('select count(*) as n from rows').get(), { n: 2 });
    ledger.close();
  });
});
