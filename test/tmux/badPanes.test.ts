import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { head } from '../unit/support/sessionFixture.ts';
import { type StandIn, startServer, type TestServer, until } from './tmuxServer.ts';

const cli = fileURLToPath(new URL('../../src/cli/entry.ts', import.meta.url));

interface Answer {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

describe('terminals that are not as expected, from the command line', function () {
  this.timeout(120_000);
  let server: TestServer;
  let stateRoot: string;

  before(() => {
    server = startServer();
    stateRoot = join(server.folder, 'state');
    mkdirSync(join(server.folder, 'bin'));
  });
  after(() => server.close());

  async function conveyor(argv: readonly string[], path = process.env.PATH ?? ''): Promise<Answer> {
    const environment = {
      HOME: server.folder,
      CODEX_HOME: join(server.folder, 'codex'),
      XDG_DATA_HOME: join(server.folder, 'data'),
      WORKERCTL_STATE_ROOT: stateRoot,
      CONVEYOR_TMUX_SOCKET: server.socket,
      PATH: path,
    };
    const child = spawn(process.execPath, [cli, ...argv], { cwd: server.folder, env: environment });
    child.stdin.end();
    const said = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
    const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { status, ...said };
  }

  async function succeeds(...argv: string[]): Promise<Record<string, unknown>> {
    const { status, stdout, stderr } = await conveyor(argv);
    assert.equal(`${status} ${stderr}`, '0 ', argv.join(' '));
    return JSON.parse(stdout);
  }

  async function refuses(says: RegExp, argv: readonly string[], path?: string): Promise<void> {
    const { status, stdout, stderr } = await conveyor(argv, path);
    assert.equal(status, 1, stderr);
    assert.equal(stdout, '');
    assert.match(stderr, says);
    assert.match(stderr, /^conveyor: .*\n$/);
    assert.doesNotMatch(stderr, /internal error|Error:/);
  }

  function rows(sql: string): unknown[] {
    const ledger = new Database(join(stateRoot, 'workerctl.db'), { readonly: true });
    try {
      return ledger.prepare(sql).all();
    } finally {
      ledger.close();
    }
  }

  /** A stand-in that is bound as the worker of a task of the same name; its manager has no terminal. */
  async function bound(name: string, habits = ''): Promise<StandIn> {
    const standIn = await server.standIn(name, { habits });
    writeFileSync(standIn.rollout, head(`thread-${name}`));
    const other = join(server.folder, `${name}-m.jsonl`);
    writeFileSync(other, head(`thread-${name}-m`));
    const pid = String(standIn.pane.pid);
    const worker = ['--name', name, '--pid', pid, '--codex-session', standIn.rollout, '--tmux-session', name];
    await succeeds('register-worker', ...worker);
    await succeeds('register-manager', '--name', `${name}-m`, '--pid', pid, '--codex-session', other);
    await succeeds('tasks', '--create', name, '--goal', 'g');
    await succeeds('bind', '--task', name, '--worker', name, '--manager', `${name}-m`);
    return standIn;
  }

  const failedNudges = () => rows("SELECT 1 FROM commands WHERE type = 'session_nudge' AND state = 'failed'").length;
  const openCommands = () => rows("SELECT 1 FROM commands WHERE state IN ('pending', 'attempted')");

  it('CP-16: a codex that exits at once is one line with its last words, and leaves neither terminal nor session', async () => {
    const codex = join(server.folder, 'bin', 'codex');
    const script =
      '#!/bin/sh\n[ "$1" = --version ] && echo "codex-cli 0.169.0" && exit\necho "no model today"\nsleep 0.1\nexit 3\n';
    writeFileSync(codex, script, { mode: 0o755 });
    const path = [dirname(codex), process.env.PATH].join(delimiter);
    await refuses(/no model today/, ['start-worker', '--name', 'brief', '--timeout-seconds', '20'], path);
    await assert.rejects(server.ports.tmux.findPane({ session: 'codex-brief', paneId: null }));
    assert.deepEqual(rows('SELECT name FROM sessions'), []);
  });

  it('the old nudge names the worker of a folder as such, though a session types for it, and takes a list', async () => {
    const worker = await bound('listed');
    assert.equal((await conveyor(['nudge', 'listed', '- one'])).stdout, 'sent nudge to session listed\n');
    const said =
      "SELECT json_extract(payload_json, '$.legacy_command') AS verb FROM events WHERE type = 'session_nudged'";
    assert.deepEqual(rows(said), [{ verb: 'nudge' }]);
    mkdirSync(join(stateRoot, 'listed'));
    writeFileSync(join(stateRoot, 'listed', 'config.json'), '{"name": "listed", "tmux_session": "listed"}');
    assert.equal((await conveyor(['nudge', 'listed', '- one\n- two'])).stdout, 'sent nudge to listed\n');
    assert.deepEqual(worker.messages(), ['- one', '- one\n- two']);
    assert.match((await conveyor(['events', 'listed'])).stdout, /"type": "nudge"/);
  });

  it('a pane that is gone is one line that names it; what is queued for it fails with the reason', async () => {
    const worker = await bound('gone');
    server.raw('kill-session', '-t', '=gone');
    await until('it is gone', () => !server.ports.host.isAlive(worker.pane.pid));
    await refuses(/session 'gone' \(tmux session gone\): .*not running/, ['session-nudge', 'gone', 'hello']);
    await refuses(/session 'gone'/, ['session-interrupt', 'gone']);
    await succeeds('enqueue-nudge-worker', 'gone', '--message', 'hello', '--json');
    const { status, stderr } = await conveyor(['dispatch', '--once']);
    assert.equal(`${status} ${stderr}`, '0 ');
    const [nudge] = rows("SELECT state, error FROM commands WHERE type = 'nudge_worker'") as {
      state: string;
      error: string;
    }[];
    assert.equal(nudge?.state, 'failed');
    assert.match(nudge?.error ?? '', /session 'gone' .*not running/);
    const cycle = await succeeds('cycle', 'gone');
    assert.equal(cycle.worker_alive, false);
    assert.deepEqual(openCommands(), []);
  });

  it('an unexpected dialog is one line; nothing is typed, pressed or said later', async () => {
    const worker = await bound('asking', 'dialog');
    const before = failedNudges();
    await refuses(/session 'asking' .*nothing was typed/, ['session-nudge', 'asking', 'yes']);
    await refuses(/session 'asking'/, ['session-interrupt', 'asking', '--followup', 'yes']);
    assert.deepEqual([worker.answers(), worker.messages()], [[], []]);
    assert.equal(failedNudges(), before + 1);
    assert.deepEqual(openCommands(), []);
  });

  it('a tmux that is missing is one line', async () => {
    const worker = await bound('unreachable');
    await refuses(/tmux is not installed/, ['session-nudge', 'unreachable', 'hello'], dirname(process.execPath));
    assert.deepEqual(worker.messages(), []);
    assert.deepEqual(openCommands(), []);
  });

  it('a shell where Codex was is one line, and runs nothing', async () => {
    await bound('shell');
    server.raw('respawn-pane', '-k', '-t', '=shell:', 'bash', '--norc', '-i');
    const made = join(server.folder, 'made');
    await refuses(/session 'shell' .*nothing was typed/, ['session-nudge', 'shell', `touch ${made}`]);
    assert.doesNotMatch(server.raw('capture-pane', '-p', '-t', '=shell:'), /touch/);
    assert.deepEqual(openCommands(), []);
  });
});
