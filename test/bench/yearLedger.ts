import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatTimestamp } from '../../src/core/domain/timestamps.ts';
import { ingestSession } from '../../src/core/ingest/ingestSession.ts';
import { endBindings, insertBinding } from '../../src/core/ledger/bindingStore.ts';
import type { Connection } from '../../src/core/ledger/connection.ts';
import { loadMigrations } from '../../src/core/ledger/migrations.ts';
import { openLedger } from '../../src/core/ledger/openLedger.ts';
import { markSessionGone, requireSession } from '../../src/core/ledger/sessionStore.ts';
import { insertTask, setTaskState } from '../../src/core/ledger/taskStore.ts';
import { recordSession } from '../../src/core/operations/register.ts';
import { HostedContext } from '../../src/core/operations/operationContext.ts';
import { FakeConfirmations } from '../../src/core/ports/confirmations.ts';
import { FakeClock } from '../../src/core/ports/clock.ts';
import { FakeHostFacts } from '../../src/core/ports/hostFacts.ts';
import { cacheFolder } from '../host/cacheFolder.ts';
import { Dice } from './yearDice.ts';
import { writeYearRollout } from './yearRollouts.ts';
import { insertYearRows } from './yearRows.ts';

/** How much there is in a ledger: a year of work, or a thousandth of it. */
export interface YearScale {
  readonly tasks: number;
  readonly events: number;
  readonly cycles: number;
  readonly notifications: number;
  readonly captures: number;
  /** Of the supervisor's loop; the year's are those of three hours a working day. */
  readonly heartbeats: number;
}
export const year: YearScale = {
  tasks: 60,
  events: 1_000_000,
  cycles: 100_000,
  notifications: 50_000,
  captures: 20_000,
  heartbeats: 200_000,
};
export const thousandth: YearScale = {
  tasks: 4,
  events: 1000,
  cycles: 100,
  notifications: 50,
  captures: 20,
  heartbeats: 200,
};

/** One task with its two sessions. The last ones are still open, the very last is the longest of all. */
export interface YearTask {
  readonly id: string;
  readonly name: string;
  readonly bindingId: string;
  readonly worker: YearSession;
  readonly manager: YearSession;
  readonly startsAt: number;
  readonly endsAt: number;
  readonly isOpen: boolean;
  readonly weight: number;
}
export interface YearSession {
  readonly id: string;
  readonly name: string;
  readonly rollout: string;
}

/** The task with the most of everything: the one to ask for. */
export const busiestTask = 'billing-rewrite';
const busiestShare = 0.2;
const openTasks = 3;
const day = 86_400_000;
const subjects = ['search', 'login', 'reports', 'sync', 'billing', 'imports', 'alerts', 'cache', 'mobile', 'docs'];
const works = ['rewrite', 'cleanup', 'speedup', 'tests', 'upgrade', 'hardening'];

/**
 * A ledger of a year that ends today: several tasks one after the other and beside each other, each with a worker and a
 * manager whose rollouts were really ingested; cycles with spans, decisions, commands, notifications, telemetry, screens.
 *
 * Kept in the cache, by what makes it and by the day it ends on. Returns the state root; don't write to it: copy it first.
 */
export async function yearLedger(scale: YearScale): Promise<string> {
  const folder = join(cacheFolder(), 'ledgers');
  const label = `${scale.events}-`;
  const root = join(folder, `${label}${keyOf(scale)}`);
  if (existsSync(root)) return root;
  if (existsSync(folder)) {
    for (const name of readdirSync(folder)) {
      if (name.startsWith(label)) rmSync(join(folder, name), { recursive: true, force: true });
    }
  }
  mkdirSync(folder, { recursive: true });
  mkdirSync(`${root}.rollouts`, { recursive: true });
  const staged = `${root}.${process.pid}`;
  rmSync(staged, { recursive: true, force: true });
  await makeYearLedger(staged, `${root}.rollouts`, scale);
  renameSync(staged, root);
  return root;
}

/** What the ledger is made by, and today: `--window 24h` must find something. */
function keyOf(scale: YearScale): string {
  const here = fileURLToPath(new URL('.', import.meta.url));
  const makers = readdirSync(here).filter((name) => name.startsWith('year'));
  const sources = [...makers.map((name) => readFileSync(join(here, name), 'utf8')), ...loadMigrations().map(sqlOf)];
  const today = new Date().toISOString().slice(0, 10);
  const hash = createHash('sha256').update(JSON.stringify([scale, today, ...sources]));
  return hash.digest('hex').slice(0, 16);
}

