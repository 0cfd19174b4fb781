import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../../src/build/bundle.ts';
import { measuredCommand } from './measuredCommand.ts';
import { median, rounded } from './statistics.ts';
import { busiestTask, thousandth, year, yearLedger } from './yearLedger.ts';

/**
 * Commands on a ledger of a year over the same on one of a thousandth of its size, as whole processes, interleaved; and
 * the most memory that each had on the large one.
 */
const rounds = 9;
const goals = { ratio: 3, peakMegabytes: 150 };
const commands: Readonly<Record<string, readonly string[]>> = {
  replay: ['replay', busiestTask, '--limit', '100'],
  audit: ['audit', busiestTask, '--json', '--limit', '100'],
  metrics: ['telemetry', 'metrics', '--window', '24h'],
  search: ['telemetry', '--search', 'payment retry'],
  commands: ['commands'],
};

const folder = mkdtempSync(join(tmpdir(), 'conveyor-bench-'));
try {
  await bundle(join(folder, 'dist'));
  process.env['XDG_CACHE_HOME'] = folder;
  const cli = join(folder, 'dist', 'cli.js');
  const [small, large] = [await yearLedger(thousandth), await yearLedger(year)];
  for (const [name, argv] of Object.entries(commands)) measure(name, [cli, ...argv], small, large);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function measure(name: string, argv: readonly string[], small: string, large: string): void {
  const peakMegabytes = measuredCommand(argv, large, true).peakMegabytes;
  measuredCommand(argv, small);
  const [onSmall, onLarge]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    onSmall.push(measuredCommand(argv, small).milliseconds);
    onLarge.push(measuredCommand(argv, large).milliseconds);
  }
  const ratio = median(onLarge) / median(onSmall);
  console.log(
    JSON.stringify({
      bench: `year.${name}`,
      ratio: rounded(ratio, 2),
      goal: goals.ratio,
      peakMegabytes: Math.round(peakMegabytes),
      goalMegabytes: goals.peakMegabytes,
      met: ratio <= goals.ratio && peakMegabytes <= goals.peakMegabytes,
      medianMs: { thousandth: rounded(median(onSmall)), year: rounded(median(onLarge)) },
    }),
  );
}
