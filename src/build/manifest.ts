import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import { generatedManifest } from '../extension/manifest/manifest.ts';

const path = join(import.meta.dirname, '../../package.json');

/** Fields of package.json that differ from their definitions; the formatter may order and wrap them as it likes. */
export function staleFields(manifest: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(generatedManifest())
    .filter(([field, value]) => !isDeepStrictEqual(manifest[field], value))
    .map(([field]) => field);
}

/** Rewrites package.json only when it is stale, so that an unchanged build touches nothing. Returns what was stale. */
export function writeManifest(): readonly string[] {
  const manifest = readManifest();
  const stale = staleFields(manifest);
  if (stale.length > 0) writeFileSync(path, `${JSON.stringify({ ...manifest, ...generatedManifest() }, null, 2)}\n`);
  return stale;
}

export function readManifest(): Readonly<Record<string, unknown>> {
  const manifest: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (typeof manifest !== 'object' || manifest === null) throw new Error('package.json is not an object');
  return { ...manifest };
}

if (import.meta.main) {
  const stale = writeManifest();
  process.stdout.write(stale.length > 0 ? `package.json written: ${stale.join(', ')}\n` : 'package.json is fresh\n');
}
