import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { spread } from '../bench/statistics.ts';
import { pause, rolloutLine, supervisedPair, task, worker } from '../bench/supervisedPair.ts';

/**
 * `npm run trial:load`: sixteen hands that each run two hundred commands of all kinds on one ledger, every command a
 * process of its own, beside a dispatcher. Afterwards nothing is lost, nothing is there twice, and no command failed.
 * Prints how long a command took under that load.
 *
 *     npm run trial:load [-- HANDS COMMANDS]
 */
const [hands = 16, commandsOfHand = 200] = process.argv.slice(2).map(Number);

const commandId = z.looseObject({ command_id: z.string() });
const inbox = z.looseObject({ consumed: z.nullable(z.looseObject({ id: z.number() })) });
const cycled = z.looseObject({ notifications: z.array(z.looseObject({ id: z.number() })) });
const criterion = z.looseObject({ affected_criterion: z.looseObject({ id: z.number() }) });
const made = z.looseObject({ id: z.string() });

const pair = await supervisedPair();
const cli = join(pair.dist, 'cli.js');
const took: number[] = [];
const failures: string[] = [];
/** What the hands were told that they had done. */
const done = {
  commands: new Map<string, Set<string>>(),
  mail: [] as number[],
  criteria: new Set<number>(),
  decisions: 0,
  acknowledgements: 0,
  tasks: new Set<string>(),
  cycles: 0,
  turns: 0,
};

async function conveyor(argv: readonly string[], input = ''): Promise<string> {
  const started = performance.now();
  const child = spawn(process.execPath, [cli, ...argv], { cwd: pair.folder, env: pair.environment });
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
  child.stdin.end(input);
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  took.push(performance.now() - started);
  if (status !== 0 || said.stderr !== '') failures.push(`${argv.join(' ')} ended with ${status}: ${said.stderr}`);
  return said.stdout;
}

async function ask<Answer>(shape: z.ZodMiniType<Answer>, ...argv: string[]): Promise<Answer> {
  return shape.parse(JSON.parse(await conveyor(argv)));
}

async function enqueue(key: string, verb: string): Promise<void> {
  const { command_id: id } = await ask(commandId, verb, task, '--message', key, '--idempotency-key', key, '--json');
  done.commands.set(key, (done.commands.get(key) ?? new Set()).add(id));
}

async function takeMail(role: 'worker' | 'manager'): Promise<boolean> {
  const { consumed } = await ask(inbox, `${role}-inbox`, task, '--consume-next', '--json');
  if (consumed !== null) done.mail.push(consumed.id);
  return consumed !== null;
}

async function finishTurn(name: string): Promise<void> {
  const line = (type: string) => rolloutLine('event_msg', { type, turn_id: name });
  appendFileSync(pair.workerRollout, line('task_started') + line('task_complete'));
  done.turns += 1;
  await conveyor(['ingest', worker]);
}

async function settleCriterion(name: string): Promise<void> {
  const fields = ['--criterion', name, '--source', 'manager_inferred', '--status', 'accepted'];
  const { id } = (await ask(criterion, 'criteria', task, '--add', ...fields)).affected_criterion;
  await ask(criterion, 'criteria', task, '--satisfy', String(id), '--proof', 'looked');
  done.criteria.add(id);
}

/** By turns. Two neighbours use the same keys, at about the same time. */
const kinds: readonly ((hand: number, round: number) => Promise<unknown>)[] = [
  (hand, round) => enqueue(`key ${Math.floor(hand / 2)} ${round}`, 'enqueue-nudge-worker'),
  () => takeMail('worker'),
  (hand, round) => settleCriterion(`criterion ${hand} ${round}`),
  () => conveyor(['sessions']),
  (hand, round) => finishTurn(`turn-${hand}-${round}`),
  () => takeMail('manager'),
  async () => {
    done.mail.push(...(await ask(cycled, 'cycle', task)).notifications.map(({ id }) => id));
    done.cycles += 1;
  },
  () => conveyor(['replay', task, '--limit', '50', '--json']),
  async (hand, round) => {
    await conveyor(['record-decision', task, 'wait', '--reason', `${hand} ${round}`]);
    done.decisions += 1;
  },
  (hand, round) => enqueue(`note ${Math.floor(hand / 2)} ${round}`, 'enqueue-notify-manager'),
  async (hand, round) => {
    await conveyor(['worker-ack', task, '--from-stdin'], JSON.stringify({ hand, round }));
    done.acknowledgements += 1;
  },
  async (hand, round) => {
    done.tasks.add((await ask(made, 'tasks', '--create', `task-${hand}-${round}`, '--goal', 'another')).id);
  },
];

