import { spawnSync } from 'node:child_process';
import { closeSync, cpSync, openSync, readSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ingestSession } from '../../src/core/ingest/ingestSession.ts';
import type { Connection } from '../../src/core/ledger/connection.ts';
import { openLedger } from '../../src/core/ledger/openLedger.ts';
import { requireSession } from '../../src/core/ledger/sessionStore.ts';
import { systemClock } from '../../src/core/ports/clock.ts';
import { appendLongSession } from './longRollout.ts';
import { median, rounded } from './statistics.ts';
import { committed, ended, type SupervisedPair, supervisedPair, worker } from './supervisedPair.ts';

/**
 * Ingest of a bound worker's rollout of 64 MB and 100,000 lines over a bare loop that reads, parses and inserts the same
 * lines in one transaction. Each runs as a process of its own on a fresh copy of one ledger, interleaved. Peak memory is
 * that of the built `conveyor ingest`, and of `dispatch --watch`, which reads as the extension does.
 */
const rounds = 5;
const goals = { ratio: 1.5, peakMegabytes: 150 };
const lineCount = 100_000;
const preload = `data:text/javascript,process.on('exit',()=>console.error('peak '+process.resourceUsage().maxRSS))`;

interface Timed {
  readonly wall: number;
  readonly cpu: number;
}

const [mode, ledgerFile = ''] = process.argv.slice(2);
if (mode === undefined) await measure();
else console.log(JSON.stringify(await timed(mode, ledgerFile)));

async function measure(): Promise<void> {
  const pair = await supervisedPair();
  try {
    appendLongSession(pair.workerRollout, lineCount - 1); // its head is the first line
    pair.ledger.pragma('wal_checkpoint(TRUNCATE)');
    const bare: Timed[] = [];
    const ours: Timed[] = [];
    for (let round = 0; round < rounds; round += 1) {
      bare.push(runChild('bare', pair));
      ours.push(runChild('ours', pair));
    }
    const ratioOf = (what: keyof Timed) => median(ours.map((one) => one[what])) / median(bare.map((one) => one[what]));
    const ratio = ratioOf('wall');
    const watchPeakMegabytes = await peakOfWatch(pair);
    const peakMegabytes = peakOfIngest(pair);
    console.log(
      JSON.stringify({
        bench: 'ingest',
        ratio: rounded(ratio, 2),
        goal: goals.ratio,
        cpuRatio: rounded(ratioOf('cpu'), 2),
        peakMegabytes: Math.round(peakMegabytes),
        watchPeakMegabytes: Math.round(watchPeakMegabytes),
        goalMegabytes: goals.peakMegabytes,
        met: ratio <= goals.ratio && Math.max(peakMegabytes, watchPeakMegabytes) <= goals.peakMegabytes,
        megabytes: Math.round(statSync(pair.workerRollout).size / 1024 / 1024),
        medianMs: {
          bare: Math.round(median(bare.map(({ wall }) => wall))),
          ours: Math.round(median(ours.map(({ wall }) => wall))),
        },
      }),
    );
  } finally {
    await pair.close();
  }
}

function runChild(name: string, pair: SupervisedPair): Timed {
  const copy = copyOf(pair, name);
  const argv = [fileURLToPath(import.meta.url), name, copy];
  const child = spawnSync(process.execPath, argv, { encoding: 'utf8' });
  rmSync(dirname(copy), { recursive: true, force: true });
  if (child.status !== 0) throw new Error(child.stderr);
  return JSON.parse(child.stdout);
}

function copyOf({ ledger, folder }: SupervisedPair, name: string): string {
  const stateRoot = join(folder, name);
  cpSync(dirname(ledger.file), stateRoot, { recursive: true });
  return join(stateRoot, basename(ledger.file));
}

/** Of a copy: the ledger stays as it was for the next. */
async function peakOfWatch(pair: SupervisedPair): Promise<number> {
  const copy = copyOf(pair, 'watch');
  const ledger = openLedger(copy, Date.now()).connection;
  const size = statSync(pair.workerRollout).size;
  const child = pair.startWith(['--import', preload], ['dispatch', '--watch', '--path', copy]);
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (errors += text));
  await committed(ledger, () => requireSession(ledger, worker).last_ingest_offset === size, 120);
  ledger.close();
  await ended(child);
  return peakIn(errors);
}

function peakOfIngest(pair: SupervisedPair): number {
  const argv = ['--import', preload, join(pair.dist, 'cli.js'), 'ingest', worker];
  const { stderr } = spawnSync(process.execPath, argv, {
    cwd: pair.folder,
    env: pair.environment,
    encoding: 'utf8',
  });
  return peakIn(stderr);
}

function peakIn(errors: string): number {
  const kilobytes = /^peak (\d+)$/mu.exec(errors)?.[1];
  if (kilobytes === undefined) throw new Error(errors);
  return Number(kilobytes) / 1024;
}

async function timed(name: string, file: string): Promise<Timed> {
  const { connection: ledger } = openLedger(file, Date.now());
  const session = requireSession(ledger, worker);
  const before = process.cpuUsage();
  const started = performance.now();
  const count =
    name === 'bare'
      ? bareLoop(ledger, session.id, session.codex_session_path ?? '')
      : (await ingestSession({ ledger, clock: systemClock }, session)).new_events;
  const wall = performance.now() - started;
  const { user, system } = process.cpuUsage(before);
  if (count !== lineCount) throw new Error(`${count} lines stored, not ${lineCount}`);
  ledger.close();
  return { wall, cpu: (user + system) / 1000 };
}

function bareLoop(ledger: Connection, sessionId: string, rollout: string): number {
  const file = openSync(rollout, 'r');
  const buffer = Buffer.allocUnsafe(1024 * 1024);
  let count = 0;
  let offset = 0;
  let rest = '';
  ledger.write(() => {
    for (let read = readSync(file, buffer); read > 0; read = readSync(file, buffer)) {
      const lines = (rest + buffer.toString('latin1', 0, read)).split('\n');
      rest = lines.pop() ?? '';
      for (const text of lines) {
        const { timestamp, type, payload } = JSON.parse(text);
        ledger.run(
          'INSERT INTO codex_events (session_id, timestamp, type, subtype, payload_json, byte_offset, ingested_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
          [sessionId, timestamp, type, payload.type ?? null, JSON.stringify(payload), offset, timestamp],
        );
        offset += text.length + 1;
        count += 1;
      }
    }
  });
  closeSync(file);
  return count;
}
