import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { ConveyorError } from '../../../src/core/domain/errors.ts';
import { printedJson } from '../../../src/core/domain/json.ts';
import { openSqlite } from '../../../src/core/ledger/sqliteDriver.ts';
import { type Argument, parseInput } from '../../../src/core/operations/argument.ts';
import type { AnyOperation } from '../../../src/core/operations/operation.ts';
import { HostedContext } from '../../../src/core/operations/operationContext.ts';
import { loadOperation, operationNames } from '../../../src/core/operations/registry.ts';
import { FakeClock } from '../../../src/core/ports/clock.ts';
import { FakeHostFacts } from '../../../src/core/ports/hostFacts.ts';
import { FakeProcessRunner } from '../../../src/core/ports/processRunner.ts';

const upstreamLedger = fileURLToPath(new URL('../ledger/data/upstream-v22.db', import.meta.url));

/** What no program of ours writes, and somebody's hand or another program may. */
const odd = fc.oneof(
  fc.constantFrom<string | number | bigint | null | Uint8Array>(
    null,
    '',
    ' ',
    0,
    -1,
    1e308,
    -(2n ** 63n),
    2n ** 63n - 1n,
    'x',
    '\u0000',
    '\ud800',
    '{',
    '{}',
    '[]',
    '[1,"a",null,{"a":[]}]',
    'null',
    '5',
    '"text"',
    '{"__proto__":{"a":1},"constructor":2,"toString":null}',
    '{"loop_policy":5,"decision":[],"manager_decision":"x","final_audit":{"open_criteria":7},"status":{}}',
    '{"kind":"session_cycle","pane_signal":[],"ingest":"x","staleness_seconds":"old","state":5}',
    `${'{"a":'.repeat(900)}1${'}'.repeat(900)}`,
    `${'['.repeat(5000)}${']'.repeat(5000)}`,
    '2026-13-45T99:99:99Z',
    '9999-12-31T23:59:59Z',
    'active',
    'x'.repeat(200_000),
    new Uint8Array([0xff, 0x00, 0xfe]),
  ),
  fc.string({ maxLength: 12 }),
);

interface Column {
  readonly table: string;
  readonly column: string;
}

describe('a ledger in which cells are spoiled', function () {
  this.timeout(240_000);
  let folder: string;
  let columns: readonly Column[];

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'conveyor-spoiled-'));
    copyFileSync(upstreamLedger, join(folder, 'fresh.db'));
    // Once with everything that is ours in it, so that a copy of it need not be migrated each time.
    new HostedContext({
      surface: 'cli',
      cwd: folder,
      variables: {},
      ledgerFile: join(folder, 'fresh.db'),
    }).ledger.close();
    columns = columnsOf(join(folder, 'fresh.db'));
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  it('is read, or refused in a sentence, by every verb that reads', async () => {
    const operations = await readingOperations();
    assert.ok(operations.length > 15);
    const spoiled = fc.array(fc.tuple(fc.nat(), odd), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(spoiled, async (cells) => {
        const file = spoil(cells);
        for (const operation of operations) await attempt(operation, file);
      }),
      { numRuns: Number(process.env.CONVEYOR_RUNS ?? 30) },
    );
  });

  function spoil(cells: readonly (readonly [number, string | number | bigint | null | Uint8Array])[]): string {
    const file = join(folder, 'spoiled.db');
    for (const rest of ['', '-wal', '-shm']) rmSync(`${file}${rest}`, { force: true });
    copyFileSync(join(folder, 'fresh.db'), file);
    const database = openSqlite(file, { readonly: false, busyMilliseconds: 1000 });
    try {
      // As another program might: without our constraints, our keys, and the guard of the log.
      database.exec('PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF; DROP TRIGGER events_no_update');
      for (const [index, value] of cells) {
        const { table, column } = columns[index % columns.length] ?? { table: 'tasks', column: 'goal' };
        try {
          database.prepare(`UPDATE ${table} SET ${column} = ? WHERE rowid % 2 = ${index % 2}`).run(value);
        } catch {
          // What the table itself refuses (NOT NULL, UNIQUE) nobody can spoil in this way.
        }
      }
    } finally {
      database.close();
    }
    return file;
  }

  async function attempt(operation: AnyOperation, ledgerFile: string): Promise<void> {
    const context = new HostedContext({
      surface: 'cli',
      cwd: folder,
      variables: { HOME: folder },
      stateRoot: join(folder, 'state'),
      ledgerFile,
      clock: new FakeClock(Date.parse('2026-11-22T12:00:00Z')),
      host: new FakeHostFacts(),
      processes: new FakeProcessRunner(),
    });
    try {
      for (const given of waysToAsk(operation)) {
        const input = parseInput(operation.inputs, given);
        try {
          const output = await operation.run(context, input);
          if (input.json !== true) operation.text?.(output, input, context);
          printedJson(output);
          operation.exitStatus?.(output, input);
        } catch (error) {
          if (!ConveyorError.is(error)) throw new Error(`${operation.name} ${JSON.stringify(given)}`, { cause: error });
          assert.notEqual(error.code, 'internal', `${operation.name}: ${error.message}`);
        }
      }
    } finally {
      context.close();
    }
  }
});

