import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../../src/build/bundle.ts';
import { HostedContext } from '../../src/core/operations/operationContext.ts';
import { recordSession } from '../../src/core/operations/register.ts';
import { attentionOfSession } from '../../src/core/supervise/attention.ts';
import { readSessionState } from '../../src/core/supervise/sessionState.ts';
import { listSessions } from '../../src/core/ledger/sessionStore.ts';

/**
 * Two hundred sessions, each with recorded conversations of a real Codex replayed at their own pace into a file of its own,
 * half a minute between two, under one supervisor (`conveyor dispatch --watch`): are the states right, and what does it cost? Minutes as the first argument.
 */
const minutes = Number(process.argv[2] ?? 10);
const count = Number(process.argv[3] ?? 200);
const recordings = ['simple-reply', 'two-turns', 'reasoning', 'failing-command', 'shell-command', 'interrupt-esc'];
const corpus = join(import.meta.dirname, '../golden/data/rollouts/0.140.0');

const root = mkdtempSync(join(tmpdir(), 'conveyor-many-'));
const home = join(root, 'home');
const variables = { ...process.env, HOME: root, CODEX_HOME: home, WORKERCTL_STATE_ROOT: join(root, 'state') };
const context = new HostedContext({ surface: 'cli', cwd: root, variables });
const cli = join(root, 'dist');
await bundle(cli);

/** Between two conversations somebody reads, and thinks. */
const restMilliseconds = 30_000;

interface Replay {
  readonly name: string;
  readonly file: string;
  readonly lines: readonly string[];
  at: number;
  /** When its next line is due, milliseconds. */
  nextAt: number;
  turn: number;
  state: 'working' | 'resting' | 'unknown';
  changedAt: number;
}

const stands: ChildProcess[] = [];
const folder = join(home, 'sessions', '2026', '11', '26');
mkdirSync(folder, { recursive: true });
const replays = Array.from({ length: count }, (_, index): Replay => {
  const text = readFileSync(join(corpus, `${recordings[index % recordings.length]}.jsonl`), 'utf8');
  const [head = '', ...lines] = text.split('\n').filter(Boolean);
  const id = `01a20000-0000-7000-8000-${String(index).padStart(12, '0')}`;
  const { id: former } = JSON.parse(head).payload;
  const file = join(folder, `rollout-2026-11-26T00-00-00-${id}.jsonl`);
  writeFileSync(file, `${head.replaceAll(String(former), id)}\n`);
  const name = `w${index}`;
  // A process of its own: what ours holds open is everybody's.
  const own = spawn('sleep', ['3600'], { stdio: 'ignore' });
  stands.push(own);
  const facts = { codexSessionPath: file, codexSessionId: id, pid: own.pid ?? 0, cwd: root, codexVersion: '0.140.0' };
  recordSession(context, { name, role: 'worker', tmuxSession: undefined, ...facts });
  return {
    name,
    file,
    lines,
    at: 0,
    nextAt: Date.now() + (index / count) * restMilliseconds,
    turn: 0,
    state: 'unknown',
    changedAt: 0,
  };
});

const supervisor = spawn(
  process.execPath,
  [
    ...(process.env['PROFILE'] ? ['--cpu-prof', '--cpu-prof-dir', process.env['PROFILE']] : []),
    join(cli, 'cli.js'),
    'dispatch',
    '--watch',
    '--dispatcher-id',
    'many',
  ],
  {
    cwd: root,
    env: variables,
    stdio: ['ignore', 'ignore', 'inherit'],
  },
);
const pid = supervisor.pid ?? 0;
await pause(4000);
const sizeBefore = ledgerBytes();
const cpuBefore = cpuSeconds();
const began = Date.now();
const rows = { checks: 0, right: 0, wrong: 0 };
const latencies: number[] = [];
let peak = 0;
let lines = 0;

for (let step = 0; Date.now() - began < minutes * 60_000; step += 1) {
  const due = replays.filter(({ nextAt }) => nextAt <= Date.now());
  for (const replay of due) play(replay);
  lines += due.length;
  peak = Math.max(peak, residentMegabytes());
  if (step % 40 === 20) latencies.push(await latency());
  if (step % 100 === 99) check();
  const next = began + (step + 1) * 50;
  await pause(Math.max(1, next - Date.now()));
}

