import { chmodSync, existsSync, lstatSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { refuse } from '../domain/errors.ts';
import { busyMilliseconds, Connection, isBusy, translate } from './connection.ts';
import { makeFolder } from '../ports/makeFolder.ts';
import { migrateLedger, refuseNewer, sharedSchemaVersion, type MigrationResult } from './migrate.ts';
import { makeReclaimable } from './reclaimSpace.ts';
import { openSqlite, type SqliteDatabase } from './sqliteDriver.ts';

export const ledgerFileName = 'workerctl.db';
const ownFolderName = '.codex-workers';

export interface OpenedLedger {
  readonly connection: Connection;
  readonly migration: MigrationResult;
}

/**
 * Opens `<state root>/workerctl.db` (or any file), creating folder and file when they are missing, and brings it up to date.
 *
 * The folder is 0700 and ignores itself in git; the ledger's files are 0600, and made so where they were not. Opening an
 * up-to-date ledger writes nothing.
 * Throws `state_root_unwritable`, `ledger_invalid`, `ledger_newer`, `ledger_busy`, `runtime_unsupported`.
 */
export function openLedger(file: string, now: number): OpenedLedger {
  prepareFolder(dirname(file));
  const connection = connect(file);
  try {
    const migration = migrateLedger(connection, now);
    keepPrivate(file);
    return { connection, migration };
  } catch (error) {
    connection.close();
    throw translate(error, file);
  }
}

/** What a ledger holds is its owner's alone, also in one that another program made or a copy brought. */
function keepPrivate(file: string): void {
  const folder = dirname(file);
  // Any other folder may have been there for other things before.
  if (basename(folder) === ownFolderName) restrict(folder, 0o700);
  for (const suffix of ['', '-wal', '-shm']) restrict(`${file}${suffix}`, 0o600);
}

function restrict(path: string, mode: number): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined || found.isSymbolicLink() || (found.mode & 0o077) === 0) return;
  try {
    chmodSync(path, mode);
  } catch {
    // Somebody else's file, or a file system without modes: as it is.
  }
}

/**
 * Opens a ledger that exists just as it is: nothing is migrated, made or mended. Throws `ledger_invalid`, `ledger_newer`,
 * `runtime_unsupported`.
 */
export function openLedgerReadOnly(file: string): Connection {
  try {
    if (statSync(file).isDirectory()) throw refuse('ledger_invalid', `${file} is a folder, not a ledger`);
    const database = openSqlite(file, { readonly: true, busyMilliseconds });
    const connection = new Connection(file, database);
    try {
      database.pragma('foreign_keys = ON');
      refuseNewer(connection);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  } catch (error) {
    throw translate(error, file);
  }
}

function connect(file: string): Connection {
  try {
    if (existsSync(file) && statSync(file).isDirectory())
      throw refuse('ledger_invalid', `${file} is a folder, not a ledger`);
    if (!existsSync(file)) makeFile(file);
    const database = openSqlite(file, { readonly: false, busyMilliseconds });
    const connection = new Connection(file, database);
    database.pragma('foreign_keys = ON');
    if (statSync(file).size === 0) makeReclaimable(database);
    useWriteAheadLog(database);
    // A lost power supply may lose the last commits of a WAL database in NORMAL mode, never its integrity.
    database.pragma('synchronous = NORMAL');
    return connection;
  } catch (error) {
    throw translate(error, file);
  }
}

function makeFile(file: string): void {
  try {
    writeFileSync(file, '', { mode: 0o600, flag: 'a' });
  } catch (error) {
    throw refuse(
      'state_root_unwritable',
      `cannot write the ledger ${file} (${codeOf(error)}); check the folder's permissions and free space`,
      { cause: error },
    );
  }
}

function useWriteAheadLog(database: SqliteDatabase): void {
  // A newer ledger is left exactly as it is; `migrateLedger` refuses it with a sentence.
  if (Number(database.pragma('user_version', { simple: true })) > sharedSchemaVersion) return;
  if (database.pragma('journal_mode', { simple: true }) === 'wal') return;
  for (let attempt = 1; ; attempt += 1) {
    try {
      database.pragma('journal_mode = WAL');
      return;
    } catch (error) {
      if (!isBusy(error) || attempt >= 10) throw error;
    }
  }
}

function prepareFolder(folder: string): void {
  try {
    const isNew = !existsSync(folder);
    if (isNew) makeFolder(folder);
    const ignore = join(folder, '.gitignore');
    if ((isNew || basename(folder) === ownFolderName) && lstatSync(ignore, { throwIfNoEntry: false }) === undefined)
      writeFileSync(ignore, '*\n', { mode: 0o600 });
  } catch (error) {
    throw refuse(
      'state_root_unwritable',
      `cannot create the state root ${folder} (${codeOf(error)}); set WORKERCTL_STATE_ROOT to a writable folder`,
      {
        cause: error,
      },
    );
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'error';
}
