import { readdirSync, readFileSync } from 'node:fs';

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

/**
 * The numbered SQL files of `migrations/`, in order.
 *
 * From the sources they are read from disk; `src/build/bundle.ts` replaces this module by one with the texts inside.
 */
export function loadMigrations(): readonly Migration[] {
  const folder = new URL('../../../migrations/', import.meta.url);
  return readdirSync(folder)
    .filter((name) => /^\d{4}_.*\.sql$/.test(name))
    .toSorted()
    .map((name) => ({ version: Number(name.slice(0, 4)), name, sql: readFileSync(new URL(name, folder), 'utf8') }));
}
