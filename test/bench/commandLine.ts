import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../../src/build/bundle.ts';
import { median } from './statistics.ts';

/** `conveyor sessions` as a whole process over `node -e 0`, interleaved; the goal is 2.5 (upstream: 12). */
const folder = mkdtempSync(join(tmpdir(), 'conveyor-bench-'));
const cli = join(folder, 'dist', 'cli.js');
const rounds = 25;

function timed(argv: readonly string[]): number {
  const started = performance.now();
  const { status } = spawnSync(process.execPath, argv, {
    cwd: folder,
    stdio: 'ignore',
    env: { ...process.env, XDG_CACHE_HOME: folder },
  });
  if (status !== 0) throw new Error(`${argv.join(' ')} ended with ${status}`);
  return performance.now() - started;
}

try {
  await bundle(join(folder, 'dist'));
  timed([cli, 'sessions']); // makes the ledger and the compile cache
  const bare: number[] = [];
  const sessions: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    bare.push(timed(['-e', '0']));
    sessions.push(timed([cli, 'sessions']));
  }
  const ratio = median(sessions) / median(bare);
  console.log(
    JSON.stringify({
      bench: 'commandLine',
      ratio: Number(ratio.toFixed(2)),
      goal: 2.5,
      met: ratio <= 2.5,
      medianMs: { node: Number(median(bare).toFixed(1)), sessions: Number(median(sessions).toFixed(1)) },
    }),
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
