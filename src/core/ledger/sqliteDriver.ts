import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { refuse } from '../domain/errors.ts';

export type SqliteDatabase = Database.Database;

/** Node-API version that better-sqlite3 13 needs; below it, loading the binary crashes the process. */
const requiredNodeApi = 10;

/**
 * Opens a SQLite file with the one native binary that all hosts share.
 *
 * Throws `runtime_unsupported` instead of letting an old runtime crash.
 */
export function openSqlite(file: string, options: { readonly: boolean; busyMilliseconds: number }): SqliteDatabase {
  if (Number(process.versions.napi ?? 0) < requiredNodeApi) {
    throw refuse(
      'runtime_unsupported',
      `this needs Node.js 22.15 or newer (this is ${process.version}); run it with "node_modules/.bin/node" or the editor's own runtime`,
    );
  }
  const nativeBinding = bundledBinding();
  return new Database(file, {
    readonly: options.readonly,
    timeout: options.busyMilliseconds,
    ...(nativeBinding === null ? {} : { nativeBinding }),
  });
}

/** In a bundle the binary lies beside it; from the sources the package finds its own. */
function bundledBinding(): string | null {
  if (typeof __dirname !== 'string') return null;
  const file = join(__dirname, 'native', `${nativePlatform()}-${process.arch}.node`);
  return existsSync(file) ? file : null;
}

export function nativePlatform(): string {
  return process.platform === 'linux' && isMusl() ? 'linuxmusl' : process.platform;
}

function isMusl(): boolean {
  try {
    return readFileSync('/usr/bin/ldd', 'latin1').includes('musl');
  } catch {
    return existsSync('/etc/alpine-release');
  }
}