async function work(hand: number): Promise<void> {
  for (let count = 0; count < commandsOfHand; count += 1) {
    await kinds[(count + Math.floor(hand / 2) * 5) % kinds.length]?.(hand, count);
  }
}

const numberOf = (sql: string) => Number(Object.values(Object(pair.ledger.get(`SELECT count(*) FROM ${sql}`)))[0]);
const idsOf = (sql: string) => pair.ledger.all(sql).map((row) => Object.values(Object(row))[0]);
const ascending = (ids: readonly unknown[]) => ids.map(Number).toSorted((left, right) => left - right);

function check(): void {
  assert.deepEqual(failures, []);
  assert.deepEqual(idsOf('PRAGMA integrity_check'), ['ok']);
  assert.deepEqual(idsOf('PRAGMA foreign_key_check'), []);
  const answered = [...done.commands.values()];
  assert.ok(
    answered.every((ids) => ids.size === 1),
    'a repeated key was answered with two commands',
  );
  assert.deepEqual(new Set(idsOf('SELECT id FROM commands')), new Set(answered.flatMap((ids) => [...ids])));
  assert.equal(numberOf("commands WHERE state <> 'succeeded'"), 0);
  assert.equal(numberOf('command_attempts'), answered.length);
  assert.equal(numberOf('routed_notifications WHERE command_id IS NOT NULL'), answered.length);
  assert.deepEqual(ascending(done.mail), ascending(idsOf('SELECT id FROM routed_notifications')));
  assert.deepEqual(
    ascending(idsOf("SELECT id FROM acceptance_criteria WHERE status = 'satisfied'")),
    ascending([...done.criteria]),
  );
  assert.equal(numberOf('acceptance_criteria'), done.criteria.size);
  assert.equal(numberOf('manager_decisions'), done.decisions);
  assert.equal(numberOf("manager_cycles WHERE state = 'succeeded'"), done.cycles);
  assert.equal(numberOf("tasks WHERE name LIKE 'task-%'"), done.tasks.size);
  const revisions = ascending(idsOf('SELECT revision FROM task_acknowledgements'));
  assert.deepEqual(
    revisions,
    revisions.map((_, index) => index + 1),
  );
  assert.equal(revisions.length, done.acknowledgements);
  const events = "codex_events WHERE session_id = (SELECT id FROM sessions WHERE name = 'bench-worker')";
  assert.equal(numberOf(events), 1 + 2 * done.turns);
  assert.equal(Number(idsOf(`SELECT count(DISTINCT byte_offset) FROM ${events}`)[0]), 1 + 2 * done.turns);
  assert.equal(numberOf("routed_notifications WHERE signal_type = 'worker_task_complete'"), done.turns);
}

const open = `SELECT (SELECT count(*) FROM commands WHERE state IN ('pending', 'attempted'))
  + (SELECT count(*) FROM codex_events WHERE subtype = 'task_complete')
  - (SELECT count(*) FROM routed_notifications WHERE signal_type = 'worker_task_complete')`;

try {
  const dispatcher = pair.start('dispatch', '--watch', '--interval', '0.2');
  dispatcher.stdout?.resume();
  const started = performance.now();
  await Promise.all(Array.from({ length: hands }, (_, hand) => work(hand)));
  const seconds = (performance.now() - started) / 1000;
  const underLoad = [...took];
  await conveyor(['ingest', worker]);
  for (const end = Date.now() + 60_000; Number(idsOf(open)[0]) !== 0; await pause(100)) {
    if (Date.now() > end) throw new Error('not everything was dispatched within a minute');
  }
  while (await takeMail('worker'));
  while (await takeMail('manager'));
  check();
  const perCommand = { rounds: hands * commandsOfHand, commands: underLoad.length, seconds: Math.round(seconds) };
  console.log(
    JSON.stringify({ trial: 'load', hands, ...perCommand, commandMs: spread(underLoad), keys: done.commands.size }),
  );
} finally {
  await pair.close();
}
