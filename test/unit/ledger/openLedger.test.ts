import assert from 'node:assert/strict';
import {
  chmodSync,
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConveyorError } from '../../../src/core/domain/errors.ts';
import { diagnoseLedger } from '../../../src/core/ledger/diagnose.ts';
import { panelVersions } from '../../../src/core/ledger/migrate.ts';
import { loadMigrations } from '../../../src/core/ledger/migrations.ts';
import { openLedger } from '../../../src/core/ledger/openLedger.ts';
import { openSqlite } from '../../../src/core/ledger/sqliteDriver.ts';

const fixtures = fileURLToPath(new URL('data/', import.meta.url));
const now = Date.UTC(2026, 10, 26);

describe('openLedger', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'conveyor-ledger-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('creates a sound ledger that nobody else can read and git ignores', () => {
    const root = join(folder, '.codex-workers');
    const { connection, migration } = openLedger(join(root, 'workerctl.db'), now);
    assert.deepEqual(migration.applied.length, loadMigrations().length);
    assert.equal(diagnoseLedger(connection).ok, true);
    assert.equal(statSync(root).mode & 0o777, 0o700);
    for (const name of readdirSync(root)) assert.equal(statSync(join(root, name)).mode & 0o777, 0o600, name);
    assert.equal(readFileSync(join(root, '.gitignore'), 'utf8'), '*\n');
    connection.close();
  });

  it('takes a ledger that others could read for its owner alone, with its folder and what belongs to it', () => {
    const root = join(folder, '.codex-workers');
    const file = join(root, 'workerctl.db');
    openLedger(file, now).connection.close();
    chmodSync(root, 0o755);
    chmodSync(file, 0o644);
    const { connection } = openLedger(file, now);
    connection.write(() => connection.run('UPDATE panel_sequence SET value = value + 1 WHERE id = 1'));
    assert.equal(statSync(root).mode & 0o777, 0o700);
    for (const name of readdirSync(root)) assert.equal(statSync(join(root, name)).mode & 0o777, 0o600, name);
    assert.ok(readdirSync(root).includes('workerctl.db-wal'));
    connection.close();
  });

  it("leaves the rights of folders alone that are not the ledger's own, and of what is no ledger", () => {
    chmodSync(folder, 0o755);
    openLedger(join(folder, 'workerctl.db'), now).connection.close();
    assert.equal(statSync(folder).mode & 0o777, 0o755);
    const file = join(folder, 'notes.db');
    writeFileSync(file, 'no database, but long enough to be taken for one at first sight: '.repeat(20), {
      mode: 0o644,
    });
    assert.throws(
      () => openLedger(file, now),
      (error) => ConveyorError.is(error, 'ledger_invalid'),
    );
    assert.equal(statSync(file).mode & 0o777, 0o644);
  });

  it('OD-30: opening a ledger that is up to date runs no migration and writes nothing', () => {
    const file = join(folder, 'workerctl.db');
    openLedger(file, now).connection.close();
    const before = readFileSync(file);
    // A migration that finds nothing to do would still wait for the write lock.
    const writer = openSqlite(file, { readonly: false, busyMilliseconds: 0 });
    writer.exec('BEGIN IMMEDIATE');
    const second = openLedger(file, now + 60_000);
    assert.deepEqual(second.migration, { applied: [], adoptedFrom: null, mirroredSessions: 0 });
    second.connection.close();
    writer.exec('ROLLBACK');
    writer.close();
    assert.deepEqual(readFileSync(file), before);
  });

  it('CP-25: opens and reads while another program holds the write lock', () => {
    const file = join(folder, 'workerctl.db');
    openLedger(file, now).connection.close();
    const writer = openSqlite(file, { readonly: false, busyMilliseconds: 0 });
    writer.exec('BEGIN IMMEDIATE');
    const { connection } = openLedger(file, now);
    assert.deepEqual(connection.all('SELECT * FROM tasks'), []);
    connection.close();
    writer.exec('ROLLBACK');
    writer.close();
  });

  for (const [name, version] of [
    ['upstream-v22.db', null],
    ['upstream-v22-legacy.db', null],
    ['upstream-v15.db', 15],
    ['upstream-v21.db', 21],
  ] as const) {
    it(`adopts ${name} in place, losing no row`, () => {
      const file = adoptable(name);
      const rows = countRows(file);
      const { connection, migration } = openLedger(file, now);
      assert.equal(migration.adoptedFrom, version);
      assert.equal(diagnoseLedger(connection).ok, true);
      connection.close();
      const after = countRows(file);
      for (const [table, count] of rows) assert.ok((after.get(table) ?? 0) >= count, table);
    });
  }

  it('migrates every old ledger to the same tables and columns', () => {
    const fresh = openLedger(join(folder, 'fresh.db'), now).connection;
    const wanted = columns(fresh);
    fresh.close();
    for (const name of ['upstream-v15.db', 'upstream-v21.db', 'upstream-v22.db']) {
      const { connection } = openLedger(adoptable(name), now);
      assert.deepEqual(columns(connection), wanted, name);
      connection.close();
    }
  });

  it('refuses a newer ledger and leaves it as it is', () => {
    const file = join(folder, 'newer.db');
    const made = openSqlite(file, { readonly: false, busyMilliseconds: 0 });
    made.exec('CREATE TABLE t (x); PRAGMA user_version = 23');
    made.close();
    const before = readFileSync(file);
    assert.throws(() => openLedger(file, now), refusal('ledger_newer', /newer than.*update/));
    assert.deepEqual(readFileSync(file), before);
  });

  it('refuses what is no database, in one line', () => {
    const file = join(folder, 'text.db');
    writeFileSync(file, 'this is not a database, but it is long enough to look like one'.repeat(40));
    assert.throws(() => openLedger(file, now), refusal('ledger_invalid', /not a usable SQLite database/));
  });

  it('refuses a state root below a file, in one line', () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    assert.throws(
      () => openLedger(join(file, 'root', 'workerctl.db'), now),
      refusal('state_root_unwritable', /WORKERCTL_STATE_ROOT/),
    );
  });

  it('knows the newest migration', () => {
    assert.deepEqual(
      loadMigrations().map(({ version }) => version),
      panelVersions,
    );
  });

  function adoptable(name: string): string {
    const file = join(folder, name);
    copyFileSync(join(fixtures, name), file);
    chmodSync(file, 0o600);
    return file;
  }
});

function refusal(code: 'ledger_newer' | 'ledger_invalid' | 'state_root_unwritable', sentence: RegExp) {
  return (error: unknown) => {
    assert.ok(ConveyorError.is(error, code), String(error));
    assert.match(error.message, sentence);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  };
}

function countRows(file: string): Map<string, number> {
  const database = openSqlite(file, { readonly: true, busyMilliseconds: 0 });
  const tables = database
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
    .pluck()
    .all();
  const counts = new Map(
    tables.map((table) => [String(table), Number(database.prepare(`SELECT count(*) FROM "${table}"`).pluck().get())]),
  );
  database.close();
  return counts;
}

function columns(connection: ReturnType<typeof openLedger>['connection']): unknown {
  return connection.all(
    `SELECT m.name AS "table", p.name AS "column" FROM sqlite_master m JOIN pragma_table_info(m.name) p
     WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE '%_fts%' ORDER BY 1, 2`,
  );
}
