import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../../src/build/bundle.ts';
import { HostedContext } from '../../src/core/operations/operationContext.ts';
import { recordSession } from '../../src/core/operations/register.ts';
import { appendLongSession } from '../bench/longRollout.ts';
import { rolloutLine } from '../bench/supervisedPair.ts';

/** A rollout of a gigabyte, read from its start by the built command line: is memory bounded, and is every line there? */
const bytesWanted = Number(process.argv[2] ?? 1024) * 1024 * 1024;
const root = mkdtempSync(join(tmpdir(), 'conveyor-gigabyte-'));
const variables = { ...process.env, HOME: root, WORKERCTL_STATE_ROOT: join(root, 'state') };
const context = new HostedContext({ surface: 'cli', cwd: root, variables });
try {
  const dist = join(root, 'dist');
  await bundle(dist);
  const file = join(root, 'rollout-2026-11-26T00-00-00-01a20000-0000-7000-8000-000000000001.jsonl');
  writeFileSync(file, rolloutLine('session_meta', { id: '01a20000-0000-7000-8000-000000000001', cwd: root }));
  let [bytes, lines] = [0, 1];
  while (bytes < bytesWanted) {
    bytes += appendLongSession(file, 10_000);
    lines += 10_000;
  }
  const facts = { codexSessionPath: file, codexSessionId: null, pid: process.pid, cwd: root, codexVersion: null };
  recordSession(context, { name: 'long', role: 'worker', tmuxSession: undefined, ...facts });
  const began = performance.now();
  const child = spawn(process.execPath, [join(dist, 'cli.js'), 'ingest', 'long'], { cwd: root, env: variables });
  let peak = 0;
  const look = setInterval(() => (peak = Math.max(peak, residentMegabytes(child.pid ?? 0))), 20);
  const status = await new Promise((resolve) => child.once('close', resolve));
  clearInterval(look);
  const stored = Number(Object.values(context.ledger.get('SELECT count(*) FROM codex_events') ?? {})[0]);
  console.table({
    'rollout, MB': Math.round(bytes / 1e6),
    lines,
    'lines stored': stored,
    'exit status': status,
    seconds: Number(((performance.now() - began) / 1000).toFixed(1)),
    'peak MB': Math.round(peak),
  });
  process.exitCode = status === 0 && stored === lines && peak < 250 ? 0 : 1;
} finally {
  context.close();
  rmSync(root, { recursive: true, force: true });
}

function residentMegabytes(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
