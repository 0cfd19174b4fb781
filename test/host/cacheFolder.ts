import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

const repository = resolve(import.meta.dirname, '../..');

/** Where the harness keeps downloads and builds: `$CONVEYOR_CACHE`, else `.cache` inside the checkout. */
export function cacheFolder(): string {
  const folder = resolve(process.env['CONVEYOR_CACHE'] || join(repository, '.cache'));
  mkdirSync(folder, { recursive: true });
  return folder;
}
