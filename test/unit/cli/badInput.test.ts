import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openSqlite } from '../../../src/core/ledger/sqliteDriver.ts';
import { head } from '../support/sessionFixture.ts';

const cli = fileURLToPath(new URL('../../../src/cli/entry.ts', import.meta.url));

/** JSON that every parser takes and SQLite refuses. */
const deep = `${'{"a":'.repeat(3000)}1${'}'.repeat(3000)}`;

interface Case {
  readonly argv: readonly string[];
  readonly says: RegExp;
  readonly status?: number;
  readonly stdin?: string;
  readonly stateRoot?: string;
  readonly tools?: readonly string[];
}

describe('what a user can get wrong', function () {
  this.timeout(120_000);
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'conveyor-bad-'));
    for (const name of ['state', 'newer', 'text', 'empty', 'tools', 'alone']) mkdirSync(join(folder, name));
    write('rollout.jsonl', head('thread-w1'));
    write('torn.jsonl', head('thread-w1').slice(0, 30));
    write('other.jsonl', '{"type": "event_msg", "payload": {}}\n');
    write('binary.jsonl', Buffer.from([0xff, 0xfe, 0x00, 0x0a]));
    write('file', '');
    write('text/workerctl.db', 'this is not a database, but it is long enough to look like one'.repeat(40));
    const newer = openSqlite(join(folder, 'newer', 'workerctl.db'), { readonly: false, busyMilliseconds: 0 });
    newer.exec('CREATE TABLE t (x); PRAGMA user_version = 23');
    newer.close();
    write('tools/codex', '#!/bin/sh\n[ "$1" = --version ] || exit 3\necho "codex-cli 0.80.0"\n', 0o755);
    const found = spawnSync('sh', ['-c', 'command -v tmux'], { encoding: 'utf8' }).stdout.trim();
    symlinkSync(found, join(folder, 'alone', 'tmux'));
    for (const argv of [
      ['tasks', '--create', 'alpha', '--goal', 'Ship it'],
      [
        'register-worker',
        '--name',
        'w1',
        '--pid',
        String(process.pid),
        '--codex-session',
        join(folder, 'rollout.jsonl'),
      ],
    ]) {
      assert.equal(run({ argv, says: /./ }).status, 0, argv[0]);
    }
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  function write(name: string, content: string | Buffer, mode = 0o644): void {
    writeFileSync(join(folder, name), content, { mode });
  }

  function run({ argv, stdin = '', stateRoot = 'state', tools = [] }: Case) {
    const variables = {
      HOME: folder,
      WORKERCTL_STATE_ROOT: join(folder, stateRoot),
      CONVEYOR_TMUX_SOCKET: join(folder, 'no-server'),
      XDG_DATA_HOME: join(folder, 'data'),
      PATH: [...tools.map((name) => join(folder, name)), dirname(process.execPath), '/bin-without-tools'].join(':'),
    };
    const given = argv.map((word) => word.replace('@', `${folder}/`));
    return spawnSync(process.execPath, [cli, ...given], {
      cwd: folder,
      env: variables,
      input: stdin,
      encoding: 'utf8',
    });
  }

  function refusesAll(wrong: readonly Case[]): void {
    for (const one of wrong) {
      const { status, stdout, stderr } = run(one);
      const label = `${one.argv.join(' ')}: ${stderr}`;
      assert.equal(status, one.status ?? 1, label);
      assert.equal(stdout, '', label);
      assert.match(stderr, one.says, label);
      const lines = stderr.trimEnd().split('\n');
      if (one.status === 2) {
        assert.match(lines.shift() ?? '', /^usage: /, label);
        while (lines[0]?.startsWith('   ')) lines.shift();
      }
      assert.equal(lines.length, 1, label);
      assert.match(lines[0] ?? '', /^conveyor/, label);
      assert.doesNotMatch(stderr, /internal error|Error:/, label);
    }
  }

  it('CP-54: a command line that cannot be understood is a usage error', () => {
    refusesAll([
      { argv: ['fly'], says: /invalid choice: 'fly'/, status: 2 },
      { argv: ['tasks', '--colour'], says: /--colour/, status: 2 },
      { argv: ['register-worker', '--name', 'x', '--pid', 'many'], says: /many/, status: 2 },
      {
        argv: ['pair', '--task', 'x', '--worker-name', 'a', '--manager-name', 'b', '--manager-mode', 'odd'],
        says: /odd/,
        status: 2,
      },
    ]);
  });

  it('CP-54: a name or a value that is wrong is one line that says which', () => {
    refusesAll([
      { argv: ['cycle', 'ghost'], says: /ghost/ },
      { argv: ['cycle', 'alpha'], says: /alpha.*bind/ },
      { argv: ['session-nudge', 'ghost', 'hello'], says: /ghost/ },
      { argv: ['enqueue-nudge-worker', 'alpha', '--message', ' '], says: /message/ },
      { argv: ['worker-ack', 'alpha', '--from-stdin'], stdin: '[1, 2]', says: /object/ },
      { argv: ['worker-ack', 'alpha', '--from-stdin'], stdin: '{"a": NaN}', says: /JSON/ },
      { argv: ['worker-ack', 'alpha', '--from-stdin'], stdin: '{"a": [1e999]}', says: /JSON/ },
      { argv: ['handoff', 'alpha', '--summary', 'x', '--payload-json', '{"a": -1e999}'], says: /valid JSON/ },
      { argv: ['manager-config', 'alpha', '--permit', 'bogus.x'], says: /bogus\.x/ },
      { argv: ['manager-config', 'alpha', '--permissions-json', '[]'], says: /object/ },
      {
        argv: ['criteria', 'alpha', '--satisfy', '9'.repeat(23), '--proof', 'x'],
        says: /--satisfy: 1e\+23 is no whole/,
      },
      {
        argv: ['handoff', 'alpha', '--summary', 'x', '--payload-json', deep],
        says: /--payload-json is nested too deeply/,
      },
      { argv: ['worker-ack', 'alpha', '--from-stdin'], stdin: deep, says: /JSON object/ },
      { argv: ['pair', '--task', ' ', '--worker-name', 'a', '--manager-name', 'b', '--task-goal', 'g'], says: /./ },
      { argv: ['create-disposable-binding', ''], says: /a task needs a name/ },
    ]);
  });

  it('CP-54: a rollout that is none is one line that names the file', () => {
    refusesAll([
      {
        argv: ['register-worker', '--name', 'x', '--pid', '1', '--codex-session', '@absent.jsonl'],
        says: /absent\.jsonl/,
      },
      {
        argv: ['register-worker', '--name', 'x', '--pid', '1', '--codex-session', '@torn.jsonl'],
        says: /torn\.jsonl/,
      },
      {
        argv: ['register-worker', '--name', 'x', '--pid', '1', '--codex-session', '@other.jsonl'],
        says: /other\.jsonl/,
      },
      {
        argv: ['register-worker', '--name', 'x', '--pid', '1', '--codex-session', '@binary.jsonl'],
        says: /binary\.jsonl/,
      },
      { argv: ['register-worker', '--name', 'x', '--pid', '1', '--codex-session', '@state'], says: /state/ },
    ]);
  });

  it('CP-54: a ledger that cannot be used is one line that says what to do', () => {
    refusesAll([
      { argv: ['tasks'], stateRoot: 'file/below', says: /WORKERCTL_STATE_ROOT/ },
      { argv: ['tasks'], stateRoot: 'text', says: /not a usable SQLite database/ },
      { argv: ['tasks'], stateRoot: 'newer', says: /newer than.*update/ },
      { argv: ['tasks', '--path', '@state'], says: /is a folder/ },
    ]);
  });

  it('CP-54: a tool that is missing or fails is one line that names it', () => {
    refusesAll([
      { argv: ['start-worker', '--name', 'x'], says: /tmux is not installed/ },
      { argv: ['start-worker', '--name', 'x'], tools: ['alone'], says: /codex is not on PATH/ },
      { argv: ['create', 'x'], says: /Required tool not found on PATH: tmux/ },
      { argv: ['create', 'x'], tools: ['alone'], says: /Required tool not found on PATH: codex/ },
      { argv: ['start-test'], says: /Required tool not found on PATH: tmux/ },
      { argv: ['start-worker', '--name', 'a.b'], tools: ['alone', 'tools'], says: /a\.b/ },
      { argv: ['start-worker', '--name', 'x', '--cwd', '@absent'], tools: ['alone', 'tools'], says: /absent/ },
    ]);
  });

  it('CP-54: what was refused has left nothing behind', () => {
    const registering = ['register-worker', '--name', 'x', '--pid', '1', '--codex-session', '@other.jsonl'];
    refusesAll([{ argv: registering, says: /other\.jsonl/ }]);
    const { stdout } = run({ argv: ['sessions', '--state', 'all'], says: /./ });
    assert.deepEqual(
      JSON.parse(stdout).map(({ name }: { name: string }) => name),
      ['w1'],
    );
  });
});
