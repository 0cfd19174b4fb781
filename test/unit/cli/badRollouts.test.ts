import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bind } from '../../../src/core/operations/bind.ts';
import { ingest } from '../../../src/core/operations/ingest.ts';
import { HostedContext } from '../../../src/core/operations/operationContext.ts';
import { registerManager, registerWorker } from '../../../src/core/operations/register.ts';
import { runOperation } from '../../../src/core/operations/runOperation.ts';
import { tasks } from '../../../src/core/operations/tasks.ts';
import { openSqlite } from '../../../src/core/ledger/sqliteDriver.ts';
import { event, head } from '../support/sessionFixture.ts';

const cli = fileURLToPath(new URL('../../../src/cli/entry.ts', import.meta.url));

/** What the command line makes of a rollout that is not, or no more, what it was when its session was registered. */
describe('rollouts that went wrong', function () {
  this.timeout(120_000);
  let folder: string;
  let rollout: string;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'conveyor-rollouts-'));
    rollout = join(folder, 'rollout-w1.jsonl');
    const other = join(folder, 'rollout-m1.jsonl');
    writeFileSync(rollout, head('thread-w1') + event('task_started', { turn_id: 't1' }));
    writeFileSync(other, head('thread-m1'));
    const variables = { HOME: folder, WORKERCTL_STATE_ROOT: join(folder, 'state') };
    const context = new HostedContext({ surface: 'cli', cwd: folder, variables });
    const codex = { pid: process.pid, cwd: null, tmuxSession: null };
    await runOperation(registerWorker, context, { ...codex, name: 'w1', codexSession: rollout });
    await runOperation(registerManager, context, { ...codex, name: 'm1', codexSession: other });
    await runOperation(tasks, context, { create: 't', goal: 'g' });
    await runOperation(bind, context, { task: 't', worker: 'w1', manager: 'm1' });
    await runOperation(ingest, context, { name: 'w1' });
    context.close();
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function conveyor(...argv: string[]) {
    const environment = { HOME: folder, WORKERCTL_STATE_ROOT: join(folder, 'state'), PATH: process.env.PATH };
    return spawnSync(process.execPath, [cli, ...argv], { cwd: folder, env: environment, encoding: 'utf8' });
  }

  function succeeds(...argv: string[]): Record<string, unknown> {
    const { status, stdout, stderr } = conveyor(...argv);
    assert.equal(`${status} ${stderr}`, '0 ', argv.join(' '));
    return JSON.parse(stdout);
  }

  function refuses(says: RegExp, ...argv: string[]): void {
    const { status, stdout, stderr } = conveyor(...argv);
    assert.equal(status, 1, stderr);
    assert.equal(stdout, '');
    assert.match(stderr, says);
    assert.match(stderr, /^conveyor: .*\n$/);
    assert.doesNotMatch(stderr, /internal error|Error:/);
  }

  /** Everything that a half-done reading would have changed. */
  function state(): unknown {
    const ledger = openSqlite(join(folder, 'state', 'workerctl.db'), { readonly: true, busyMilliseconds: 1000 });
    try {
      return [
        'SELECT count(*) AS n FROM codex_events',
        'SELECT last_ingest_offset, state FROM sessions ORDER BY name',
        'SELECT ingested_offset, generation, skipped_lines FROM panel_rollouts ORDER BY id',
        "SELECT count(*) AS n FROM manager_cycles WHERE state = 'succeeded'",
      ].map((sql) => ledger.prepare(sql).all());
    } finally {
      ledger.close();
    }
  }

  const spoiled: readonly [string, RegExp, () => void][] = [
    [
      'is missing',
      /rollout file does not exist: .*rollout-w1\.jsonl; register the session again/,
      () => rmSync(rollout),
    ],
    [
      'shrank',
      /rollout file shrank: .*rollout-w1\.jsonl has 40 bytes, but \d+ were read/,
      () => truncateSync(rollout, 40),
    ],
    ['is empty now', /rollout file shrank: .* has 0 bytes/, () => truncateSync(rollout, 0)],
  ];
  for (const [what, says, spoil] of spoiled) {
    it(`CP-54: a rollout that ${what} is one line that names the file, and nothing is half-done`, () => {
      const before = state();
      spoil();
      refuses(says, 'ingest', 'w1');
      refuses(says, 'cycle', 't');
      assert.deepEqual(state(), before);
    });
  }

  it('a byte order mark and CRLF from its first line on are no obstacle to register and read it', () => {
    const marked = join(folder, 'rollout-marked.jsonl');
    writeFileSync(marked, `\uFEFF${head('thread-w2')}${event('task_started')}`.replaceAll('\n', '\r\n'));
    succeeds('register-worker', '--name', 'w2', '--pid', String(process.pid), '--codex-session', marked);
    const { new_events: events, skipped_lines: skipped } = succeeds('ingest', 'w2');
    assert.deepEqual([events, skipped], [2, 0]);
  });

  it('a rollout that was replaced is read from its start', () => {
    writeFileSync(rollout, head('thread-new') + event('task_complete', { turn_id: 'n' }).repeat(5));
    assert.deepEqual(succeeds('ingest', 'w1'), {
      new_events: 6,
      new_offset: statSync(rollout).size,
      session: 'w1',
      skipped_lines: 0,
    });
  });

  const odd: readonly [string, string | Buffer, { events: number; skipped: number }][] = [
    ['a torn line', event('task_complete').slice(0, 30), { events: 0, skipped: 0 }],
    ['CRLF', event('task_complete').replace('\n', '\r\n').repeat(2), { events: 2, skipped: 0 }],
    [
      'a byte order mark in its middle',
      `\uFEFF${event('task_complete')}${event('task_started')}`,
      { events: 1, skipped: 1 },
    ],
    [
      'invalid UTF-8',
      Buffer.concat([Buffer.from([0xc3, 0x28, 0xff, 0x0a]), Buffer.from(event('task_complete'))]),
      { events: 1, skipped: 1 },
    ],
    ['a NUL', `\0\0\0\n${event('task_complete')}`, { events: 1, skipped: 1 }],
    [
      'a line of 50 MB',
      `${event('agent_message', { message: 'x'.repeat(50 * 1024 * 1024) })}${event('task_complete')}`,
      { events: 1, skipped: 1 },
    ],
    ['records that are none', '[]\n7\n"word"\nnull\n{}\n{"type": {}}\n', { events: 0, skipped: 6 }],
  ];
  for (const [what, text, { events, skipped }] of odd) {
    it(`${what} costs no more than the line itself`, () => {
      const before = statSync(rollout).size;
      appendFileSync(rollout, text);
      const read = succeeds('ingest', 'w1');
      assert.deepEqual([read.new_events, read.skipped_lines], [events, skipped]);
      const isTorn = Buffer.from(text).at(-1) !== 0x0a;
      assert.equal(read.new_offset, isTorn ? before : statSync(rollout).size);
      assert.equal(succeeds('ingest', 'w1').new_events, 0);
      assert.equal(succeeds('cycle', 't').kind, 'session_cycle');
    });
  }
});