/** They ask hosts, homes and browsers, not the ledger; or wait for somebody. */
const elsewhere = new Set(['completions', 'dashboard', 'doctor', 'doctor-self', 'install-skills', 'install-hooks']);
/** They write little, and read most. */
const alsoReading = ['tail', 'export-task', 'cycle', 'reconcile', 'commands', 'worker-inbox', 'loop-evidence', 'runs'];

async function readingOperations(): Promise<AnyOperation[]> {
  const found: AnyOperation[] = [];
  for (const name of operationNames.filter((known) => !elsewhere.has(known))) {
    const operation = await loadOperation(name);
    if (operation !== null && (operation.effect === 'reads' || alsoReading.includes(name))) found.push(operation);
  }
  return found;
}

/** With and without JSON and content, and of each view and format. */
function waysToAsk({ inputs }: AnyOperation): Record<string, unknown>[] {
  const plain = Object.fromEntries(
    Object.entries(inputs)
      .filter(([, { required }]) => required)
      .map(([name, argument]) => [name, valueFor(name, argument)]),
  );
  const task = 'task' in inputs && !('viewTask' in inputs) ? { task: 'checkout-refactor' } : {};
  const base = { ...plain, ...task };
  const full = {
    ...base,
    ...('json' in inputs ? { json: true } : {}),
    ...('includeContent' in inputs ? { includeContent: true } : {}),
    ...('list' in inputs ? { list: true } : {}),
    ...('attempts' in inputs ? { attempts: true } : {}),
  };
  const chosen = ['view', 'format'].flatMap((name) =>
    (inputs[name]?.choices ?? []).map((choice) => ({ ...full, [name]: choice })),
  );
  return [base, full, ...chosen];
}

function valueFor(name: string, { kind, choices }: Argument<unknown>): unknown {
  if (choices !== null) return choices[0];
  if (kind === 'integer' || kind === 'number') return 1;
  const known: Readonly<Record<string, string>> = {
    task: 'checkout-refactor',
    name: 'alpha-worker',
    run: 'fixture-run',
  };
  return known[name] ?? 'alpha-worker';
}

function columnsOf(file: string): Column[] {
  const database = openSqlite(file, { readonly: true, busyMilliseconds: 1000 });
  try {
    const tables = database
      .prepare(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%fts%' AND name NOT LIKE 'sqlite%'",
      )
      .pluck()
      .all()
      .map(String);
    return tables.flatMap((table) =>
      database
        .prepare(`SELECT name FROM pragma_table_info('${table}')`)
        .pluck()
        .all()
        .map((column) => ({ table, column: String(column) })),
    );
  } finally {
    database.close();
  }
}
