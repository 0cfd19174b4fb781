import { columnNames, columnsOf } from './adopt.ts';
import type { Connection } from './connection.ts';
import { appliedVersions } from './migrate.ts';
import { loadMigrations } from './migrations.ts';

interface LedgerObject {
  readonly kind: 'TABLE' | 'INDEX';
  readonly name: string;
  readonly sql: string;
}

const statement = /CREATE (?:UNIQUE )?(TABLE|INDEX) (?:IF NOT EXISTS )?(\w+)[^;]*;/g;

/** What the migrations of ours that a ledger has had made in it, in their order. */
function ourObjects(ledger: Connection): LedgerObject[] {
  const applied = appliedVersions(ledger);
  const ours = loadMigrations().filter(({ version }) => version > 1 && applied.has(version));
  const texts = ours.map(({ sql }) => sql.replaceAll(/^\s*--.*$/gm, ''));
  return texts.flatMap((text) =>
    [...text.matchAll(statement)].map(([sql, kind, name = '']) => ({
      kind: kind === 'TABLE' ? ('TABLE' as const) : ('INDEX' as const),
      name,
      sql,
    })),
  );
}

/** Which of our tables and indexes are gone, or have lost a column. Of a ledger that never had them: none. */
export function findDamagedObjects(ledger: Connection): string[] {
  const damaged = ourObjects(ledger).filter(
    (object) => isMissing(ledger, object) || lostColumns(ledger, object).length > 0,
  );
  return damaged.map(({ name }) => name).toSorted();
}

function isMissing(ledger: Connection, { kind, name }: LedgerObject): boolean {
  const found = ledger.get('SELECT 1 FROM sqlite_master WHERE type = ? AND name = ?', [kind.toLowerCase(), name]);
  return found === undefined;
}

function lostColumns(ledger: Connection, { kind, name, sql }: LedgerObject): string[] {
  if (kind === 'INDEX') return [];
  const present = new Set(columnNames(ledger, name));
  return columnsOf(sql)
    .map((column) => column.name)
    .filter((column) => !present.has(column));
}

/**
 * Makes what is gone, and makes anew what has lost a column, with those of its rows that still fit. What was lost with a
 * table is found out again, as in a ledger that agent-conveyor made. Call inside a write transaction, without references
 * being enforced.
 */
export function rebuildDamagedObjects(ledger: Connection): void {
  for (const object of ourObjects(ledger)) {
    if (object.kind === 'TABLE' && !isMissing(ledger, object) && lostColumns(ledger, object).length > 0) {
      rebuildTable(ledger, object);
    }
    if (isMissing(ledger, object)) ledger.script(object.sql);
  }
  ledger.run('INSERT OR IGNORE INTO panel_sequence (id, value) VALUES (1, 0)');
}

function rebuildTable(ledger: Connection, { name, sql }: LedgerObject): void {
  const wanted = columnsOf(sql).map((column) => column.name);
  const shared = columnNames(ledger, name).filter((column) => wanted.includes(column));
  const list = shared.map((column) => `"${column}"`).join(', ');
  ledger.script(sql.replace(/^CREATE TABLE (?:IF NOT EXISTS )?\w+/, `CREATE TABLE "${name}_rebuilt"`));
  if (list !== '') ledger.run(`INSERT OR IGNORE INTO "${name}_rebuilt" (${list}) SELECT ${list} FROM "${name}"`);
  ledger.script(`DROP TABLE "${name}"; ALTER TABLE "${name}_rebuilt" RENAME TO "${name}"`);
}
