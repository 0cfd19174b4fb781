import { refuse } from '../domain/errors.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import { adoptOlderSchema, mirrorLegacySessions, needsMirroring } from './adopt.ts';
import type { Connection } from './connection.ts';
import { loadMigrations, type Migration } from './migrations.ts';

/** The schema of agent-conveyor 0.1.0 that we share. */
export const sharedSchemaVersion = 22;
/** The numbers of `migrations/`; a test compares them with the folder. */
export const panelVersions: readonly number[] = [1, 2, 3, 4, 5, 6, 7, 8];
const panelVersion = Math.max(...panelVersions);

export interface MigrationResult {
  readonly applied: readonly string[];
  readonly adoptedFrom: number | null;
  readonly mirroredSessions: number;
}

const nothingDone: MigrationResult = { applied: [], adoptedFrom: null, mirroredSessions: 0 };

/**
 * Brings a ledger up to date, in one transaction; an up-to-date one is only read.
 *
 * A file from a newer release is refused before anything in it is touched.
 */
export function migrateLedger(connection: Connection, now: number): MigrationResult {
  refuseNewer(connection);
  if (isUpToDate(connection)) return nothingDone;
  // A table can only be rebuilt while references are not enforced, and the switch has no effect inside a transaction.
  connection.pragma('foreign_keys = OFF');
  try {
    return connection.write(() => migrateLocked(connection, now));
  } finally {
    connection.pragma('foreign_keys = ON');
  }
}

function migrateLocked(connection: Connection, now: number): MigrationResult {
  refuseNewer(connection); // somebody else may have migrated while we waited for the lock
  const userVersion = Number(connection.pragma('user_version'));
  const applied: string[] = [];
  const known = appliedVersions(connection);
  const pending = loadMigrations().filter(({ version }) => !known.has(version));
  const adoptedFrom = userVersion !== sharedSchemaVersion && hasTable(connection, 'tasks') ? userVersion : null;
  for (const migration of pending) {
    if (migration.version === 1) adoptOlderSchema(connection, migration.sql);
    // A ledger may have lost the list of what was applied, and not what it made.
    connection.script(migration.version === 1 ? migration.sql : repeatable(migration.sql));
    record(connection, migration, now);
    applied.push(migration.name);
  }
  const mirroredSessions = mirrorLegacySessions(connection);
  connection.run('INSERT OR IGNORE INTO schema_migrations (version, applied_at) VALUES (?, ?)', [
    sharedSchemaVersion,
    formatTimestamp(now),
  ]);
  if (userVersion !== sharedSchemaVersion) connection.pragma(`user_version = ${sharedSchemaVersion}`);
  return { applied, adoptedFrom, mirroredSessions };
}

/** Throws `ledger_newer`. Reads only. */
export function refuseNewer(connection: Connection): void {
  const userVersion = Number(connection.pragma('user_version'));
  const panel = Math.max(0, ...appliedVersions(connection));
  if (userVersion <= sharedSchemaVersion && panel <= panelVersion) return;
  throw refuse(
    'ledger_newer',
    `the ledger ${connection.file} is newer than this release can read (schema ${userVersion}, ours ${sharedSchemaVersion}; panel ${panel}, ours ${panelVersion}); update Agent Conveyor to open it`,
  );
}

/** Whether opening it would change nothing. Reads only. */
export function isUpToDate(connection: Connection): boolean {
  const applied = appliedVersions(connection);
  return (
    Number(connection.pragma('user_version')) === sharedSchemaVersion &&
    panelVersions.every((version) => applied.has(version)) &&
    !needsMirroring(connection)
  );
}

export function appliedVersions(connection: Connection): ReadonlySet<number> {
  if (!hasTable(connection, 'panel_migrations')) return new Set();
  return new Set(
    connection.all('SELECT version FROM panel_migrations').map((row) => Number(Object.values(row ?? {})[0])),
  );
}

function repeatable(sql: string): string {
  return sql
    .replaceAll(/^CREATE (UNIQUE INDEX|INDEX|TABLE) (?!IF NOT EXISTS)/gm, 'CREATE $1 IF NOT EXISTS ')
    .replaceAll(/^INSERT INTO/gm, 'INSERT OR IGNORE INTO');
}

function record(connection: Connection, { version, name, sql }: Migration, now: number): void {
  connection.script(
    'CREATE TABLE IF NOT EXISTS panel_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at TEXT NOT NULL)',
  );
  // Not imported above: loading it takes a tenth of the time of a short command, and hardly any migrates.
  const { createHash } = process.getBuiltinModule('node:crypto');
  const checksum = createHash('sha256').update(sql).digest('hex');
  connection.run('INSERT INTO panel_migrations (version, name, checksum, applied_at) VALUES (?, ?, ?, ?)', [
    version,
    name,
    checksum,
    formatTimestamp(now),
  ]);
}

export function hasTable(connection: Connection, name: string): boolean {
  return connection.get("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", [name]) !== undefined;
}
