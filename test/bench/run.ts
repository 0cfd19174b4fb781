import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * `npm run bench [-- name …]`: each measurement is a file beside this one that prints one JSON line of figures.
 * Times on a shared machine say little, so what counts are ratios within one run.
 */
const measurements = [
  'commandLine',
  'ingest',
  'completion',
  'inbox',
  'nudge',
  'idle',
  'year',
  'yearWrites',
  'extensionHost',
] as const;

const here = fileURLToPath(new URL('.', import.meta.url));
const wanted = process.argv.slice(2);
let failed = 0;
for (const name of measurements) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const { status } = spawnSync(process.execPath, [`${here}${name}.ts`], { stdio: 'inherit' });
  if (status !== 0) failed += 1;
}
process.exitCode = failed > 0 ? 1 : 0;