const seconds = (Date.now() - began) / 1000;
const share = (cpuSeconds() - cpuBefore) / seconds;
const growth = ((ledgerBytes() - sizeBefore) / seconds) * 3600;
latencies.sort((left, right) => left - right);
console.table({
  sessions: count,
  minutes: Number((seconds / 60).toFixed(1)),
  'lines a second': Math.round(lines / seconds),
  'states checked': rows.checks,
  'states wrong': rows.wrong,
  'core used, %': Number((share * 100).toFixed(1)),
  'peak MB': Math.round(peak),
  'ledger growth, MB an hour': Math.round(growth / 1e6),
  'ledger bytes a rollout byte': Number(((ledgerBytes() - sizeBefore) / written()).toFixed(2)),
  'line appended to ledger, p50 ms': at(0.5),
  'line appended to ledger, p95 ms': at(0.95),
});
supervisor.kill('SIGTERM');
await new Promise((resolve) => supervisor.once('close', resolve));
for (const stand of stands) stand.kill();
context.close();
rmSync(root, { recursive: true, force: true });
process.exitCode = rows.wrong > 0 || share > 0.1 || peak > 200 ? 1 : 0;

/** The next line of the recording, with a turn and a time of its own. */
function play(replay: Replay): void {
  const line = replay.lines[replay.at] ?? '';
  const next = replay.lines[replay.at + 1];
  replay.at = next === undefined ? 0 : replay.at + 1;
  replay.nextAt = Date.now() + (next === undefined ? restMilliseconds * (0.5 + Math.random()) : gap(line, next));
  const record: { timestamp: string; type: string; payload: { type?: string; turn_id?: string } } = JSON.parse(line);
  const { type } = record.payload;
  if (type === 'task_started') replay.turn += 1;
  if (record.payload.turn_id !== undefined) record.payload.turn_id = `${replay.name}-${replay.turn}`;
  record.timestamp = new Date().toISOString();
  appendFileSync(replay.file, `${JSON.stringify(record)}\n`);
  const state = record.type === 'event_msg' ? stateAfter(type) : null;
  if (state === null || replay.turn === 0) return;
  replay.state = state;
  replay.changedAt = Date.now();
}

/** As it was recorded. */
function gap(line: string, next: string): number {
  const [from, to] = [line, next].map((one) => Date.parse(JSON.parse(one).timestamp));
  return Math.max(0, (to ?? 0) - (from ?? 0));
}

function stateAfter(type: string | undefined): Replay['state'] | null {
  if (type === 'task_started') return 'working';
  return type === 'task_complete' || type === 'turn_aborted' ? 'resting' : null;
}

/** What has stood for a second must be known. */
function check(): void {
  const now = Date.now();
  for (const session of listSessions(context.ledger)) {
    const replay = replays.find(({ name }) => name === session.name);
    if (replay === undefined || replay.state === 'unknown' || now - replay.changedAt < 1000) continue;
    const state = readSessionState(context.ledger, session.id);
    const attention = attentionOfSession(context.ledger, { session, state, observation: null, now });
    const isResting = ['turn_ended', 'idle', 'error', 'rate_limited'].includes(attention.state);
    const isRight = replay.state === 'working' ? attention.state === 'working' : isResting;
    rows.checks += 1;
    if (isRight) rows.right += 1;
    else {
      rows.wrong += 1;
      console.log(`${session.name} is ${replay.state}, and said to be ${attention.state}: ${attention.reason}`);
    }
  }
}

/** Milliseconds from a line of its own to its row. */
async function latency(): Promise<number> {
  const replay = replays[Math.floor(Math.random() * replays.length)];
  const mark = `mark-${Math.random()}`;
  const line = { timestamp: new Date().toISOString(), type: 'event_msg', payload: { type: 'probe', mark } };
  const start = performance.now();
  appendFileSync(replay?.file ?? '', `${JSON.stringify(line)}\n`);
  const isThere = () =>
    context.ledger.get("SELECT 1 FROM codex_events WHERE subtype = 'probe' AND payload_json LIKE ?", [`%${mark}%`]) !==
    undefined;
  while (!isThere()) {
    if (performance.now() - start > 10_000) return 10_000;
    await pause(2);
  }
  return performance.now() - start;
}

function at(share: number): number {
  return Math.round(latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? NaN);
}

function written(): number {
  return replays.reduce((sum, { file }) => sum + statSync(file).size, 0);
}

function ledgerBytes(): number {
  const file = context.ledgerFile;
  return [file, `${file}-wal`].reduce((sum, one) => sum + (statSync(one, { throwIfNoEntry: false })?.size ?? 0), 0);
}

/** User and system time of the supervisor; a tick is a hundredth of a second. */
function cpuSeconds(): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function residentMegabytes(): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
