import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import * as z from 'zod/mini';
import { ledgerJson } from '../../../src/core/domain/json.ts';
import type { Connection } from '../../../src/core/ledger/connection.ts';
import { loadOperation } from '../../../src/core/operations/registry.ts';
import { runOperation } from '../../../src/core/operations/runOperation.ts';
import { event, type SessionFixture, sessionFixture } from '../support/sessionFixture.ts';

/** The tables of the shared schema as its specification lists them. */
const tables = z
  .record(
    z.string(),
    z.object({
      columns: z.array(
        z.tuple([
          z.string(),
          z.string(),
          z.enum(['yes', 'no', '(key)']),
          z.nullable(z.string()),
          z.string(),
          z.nullable(z.string()),
        ]),
      ),
      indexes: z.array(z.tuple([z.string(), z.string(), z.boolean(), z.nullable(z.string())])),
    }),
  )
  .parse(JSON.parse(readFileSync(new URL('data/schema-v22.json', import.meta.url), 'utf8')));

type Column = (typeof tables)[string]['columns'][number];
const fullText = 'telemetry_events_fts';
const ordinary = Object.entries(tables).filter(([name]) => name !== fullText);

describe('a ledger of ours satisfies schema 22', () => {
  let fixture: SessionFixture;
  let ledger: Connection;

  beforeEach(() => {
    fixture = sessionFixture();
    ({ ledger } = fixture.context);
  });

  afterEach(() => fixture.dispose());

  const rows = (sql: string, parameters: readonly (string | number)[] = []) =>
    z.array(z.record(z.string(), z.unknown())).parse(ledger.all(sql, parameters));

  it('has its version, as the greatest of the versions', () => {
    assert.deepEqual(rows('PRAGMA user_version'), [{ user_version: 22 }]);
    assert.deepEqual(rows('SELECT max(version) AS greatest FROM schema_migrations'), [{ greatest: 22 }]);
  });

  it('has every table with every column, its type, default, key and reference, and no column more', () => {
    for (const [table, { columns }] of ordinary) {
      const found = new Map(rows(`PRAGMA table_info(${table})`).map((column) => [column.name, column]));
      assert.deepEqual([...found.keys()].toSorted(), columns.map(([name]) => name).toSorted(), table);
      const references = rows(`PRAGMA foreign_key_list(${table})`).map((key) => `${key.from} ${key.table}(${key.to})`);
      for (const [name, type, nullable, fallback, , reference] of columns) {
        const column = found.get(name);
        assert.equal(column?.type, type, `${table}.${name}`);
        assert.equal(column?.pk !== 0, nullable === '(key)', `${table}.${name}`);
        if (nullable !== '(key)') assert.equal(column?.notnull === 1, nullable === 'no', `${table}.${name}`);
        assert.equal(column?.dflt_value ?? null, fallback, `${table}.${name}`);
        if (reference !== null)
          assert.ok(references.includes(`${name} ${reference}`), `${table}.${name} ${references.join()}`);
      }
      assert.equal(references.length, columns.filter((column) => column[5] !== null).length, table);
    }
  });

  it('has the literals by which the reference knows a table that needs no rebuilding', () => {
    const definition = (name: string) =>
      rows("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", [name])[0]?.sql;
    assert.match(String(definition('telemetry_events')), /'dispatch'/);
    for (const name of ['commands', 'command_attempts']) assert.match(String(definition(name)), /'blocked'/);
    assert.match(String(definition(fullText)), /USING fts5/i);
    assert.doesNotMatch(String(definition(fullText)), /content\s*=|tokenize/i);
    assert.doesNotMatch(String(definition('telemetry_events')), /WITHOUT ROWID/i);
  });

  it('has every index and both triggers, by name and as they are defined', () => {
    for (const [table, { indexes }] of ordinary) {
      for (const [name, columns, isUnique, where] of indexes) {
        const [index] = rows("SELECT sql, tbl_name FROM sqlite_master WHERE type = 'index' AND name = ?", [name]);
        const sql = String(index?.sql).replaceAll(/\s+/g, ' ').toLowerCase();
        assert.equal(index?.tbl_name, table, name);
        assert.equal(sql.includes('unique'), isUnique, name);
        assert.ok(sql.includes(`(${columns})`), `${name}: ${sql}`);
        assert.equal(sql.split(' where ')[1] ?? null, where, name);
      }
    }
    for (const [name, act] of [
      ['events_no_update', "UPDATE events SET type = 'x'"],
      ['events_no_delete', 'DELETE FROM events'],
    ] as const) {
      assert.equal(rows("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name = ?", [name]).length, 1);
      assert.throws(() => ledger.run(act), /events are append-only/);
    }
  });

  it('takes every value that is listed, and no other', () => {
    ledger.run('PRAGMA foreign_keys = OFF');
    for (const [table, { columns }] of ordinary) {
      for (const column of columns) {
        const { good, bad } = valuesOf(column);
        for (const value of good)
          assert.equal(accepts(table, columns, column[0], value), true, `${table}.${column[0]} ${value}`);
        for (const value of bad)
          assert.equal(accepts(table, columns, column[0], value), false, `${table}.${column[0]} ${value}`);
      }
    }
  });

  /** Whether a row with this value can be inserted. It does not stay. */
  function accepts(table: string, columns: readonly Column[], name: string, value: string | number | null): boolean {
    const given = columns.map((column) => (column[0] === name ? value : (valuesOf(column).good[0] ?? null)));
    ledger.run('SAVEPOINT trial');
    try {
      if (table !== 'events') ledger.run(`DELETE FROM ${table}`);
      ledger.run(
        `INSERT INTO ${table} (${columns.map(([one]) => one).join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
        given,
      );
      return true;
    } catch {
      return false;
    } finally {
      ledger.run('ROLLBACK TO trial');
      ledger.run('RELEASE trial');
    }
  }

  describe('after work of every kind', () => {
    beforeEach(() => work(fixture));

    it('breaks no reference', () => {
      assert.deepEqual(rows('PRAGMA foreign_key_check'), []);
      assert.deepEqual(rows('PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
    });

    it('has one row of the full text for each of the telemetry, with the same words', () => {
      const kept = rows(
        'SELECT id AS event_id, actor, event_type, summary, attributes_json AS attributes FROM telemetry_events',
      );
      const indexed = rows(`SELECT event_id, actor, event_type, summary, attributes FROM ${fullText}`);
      const sorted = (found: typeof kept) => found.map((row) => JSON.stringify(row)).toSorted();
      assert.ok(kept.length > 10);
      assert.deepEqual(sorted(indexed), sorted(kept));
    });

    it('writes timestamps, identifiers, JSON and booleans as agreed', () => {
      let seen = 0;
      for (const [table, { columns }] of ordinary) {
        for (const row of rows(`SELECT * FROM ${table}`)) {
          for (const [name, type, , , constraint] of columns) {
            const value = row[name];
            if (value === null) continue;
            seen += 1;
            const place = `${table}.${name}: ${String(value)}`;
            assert.equal(typeof value, type === 'TEXT' ? 'string' : 'number', place);
            if (/_at$|^timestamp$/.test(name) && table !== 'codex_events')
              assert.match(String(value), timestamp, place);
            // What Codex wrote stays as it wrote it; nobody compares it as text.
            if (name.endsWith('_json') && table !== 'codex_events')
              assert.equal(ledgerJson(JSON.parse(String(value))), value, place);
            if (constraint === '0 or 1') assert.ok(value === 0 || value === 1, place);
            const prefix = name === 'id' && type === 'TEXT' ? prefixes[table] : undefined;
            if (prefix !== undefined) assert.match(String(value), new RegExp(`^${prefix}-${uuid}$`), place);
          }
        }
      }
      assert.ok(seen > 500, `looked at ${seen} values`);
      for (const name of [
        'tasks',
        'sessions',
        'bindings',
        'commands',
        'command_attempts',
        'routed_notifications',
        'manager_cycles',
        'manager_cycle_spans',
        'manager_decisions',
        'acceptance_criteria',
        'manager_configs',
        'task_acknowledgements',
        'worker_handoffs',
        'codex_events',
        'task_continuations',
        'continuation_reviews',
        'runs',
        'events',
        'telemetry_events',
        'agent_observations',
        'epilogue_runs',
      ]) {
        assert.ok(rows(`SELECT count(*) AS n FROM ${name}`)[0]?.n !== 0, `nothing was written to ${name}`);
      }
    });
  });
});

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';
const timestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?Z$/;
const prefixes: Readonly<Record<string, string>> = {
  tasks: 'task',
  sessions: 'session',
  bindings: 'binding',
  commands: 'command',
  runs: 'run',
  telemetry_events: 'telemetry',
};

/** Values that a column takes, the first of which suits any row, and values that it refuses. */
function valuesOf([name, type, nullable, , constraint]: Column): {
  readonly good: readonly (string | number | null)[];
  readonly bad: readonly (string | number | null)[];
} {
  const isRequired = nullable === 'no';
  const none = { good: isRequired ? [] : [null], bad: isRequired ? [null] : [] };
  const listed = [...constraint.matchAll(/`([^`]+)`/g)].map(([, value = '']) => value);
  const number = {
    '0 or 1': [
      [0, 1],
      [2, -1],
    ],
    '> 0': [
      [1, 7],
      [0, -1],
    ],
    '>= 0': [[0], [-1]],
    'null or > 0': [[1], [0]],
  }[constraint];
  if (listed.length > 0) return { good: [...listed, ...none.good], bad: ['nonsense', '', ...none.bad] };
  if (constraint === 'valid JSON') return { good: ['{}', '[]', ...none.good], bad: ['{', '', ...none.bad] };
  if (number !== undefined)
    return { good: [...(number[0] ?? []), ...none.good], bad: [...(number[1] ?? []), ...none.bad] };
  if (nullable === '(key)') return { good: [type === 'INTEGER' ? 987_654 : `some ${name}`], bad: [] };
  return { good: [type === 'INTEGER' ? 3 : `some ${name}`, ...none.good], bad: none.bad };
}

/** A task's life, so that every table of the session path has rows. */
async function work(fixture: SessionFixture): Promise<void> {
  const { context, rollout } = fixture;
  const run = async (verb: string, input: Record<string, unknown> = {}) => {
    const operation = await loadOperation(verb);
    assert.ok(operation !== null);
    const output = await runOperation(operation, context, input);
    context.settleOutput(true);
    return z.record(z.string(), z.unknown()).parse(output);
  };
  fixture.bind('alpha');
  writeFileSync(rollout, event('task_started', { turn_id: 'a1' }), { flag: 'a' });
  writeFileSync(rollout, event('task_complete', { turn_id: 'a1', last_agent_message: 'dön' }), { flag: 'a' });
  await run('manager-config', {
    task: 'alpha',
    permit: ['context.spawn_reviewer'],
    acceptance: ['It wörks'],
    epilogue: ['record-handoff'],
  });
  await run('criteria', {
    task: 'alpha',
    add: true,
    criterion: 'Tested',
    source: 'worker_proposed',
    status: ['accepted'],
  });
  await run('runs', { create: 'alpha', name: 'r1' });
  await run('handoff', { task: 'alpha', summary: 'where I am', nextStep: ['on'] });
  await run('ingest', { name: 'w1' });
  const { cycle_id: cycle } = await run('cycle', { task: 'alpha' });
  await run('record-decision', { task: 'alpha', decision: 'nudge', reason: 'why', cycleId: cycle });
  await run('enqueue-nudge-worker', { task: 'alpha', message: 'go on' });
  await run('dispatch', { once: true });
  await run('worker-inbox', { task: 'alpha', consumeNext: true });
  await run('cycle', { task: 'alpha' });
  for (const [verb, input, piped] of [
    ['worker-ack', { task: 'alpha', fromStdin: true }, { ready: true }],
    ['manager-ack', { task: 'alpha', fromStdin: true }, { ready: true }],
    ['continuation', { task: 'alpha', submit: 'worker', fromStdin: true, correlationId: 't' }, { next: 'ä' }],
    ['continuation', { task: 'alpha', submit: 'manager', fromStdin: true, correlationId: 't' }, { next: 'b' }],
    [
      'continuation',
      { task: 'alpha', review: true, fromStdin: true, correlationId: 't' },
      {
        agreement: 'match',
        verdict: 'proceed',
        rationale: 'fine',
        subagent_run: { reviewer_session_id: 'r', manager_session_id: 'm', manager_rollout_access: false },
      },
    ],
  ] as const) {
    context.readStdin = () => Promise.resolve(JSON.stringify(piped));
    await run(verb, input);
  }
  await run('epilogue', { task: 'alpha', step: 'record-handoff' });
  await run('finish-task', { task: 'alpha', reason: 'done' });
}
