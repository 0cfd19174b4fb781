import { findLostColumns } from './adopt.ts';
import type { Connection } from './connection.ts';
import { busyMilliseconds } from './connection.ts';
import { sharedSchemaVersion } from './migrate.ts';
import { loadMigrations } from './migrations.ts';
import { findDamagedObjects } from './ourObjects.ts';
import { checkTelemetryIndex } from './telemetryIndex.ts';

export interface LedgerCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly [fact: string]: unknown;
}

export interface LedgerDiagnosis {
  readonly ok: boolean;
  readonly path: string;
  readonly schema_version: number | null;
  readonly user_version: number;
  readonly checks: LedgerCheck[];
}

/** The checks of the reference's `db-doctor`, in its order. All but the references of rows are quick. Writes nothing. */
export function checkSchema(ledger: Connection): LedgerDiagnosis {
  const schemaVersion = numberOrNull(first(ledger.get('SELECT max(version) FROM schema_migrations')));
  const userVersion = Number(ledger.pragma('user_version'));
  const required = requiredObjects();
  const violations = ledger.all('SELECT "table", rowid, parent, fkid FROM pragma_foreign_key_check');
  const busy = Number(ledger.pragma('busy_timeout'));
  const checks: LedgerCheck[] = [
    valued('foreign_keys', Number(ledger.pragma('foreign_keys')), (value) => value === 1),
    valued('journal_mode_wal', String(ledger.pragma('journal_mode')), (value) => value === 'wal'),
    valued('busy_timeout', busy, (value) => value >= busyMilliseconds),
    valued('schema_version', schemaVersion, (value) => value === sharedSchemaVersion),
    valued('user_version', userVersion, (value) => value === sharedSchemaVersion),
    complete('required_tables', required.tables, present(ledger, 'table')),
    complete('required_indexes', required.indexes, present(ledger, 'index')),
    complete('required_triggers', required.triggers, present(ledger, 'trigger')),
    { name: 'foreign_key_check', ok: violations.length === 0, violations },
  ];
  return {
    ok: checks.every(({ ok }) => ok),
    path: ledger.file,
    schema_version: schemaVersion,
    user_version: userVersion,
    checks,
  };
}

/** The same, then what only we ask for: columns, our own tables, the index of telemetry, and every page. Writes nothing. */
export function diagnoseLedger(ledger: Connection): LedgerDiagnosis {
  const schema = checkSchema(ledger);
  const pages = valued('quick_check', String(ledger.pragma('quick_check')), (value) => value === 'ok');
  const checks = [...schema.checks, pages, ...ownChecks(ledger)];
  return { ...schema, ok: checks.every(({ ok }) => ok), checks };
}

function ownChecks(ledger: Connection): LedgerCheck[] {
  const lost = findLostColumns(ledger, sharedSchema()).toSorted();
  const damaged = findDamagedObjects(ledger);
  const searchable = present(ledger, 'table').has('telemetry_events') ? [checkTelemetryIndex(ledger)] : [];
  return [
    { name: 'required_columns', ok: lost.length === 0, missing: lost },
    { name: 'panel_objects', ok: damaged.length === 0, missing: damaged },
    ...searchable.map((state) => ({ name: 'telemetry_index', ...state })),
  ];
}

function valued<Value>(name: string, value: Value, test: (value: Value) => boolean): LedgerCheck {
  return { name, ok: test(value), value };
}

function complete(name: string, wanted: readonly string[], found: ReadonlySet<string>): LedgerCheck {
  const missing = wanted.filter((one) => !found.has(one)).toSorted();
  return { name, ok: missing.length === 0, missing };
}

function requiredObjects(): { tables: string[]; indexes: string[]; triggers: string[] } {
  const script = sharedSchema();
  const names = (pattern: RegExp) => [...script.matchAll(pattern)].map(([, name]) => name ?? '');
  return {
    tables: names(/CREATE (?:VIRTUAL )?TABLE IF NOT EXISTS (\w+)/g),
    indexes: names(/CREATE (?:UNIQUE )?INDEX IF NOT EXISTS (\w+)/g),
    triggers: names(/CREATE TRIGGER IF NOT EXISTS (\w+)/g),
  };
}

/** The migration that makes what both programs share. */
export function sharedSchema(): string {
  const schema = loadMigrations().find(({ version }) => version === 1);
  if (schema === undefined) throw new Error('the shared schema is not among the migrations');
  return schema.sql;
}

function present(ledger: Connection, type: string): ReadonlySet<string> {
  return new Set(ledger.all('SELECT name FROM sqlite_master WHERE type = ?', [type]).map((row) => String(first(row))));
}

function first(row: unknown): unknown {
  return row === null || row === undefined ? null : Object.values(row)[0];
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