function sqlOf({ sql }: { readonly sql: string }): string {
  return sql;
}

/** Below a folder that is not there yet, with its rollouts in one that is. */
export async function makeYearLedger(root: string, rollouts: string, scale: YearScale): Promise<void> {
  const now = Date.now();
  const { connection: ledger } = openLedger(join(root, 'workerctl.db'), now - 366 * day);
  try {
    ledger.pragma('synchronous = OFF');
    ledger.pragma('cache_size = -200000');
    const tasks = await makeTasks(ledger, { root, rollouts, scale, now });
    insertYearRows(ledger, tasks, scale, now);
    for (const task of tasks) if (!task.isOpen) close(ledger, task);
    ledger.pragma('wal_checkpoint(TRUNCATE)');
  } finally {
    ledger.close();
  }
}

interface Site {
  readonly root: string;
  readonly rollouts: string;
  readonly scale: YearScale;
  readonly now: number;
}

async function makeTasks(ledger: Connection, site: Site): Promise<YearTask[]> {
  const { scale, now } = site;
  const dice = new Dice(7);
  const tasks: YearTask[] = [];
  for (let index = 0; index < scale.tasks; index += 1) {
    const isBusiest = index === scale.tasks - 1;
    const isOpen = index >= scale.tasks - openTasks;
    const startsAt = now - 365 * day + Math.floor((index / scale.tasks) * 300 * day);
    const endsAt = isOpen ? now : startsAt + dice.between(10, 60) * day;
    const name = isBusiest ? busiestTask : `${dice.of(subjects)}-${dice.of(works)}-${index}`;
    const share = (1 - busiestShare) / (scale.tasks - 1);
    const weight = isBusiest ? busiestShare : share;
    tasks.push(await makeTask(ledger, site, { name, isOpen, startsAt, endsAt, weight }));
  }
  return tasks;
}

async function makeTask(
  ledger: Connection,
  { root, rollouts, scale }: Site,
  plan: Pick<YearTask, 'name' | 'isOpen' | 'startsAt' | 'endsAt' | 'weight'>,
): Promise<YearTask> {
  const clock = new FakeClock(plan.startsAt);
  const host = new FakeHostFacts();
  const variables = { HOME: root };
  const context = new HostedContext({
    surface: 'cli',
    cwd: root,
    variables,
    ledger,
    clock,
    host,
    confirmations: new FakeConfirmations(),
  });
  const sessionOf = async (role: 'worker' | 'manager', events: number): Promise<YearSession> => {
    const name = `${plan.name}-${role}`;
    const rollout = join(rollouts, `rollout-${name}.jsonl`);
    const thread = `0199aaaa-${name}`;
    writeYearRollout(rollout, { thread, events, from: plan.startsAt, until: plan.endsAt });
    const facts = { name, role, pid: null, tmuxSession: undefined, cwd: `/srv/${plan.name}`, codexVersion: '0.169.0' };
    const made = recordSession(context, { ...facts, codexSessionPath: rollout, codexSessionId: thread });
    return { id: made.session_id, name, rollout };
  };
  const events = Math.round(scale.events * plan.weight);
  const worker = await sessionOf('worker', Math.round(events * 0.8));
  const manager = await sessionOf('manager', events - Math.round(events * 0.8));
  const goal = `Finish ${plan.name} without changing what users see.`;
  const task = ledger.write(() => {
    const made = insertTask(ledger, { name: plan.name, goal, summary: null }, clock.now());
    const [left, right] = [requireSession(ledger, worker.name), requireSession(ledger, manager.name)];
    return { ...made, binding: insertBinding(ledger, made, left, right, clock.now()) };
  });
  for (const { name } of [worker, manager]) {
    const session = requireSession(ledger, name);
    await ingestSession({ ledger, clock }, session, { quiet: true, tally: () => null });
  }
  return { id: task.id, bindingId: task.binding.id, worker, manager, ...plan };
}

function close(ledger: Connection, { id, worker, manager, endsAt }: YearTask): void {
  ledger.write(() => {
    endBindings(ledger, id, endsAt);
    setTaskState(ledger, id, 'done', endsAt);
    for (const session of [worker, manager]) markSessionGone(ledger, session.id, endsAt);
    ledger.run("UPDATE runs SET status = 'finished', ended_at = ? WHERE task_id = ? AND status = 'active'", [
      formatTimestamp(endsAt),
      id,
    ]);
  });
}
