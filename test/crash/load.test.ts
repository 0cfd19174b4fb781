import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod/mini';
import { bundle } from '../../src/build/bundle.ts';
import { type StandIn, startServer, type TestServer, until } from '../tmux/tmuxServer.ts';
import { event, head } from '../unit/support/sessionFixture.ts';
import { readRows, type Row } from './crashScene.ts';

const writeSeconds = 20;

interface Answer {
  readonly argv: readonly string[];
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const command = z.looseObject({ command_id: z.string() });
const inbox = z.looseObject({ consumed: z.nullable(z.looseObject({ id: z.number() })) });
const cycle = z.looseObject({ notifications: z.array(z.looseObject({ id: z.number() })) });
const criterion = z.looseObject({ affected_criterion: z.looseObject({ id: z.number() }) });
const ingested = z.looseObject({ new_events: z.number() });
const task = z.looseObject({ id: z.string() });

describe('eight writers for twenty seconds beside a dispatcher', function () {
  this.timeout(180_000);
  let folder: string;
  let cli: string;
  let server: TestServer;
  let pane: StandIn;
  let environment: NodeJS.ProcessEnv;
  const answers: Answer[] = [];
  const children: ChildProcess[] = [];
  /** What the writers were told that they had done. */
  const done = {
    commands: new Set<string>(),
    /** What each idempotency key was answered with. */
    keyed: new Map<number, Set<string>>(),
    typed: [] as string[],
    turns: 0,
    workerMail: [] as number[],
    managerMail: [] as number[],
    criteria: new Set<number>(),
    decisions: 0,
    acknowledgements: 0,
    tasks: new Set<string>(),
    cycles: 0,
    hammered: 0,
  };
  let dispatcher: { readonly status: string; readonly stderr: string };

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'conveyor-load-'));
    await bundle(join(folder, 'dist'));
    cli = join(folder, 'dist', 'cli.js');
    server = startServer();
    environment = {
      ...process.env,
      WORKERCTL_STATE_ROOT: join(folder, '.codex-workers'),
      CONVEYOR_TMUX_SOCKET: server.socket,
      CODEX_HOME: join(folder, 'codex'),
      XDG_CACHE_HOME: join(folder, 'cache'),
    };
    await setUp();
    await writeForAWhile();
  });
  after(() => {
    for (const child of children) child.kill('SIGKILL');
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function start(script: string, argv: readonly string[]): ChildProcess {
    const child = spawn(process.execPath, [script, ...argv], { cwd: folder, env: environment });
    children.push(child);
    return child;
  }

  async function ran(child: ChildProcess): Promise<Omit<Answer, 'argv'>> {
    const said = { stdout: '', stderr: '' };
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (said.stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
    const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { status, ...said };
  }

  async function conveyor(argv: readonly string[], input = ''): Promise<Answer> {
    const child = start(cli, argv);
    child.stdin?.end(input);
    const answer = { argv, ...(await ran(child)) };
    answers.push(answer);
    return answer;
  }

  async function ask<T>(shape: z.ZodMiniType<T>, ...argv: string[]): Promise<T> {
    const { stdout, stderr } = await conveyor(argv);
    if (stdout === '') throw new Error(`${argv.join(' ')}: ${stderr}`);
    return shape.parse(JSON.parse(stdout));
  }

  const rollout = (name: string) => join(folder, `${name}.jsonl`);

  async function setUp(): Promise<void> {
    pane = await server.standIn('typist');
    writeFileSync(pane.rollout, head('thread-pw'));
    for (const name of ['w', 'm', 'pm']) writeFileSync(rollout(name), head(`thread-${name}`));
    const register = (role: string, name: string, file: string, ...more: string[]) =>
      ask(
        z.unknown(),
        `register-${role}`,
        '--name',
        name,
        '--pid',
        String(pane.pane.pid),
        '--codex-session',
        file,
        ...more,
      );
    await register('worker', 'w', rollout('w'));
    await register('manager', 'm', rollout('m'));
    await register('worker', 'pw', pane.rollout, '--tmux-session', 'typist');
    await register('manager', 'pm', rollout('pm'));
    for (const name of ['mail', 'typing', 'hammered']) await ask(task, 'tasks', '--create', name, '--goal', 'Ship it');
    await ask(z.unknown(), 'bind', '--task', 'mail', '--worker', 'w', '--manager', 'm');
    await ask(z.unknown(), 'bind', '--task', 'typing', '--worker', 'pw', '--manager', 'pm');
  }

  async function writeForAWhile(): Promise<void> {
    const watch = start(cli, ['dispatch', '--watch', '--interval', '0.2']);
    const watched = ran(watch);
    const hammers = [1, 2].map(() => {
      const child = start(fileURLToPath(import.meta.resolve('./hammer.ts')), ['hammered']);
      return { child, ran: ran(child) };
    });
    const end = Date.now() + writeSeconds * 1000;
    const loop = async (write: (round: number) => Promise<unknown>) => {
      for (let round = 0; Date.now() < end; round += 1) await write(round);
    };
    await Promise.all(writers.map(loop));
    for (const { child } of hammers) child.stdin?.end();
    for (const hammer of hammers) {
      const { status, stdout, stderr } = await hammer.ran;
      answers.push({ argv: ['hammer'], status, stdout, stderr });
      done.hammered += Number(stdout);
    }
    await ask(ingested, 'ingest', 'w').then(() => {});
    await until('everything is dispatched', isDispatched, 60);
    watch.kill('SIGTERM');
    const { status, stderr } = await watched;
    dispatcher = { status: String(status), stderr };
    while (await takeMail('worker', done.workerMail));
    while (await takeMail('manager', done.managerMail));
  }

  function isDispatched(): boolean {
    const [open] = rows(
      `SELECT (SELECT count(*) FROM commands WHERE state IN ('pending', 'attempted')) AS commands,
         (SELECT count(DISTINCT byte_offset) FROM codex_events WHERE subtype = 'task_complete')
         - (SELECT count(*) FROM routed_notifications WHERE signal_type = 'worker_task_complete') AS completions`,
    );
    return open?.commands === 0 && open.completions === 0;
  }

  async function takeMail(role: 'worker' | 'manager', into: number[]): Promise<boolean> {
    const { consumed } = await ask(inbox, `${role}-inbox`, 'mail', '--consume-next', '--json');
    if (consumed !== null) into.push(consumed.id);
    return consumed !== null;
  }

  async function enqueue(verb: string, to: string, message: string): Promise<void> {
    done.commands.add((await ask(command, verb, to, '--message', message, '--json')).command_id);
  }

  async function enqueueOnce(round: number): Promise<void> {
    const argv = ['enqueue-nudge-worker', 'mail', '--message', `once ${round}`, '--idempotency-key', `key-${round}`];
    const { command_id: id } = await ask(command, ...argv, '--json');
    done.commands.add(id);
    done.keyed.set(round, (done.keyed.get(round) ?? new Set()).add(id));
  }

  const writers: readonly ((round: number) => Promise<unknown>)[] = [
    async (round) => {
      await enqueue('enqueue-nudge-worker', 'mail', `nudge ${round}`);
      // The other writer of messages has the same keys, at about the same time.
      await enqueueOnce(round);
    },
    async (round) => {
      const message = `type this, number ${round}`;
      await enqueue(round < 12 ? 'enqueue-nudge-worker' : 'enqueue-notify-manager', 'typing', message);
      if (round < 12) done.typed.push(message);
      await enqueueOnce(round);
    },
    () => takeMail('worker', done.workerMail),
    () => takeMail('worker', done.workerMail),
    async (round) => {
      const now = new Date().toISOString();
      const turn = { turn_id: `turn-${round}` };
      appendFileSync(rollout('w'), event('task_started', turn, now) + event('task_complete', turn, now));
      done.turns += 1;
      await ask(ingested, 'ingest', 'w');
    },
    async (round) => {
      if (round % 2 === 0) return takeMail('manager', done.managerMail);
      const { notifications } = await ask(cycle, 'cycle', 'mail');
      done.cycles += 1;
      return done.managerMail.push(...notifications.map(({ id }) => id));
    },
    async (round) => {
      const added = [
        '--add',
        '--criterion',
        `criterion ${round}`,
        '--source',
        'manager_inferred',
        '--status',
        'accepted',
      ];
      const { id } = (await ask(criterion, 'criteria', 'mail', ...added)).affected_criterion;
      await ask(criterion, 'criteria', 'mail', '--satisfy', String(id), '--proof', 'looked');
      done.criteria.add(id);
    },
    async (round) => {
      const { stdout } = await conveyor(['worker-ack', 'mail', '--from-stdin'], JSON.stringify({ round }));
      if (stdout !== '') done.acknowledgements += 1;
      await ask(z.unknown(), 'record-decision', 'mail', 'wait', '--reason', `round ${round}`);
      done.decisions += 1;
      done.tasks.add((await ask(task, 'tasks', '--create', `task-${round}`, '--goal', 'another')).id);
    },
  ];

  const rows = (sql: string): Row[] => readRows(join(folder, '.codex-workers', 'workerctl.db'), sql);
  const count = (from: string) => Number(rows(`SELECT count(*) AS n FROM ${from}`)[0]?.n);
  const ids = (sql: string) => rows(sql).map(({ id }) => id);

  it('no command fails, and none says that the database is locked', () => {
    assert.ok(answers.length > 60, `only ${answers.length} commands ran`);
    for (const { argv, status, stderr } of answers) assert.equal(`${status} ${stderr}`, '0 ', argv.join(' '));
    assert.deepEqual(dispatcher, { status: '0', stderr: '' });
  });

  it('leaves a sound ledger', () => {
    assert.deepEqual(rows('PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
    assert.deepEqual(rows('PRAGMA foreign_key_check'), []);
  });

  it('no row is lost', () => {
    assert.deepEqual(new Set(ids('SELECT id FROM commands')), done.commands);
    assert.deepEqual(new Set(ids("SELECT id FROM acceptance_criteria WHERE status = 'satisfied'")), done.criteria);
    assert.equal(count('acceptance_criteria'), done.criteria.size);
    const ofTask = (name: string) => `task_id = (SELECT id FROM tasks WHERE name = '${name}')`;
    assert.equal(count(`manager_decisions WHERE ${ofTask('mail')}`), done.decisions);
    assert.equal(count(`manager_decisions WHERE ${ofTask('hammered')}`), done.hammered);
    assert.ok(done.hammered > 100, `only ${done.hammered}`);
    assert.equal(count("tasks WHERE name LIKE 'task-%'"), done.tasks.size);
    assert.equal(count("manager_cycles WHERE state = 'succeeded'"), done.cycles);
    const revisions = ids('SELECT revision AS id FROM task_acknowledgements ORDER BY revision');
    assert.deepEqual(
      revisions,
      Array.from({ length: done.acknowledgements }, (_, at) => at + 1),
    );
  });

  it('every line of the rollout is in the ledger once, though several processes read it', () => {
    const ofWorker = "codex_events WHERE session_id = (SELECT id FROM sessions WHERE name = 'w')";
    assert.equal(count(ofWorker), 1 + 2 * done.turns);
    assert.equal(Number(rows(`SELECT count(DISTINCT byte_offset) AS n FROM ${ofWorker}`)[0]?.n), 1 + 2 * done.turns);
  });

  it('OD-26: a key that two use at the same time makes one command', () => {
    assert.ok(done.keyed.size > 3, `only ${done.keyed.size} keys`);
    for (const [round, ids] of done.keyed) assert.equal(ids.size, 1, `key-${round}`);
    assert.equal(count("commands WHERE idempotency_key LIKE 'key-%'"), done.keyed.size);
  });

  it('every message is sent once, in its order', () => {
    assert.deepEqual(new Set(ids("SELECT id FROM commands WHERE state <> 'succeeded'")), new Set());
    assert.equal(count('command_attempts'), done.commands.size);
    assert.equal(count('routed_notifications WHERE command_id IS NOT NULL'), done.commands.size);
    assert.deepEqual(pane.messages(), done.typed);
  });

  it('every message is consumed once, by whoever read it', () => {
    const waiting = (signal: string, role: string) =>
      ids(`SELECT n.id FROM routed_notifications n JOIN sessions s ON s.id = n.target_session_id
        WHERE n.signal_type = '${signal}' AND s.name = '${role}' ORDER BY n.id`);
    const ascending = (numbers: readonly number[]) => numbers.toSorted((left, right) => left - right);
    assert.deepEqual(ascending(done.workerMail), waiting('nudge_worker', 'w'));
    assert.deepEqual(ascending(done.managerMail), waiting('worker_task_complete', 'm'));
    assert.equal(done.managerMail.length, done.turns);
    assert.equal(
      count(
        "routed_notifications n JOIN sessions s ON s.id = n.target_session_id WHERE s.name IN ('w', 'm') AND n.consumed_at IS NULL",
      ),
      0,
    );
  });
});
