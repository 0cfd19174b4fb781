import type { Connection } from './connection.ts';

/**
 * What an older ledger lacks, brought in place: columns that later releases added, three tables whose constraints grew,
 * references that an old release left pointing nowhere (spec/schema-v22.md, "Repairs on opening").
 *
 * `script` is the current schema; its own table definitions are used, so that there is one source for them.
 */
export function adoptOlderSchema(connection: Connection, script: string): void {
  const definitions = tableDefinitions(script);
  for (const [table, definition] of definitions) {
    const stored = storedDefinition(connection, table);
    if (stored === null) continue;
    if (mustRebuild(table, stored, definition, connection)) rebuild(connection, table, definition);
    else addMissingColumns(connection, table, definition);
  }
}

/** Tables whose constraint must name a value that older files refuse, by the literal that shows it. */
const requiredLiterals: Readonly<Record<string, string>> = {
  telemetry_events: "'dispatch'",
  commands: "'blocked'",
  command_attempts: "'blocked'",
};

function mustRebuild(table: string, stored: string, definition: string, connection: Connection): boolean {
  const literal = requiredLiterals[table];
  if (literal !== undefined && !stored.includes(literal)) return true;
  if (table === 'bindings' && !columnNames(connection, table).includes('worker_session_id')) return true;
  if (stored.includes('bindings_v4')) return true;
  const missing = missingColumns(connection, table, definition);
  return missing.some((column) => /\bNOT NULL\b/.test(column.text) && !/\bDEFAULT\b/.test(column.text));
}

function rebuild(connection: Connection, table: string, definition: string): void {
  const wanted = columnsOf(definition).map(({ name }) => name);
  const shared = columnNames(connection, table).filter((name) => wanted.includes(name));
  const list = shared.map((name) => `"${name}"`).join(', ');
  connection.script(definition.replace(`CREATE TABLE IF NOT EXISTS ${table} (`, `CREATE TABLE "${table}_rebuilt" (`));
  connection.script(`INSERT INTO "${table}_rebuilt" (${list}) SELECT ${list} FROM "${table}" ORDER BY rowid`);
  connection.script(`DROP TABLE "${table}"`);
  connection.script(`ALTER TABLE "${table}_rebuilt" RENAME TO "${table}"`);
}

/** Columns of the shared schema that a ledger lacks, as `table.column`. */
export function findLostColumns(connection: Connection, script: string): string[] {
  return [...tableDefinitions(script)].flatMap(([table, definition]) =>
    storedDefinition(connection, table) === null
      ? []
      : missingColumns(connection, table, definition).map(({ name }) => `${table}.${name}`),
  );
}

function addMissingColumns(connection: Connection, table: string, definition: string): void {
  for (const { text } of missingColumns(connection, table, definition)) {
    // SQLite cannot add a referencing column with a default; none of ours has both.
    connection.script(`ALTER TABLE "${table}" ADD COLUMN ${text}`);
  }
}

function missingColumns(connection: Connection, table: string, definition: string): Column[] {
  const present = new Set(columnNames(connection, table));
  return columnsOf(definition).filter(({ name }) => !present.has(name));
}

interface Column {
  readonly name: string;
  readonly text: string;
}

export function columnsOf(definition: string): Column[] {
  return definition
    .split('\n')
    .slice(1, -1)
    .map((line) => line.trim().replace(/,$/, ''))
    .filter((line) => /^[a-z_]+ (?:TEXT|INTEGER|REAL)\b/.test(line))
    .map((text) => ({ name: text.slice(0, text.indexOf(' ')), text }));
}

function tableDefinitions(script: string): Map<string, string> {
  const found = script.matchAll(/CREATE TABLE IF NOT EXISTS (\w+) \([^;]*\);/g);
  return new Map([...found].map(([text, name]) => [name ?? '', text.replace(/;$/, '')]));
}

function storedDefinition(connection: Connection, table: string): string | null {
  const [sql] = values(connection.get("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", [table]));
  return typeof sql === 'string' ? sql : null;
}

export function columnNames(connection: Connection, table: string): string[] {
  return connection.all('SELECT name FROM pragma_table_info(?)', [table]).map((row) => String(values(row)[0]));
}

function values(row: unknown): unknown[] {
  return row === undefined || row === null ? [] : Object.values(row);
}

const unmirroredWorkers = `FROM workers w WHERE NOT EXISTS (
  SELECT 1 FROM sessions s WHERE s.id = w.id OR s.name = w.name OR s.identity_token = w.identity_token)`;
const unmirroredManagers = `FROM managers m WHERE NOT EXISTS (SELECT 1 FROM sessions s WHERE s.id = m.id OR s.name = m.name)`;

export function needsMirroring(connection: Connection): boolean {
  const found = connection.get(
    `SELECT EXISTS (SELECT 1 ${unmirroredWorkers}) OR EXISTS (SELECT 1 ${unmirroredManagers})`,
  );
  return values(found)[0] === 1;
}

/** Shows the rows of the two legacy tables as sessions, as the reference does on each opening. Returns how many were added. */
export function mirrorLegacySessions(connection: Connection): number {
  const columns = 'id, name, role, identity_token, tmux_session, tmux_pane_id, cwd, registered_at, state';
  const workers = connection.run(
    `INSERT INTO sessions (${columns}) SELECT w.id, w.name, 'worker', w.identity_token, w.tmux_session, w.tmux_pane_id, w.cwd, w.created_at, 'active' ${unmirroredWorkers}`,
  );
  const managers = connection.run(
    `INSERT INTO sessions (${columns}) SELECT m.id, m.name, 'manager', 'legacy-manager-token-' || lower(hex(randomblob(16))), m.tmux_session, m.tmux_pane_id, '', m.started_at, 'active' ${unmirroredManagers}`,
  );
  return workers.changes + managers.changes;
}
