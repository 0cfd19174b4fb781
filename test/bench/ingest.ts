import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ingestSession } from '../../src/core/ingest/ingestSession.ts';
import type { Connection } from '../../src/core/ledger/connection.ts';
import { openLedger } from '../../src/core/ledger/openLedger.ts';
import { requireSession, upsertSession } from '../../src/core/ledger/sessionStore.ts';
import { systemClock } from '../../src/core/ports/clock.ts';
import { median } from './statistics.ts';

/**
 * Ingest of a rollout of 64 MB and 100,000 lines over a bare loop that reads, parses and inserts the same lines in one
 * transaction. Each runs as a process of its own, interleaved. Peak memory is that of the built `conveyor ingest`.
 */
const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
if (!existsSync(cli)) throw new Error('build first: npm run build');
const rounds = 5;
const goals = { ratio: 1.5, peakMegabytes: 150 };
const lineCount = 100_000;
const lineBytes = 671;

const [mode, folder = ''] = process.argv.slice(2);
if (mode === undefined) measure();
else console.log(await timed(mode, folder));

function measure(): void {
  const scratch = mkdtempSync(join(tmpdir(), 'conveyor-bench-'));
  try {
    const megabytes = writeRollout(join(scratch, 'rollout.jsonl'));
    const samples: Record<'bare' | 'ours', number[]> = { bare: [], ours: [] };
    for (let round = 0; round < rounds; round += 1) {
      for (const name of ['bare', 'ours'] as const) samples[name].push(runChild(name, scratch));
    }
    const ratio = median(samples.ours) / median(samples.bare);
    const peakMegabytes = peakOfBuilt(scratch);
    console.log(
      JSON.stringify({
        bench: 'ingest',
        ratio: Number(ratio.toFixed(2)),
        goal: goals.ratio,
        peakMegabytes: Math.round(peakMegabytes),
        goalMegabytes: goals.peakMegabytes,
        met: ratio <= goals.ratio && peakMegabytes <= goals.peakMegabytes,
        megabytes: Math.round(megabytes),
        medianMs: { bare: Math.round(median(samples.bare)), ours: Math.round(median(samples.ours)) },
      }),
    );
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function runChild(name: string, scratch: string): number {
  const child = spawnSync(process.execPath, [fileURLToPath(import.meta.url), name, scratch], { encoding: 'utf8' });
  if (child.status !== 0) throw new Error(child.stderr);
  rmSync(join(scratch, name), { recursive: true, force: true });
  return Number(child.stdout);
}

function peakOfBuilt(scratch: string): number {
  const stateRoot = join(scratch, 'built');
  openSession(stateRoot, join(scratch, 'rollout.jsonl')).close();
  const report = "process.on('exit',()=>console.error(process.resourceUsage().maxRSS))";
  const child = spawnSync(process.execPath, ['--import', `data:text/javascript,${report}`, cli, 'ingest', 'w1'], {
    encoding: 'utf8',
    env: { ...process.env, WORKERCTL_STATE_ROOT: stateRoot },
  });
  if (child.status !== 0) throw new Error(child.stderr);
  return Number(child.stderr) / 1024;
}

function openSession(stateRoot: string, rollout: string): Connection {
  const { connection } = openLedger(join(stateRoot, 'workerctl.db'), Date.now());
  upsertSession(
    connection,
    { name: 'w1', role: 'worker', codexSessionPath: rollout, codexSessionId: 'thread-1', pid: null, cwd: '/srv' },
    Date.now(),
  );
  return connection;
}

async function timed(name: string, scratch: string): Promise<number> {
  const rollout = join(scratch, 'rollout.jsonl');
  const ledger = openSession(join(scratch, name), rollout);
  const session = requireSession(ledger, 'w1');
  const started = performance.now();
  const count =
    name === 'bare'
      ? bareLoop(ledger, session.id, rollout)
      : (await ingestSession({ ledger, clock: systemClock }, session)).new_events;
  const milliseconds = performance.now() - started;
  if (count !== lineCount) throw new Error(`${count} lines stored, not ${lineCount}`);
  ledger.close();
  return milliseconds;
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

/** What a long session looks like: many short records, some outputs, one line in a hundred of 16 KB. */
function writeRollout(path: string): number {
  const file = openSync(path, 'w');
  const timestamp = '2026-01-02T03:04:05.123Z';
  const record = (payload: object, type = 'response_item') => `${JSON.stringify({ timestamp, type, payload })}\n`;
  const small = record(
    { type: 'token_count', info: { total: { input: 1, output: 2 } }, rate_limits: null },
    'event_msg',
  );
  const middle = record({ type: 'function_call_output', call_id: 'call_1', output: 'x'.repeat(lineBytes - 20) });
  const large = record({
    type: 'message',
    role: 'assistant',
    content: [{ type: 'output_text', text: 'y'.repeat(16_384) }],
  });
  let bytes = writeSync(file, record({ id: 'thread-1', cwd: '/srv', cli_version: '0.169.0' }, 'session_meta'));
  for (let line = 1; line < lineCount; line += 1) {
    bytes += writeSync(file, line % 100 === 0 ? large : line % 3 === 0 ? small : middle);
  }
  closeSync(file);
  return bytes / 1024 / 1024;
}
