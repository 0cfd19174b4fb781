import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod/mini';
import { bundle } from '../../src/build/bundle.ts';
import { cacheFolder } from '../host/cacheFolder.ts';
import { measuredCommand } from './measuredCommand.ts';
import { median, rounded, spread } from './statistics.ts';
import { busiestTask, thousandth, year, yearLedger } from './yearLedger.ts';

/**
 * On copies of both ledgers: a cycle as a whole process; then, on the large one, an export, and a prune beside somebody who
 * writes and somebody who reads all the time (each of their calls is timed), with the bytes before and after.
 */
const rounds = 15;
const goals = { cycle: 1.3, exportMegabytes: 150, longestWaitMs: 500 };

const times = z.array(z.number());
const pruned = z.looseObject({ freed_bytes: z.number(), text_bytes: z.number() });

const folder = mkdtempSync(join(cacheFolder(), 'year-'));
const built = mkdtempSync(join(tmpdir(), 'conveyor-bench-'));
try {
  await bundle(join(built, 'dist'));
  process.env['XDG_CACHE_HOME'] = built;
  process.env['XDG_DATA_HOME'] = built;
  const cli = join(built, 'dist', 'cli.js');
  const [small, large] = [copyOf(await yearLedger(thousandth), 'small'), copyOf(await yearLedger(year), 'large')];
  measureCycle(cli, small, large);
  measureExport(cli, large);
  await measurePrune(cli, large);
} finally {
  rmSync(folder, { recursive: true, force: true });
  rmSync(built, { recursive: true, force: true });
}

function copyOf(root: string, name: string): string {
  cpSync(root, join(folder, name), { recursive: true });
  return join(folder, name);
}

function measureCycle(cli: string, small: string, large: string): void {
  const argv = [cli, 'cycle', busiestTask];
  const [onSmall, onLarge]: [number[], number[]] = [[], []];
  for (const root of [small, large]) measuredCommand(argv, root);
  for (let round = 0; round < rounds; round += 1) {
    onSmall.push(measuredCommand(argv, small).milliseconds);
    onLarge.push(measuredCommand(argv, large).milliseconds);
  }
  const ratio = median(onLarge) / median(onSmall);
  const medianMs = { thousandth: rounded(median(onSmall)), year: rounded(median(onLarge)) };
  print({ bench: 'year.cycle', ratio: rounded(ratio, 2), goal: goals.cycle, met: ratio <= goals.cycle, medianMs });
}

function measureExport(cli: string, root: string): void {
  const target = join(folder, 'bundle');
  const argv = [cli, 'export-task', busiestTask, '--include-full-transcripts', '--include-content', '--output', target];
  const { peakMegabytes, milliseconds } = measuredCommand([...argv, '--zip'], root, true);
  const met = peakMegabytes <= goals.exportMegabytes;
  const seconds = rounded(milliseconds / 1000);
  print({ bench: 'year.export', peakMegabytes: Math.round(peakMegabytes), goal: goals.exportMegabytes, met, seconds });
}

async function measurePrune(cli: string, root: string): Promise<void> {
  const file = join(root, 'workerctl.db');
  const bystanders = ['write', 'read'].map((what) => bystander(what, file));
  await Promise.all(bystanders.map(({ ready }) => ready));
  const before = statSync(file).size;
  const { milliseconds, stdout, peakMegabytes } = measuredCommand([cli, 'prune', '--keep-latest', '20'], root, true);
  const [writes, reads] = await Promise.all(bystanders.map(({ stop }) => stop()));
  const said = pruned.parse(JSON.parse(stdout));
  const freed = before - statSync(file).size;
  const waits = { writeMs: spread(writes ?? []), readMs: spread(reads ?? []) };
  const longest = Math.max(waits.writeMs.max, waits.readMs.max);
  print({
    bench: 'year.prune',
    longestWaitMs: longest,
    goal: goals.longestWaitMs,
    met: longest <= goals.longestWaitMs && freed > 0 && freed >= said.freed_bytes * 0.98,
    bytes: { before, freed, said: said.freed_bytes, text: said.text_bytes },
    seconds: rounded(milliseconds / 1000),
    peakMegabytes: Math.round(peakMegabytes),
    ...waits,
  });
}

/** Another process, which says how long each of its calls took. */
function bystander(what: string, file: string) {
  const script = fileURLToPath(new URL('./bystander.ts', import.meta.url));
  const child = spawn(process.execPath, [script, what, file], { stdio: ['pipe', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  return {
    ready: once(child.stdout, 'data'),
    async stop(): Promise<number[]> {
      child.stdin.end();
      const [status] = await once(child, 'close');
      if (status !== 0) throw new Error(`who ${what}s ended with ${status}`);
      return times.parse(JSON.parse(said.slice(said.indexOf('['))));
    },
  };
}

function print(figures: object): void {
  console.log(JSON.stringify(figures));
}
