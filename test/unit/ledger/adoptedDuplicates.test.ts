import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FakePaneDelivery } from '../../../src/core/dispatch/paneDelivery.ts';
import { runDispatchPass } from '../../../src/core/dispatch/dispatchPass.ts';
import { ingestSession } from '../../../src/core/ingest/ingestSession.ts';
import { loadMigrations } from '../../../src/core/ledger/migrations.ts';
import { requireSession } from '../../../src/core/ledger/sessionStore.ts';
import { openSqlite, type SqliteDatabase } from '../../../src/core/ledger/sqliteDriver.ts';
import { passDefaults } from '../dispatch/support.ts';
import { event, head } from '../support/sessionFixture.ts';
import { temporaryContext, type TemporaryContext } from '../support/temporaryContext.ts';

const now = '2026-01-02T03:04:05+00:00';

/** What agent-conveyor 0.1.0 leaves when a session is registered again: its rollout is read once more (OD-2, CP-9). */
describe('a ledger in which the reference has read one rollout twice', () => {
  let temporary: TemporaryContext;
  let rollout: string;

  beforeEach(() => {
    temporary = temporaryContext();
    rollout = join(temporary.folder, 'rollout-w1.jsonl');
    writeFileSync(
      rollout,
      head('thread-w1') + event('task_started', { turn_id: 't1' }) + event('task_complete', { turn_id: 't1' }),
    );
  });
  afterEach(() => temporary.dispose());

  /** `routed`: which of the two copies of the completion the reference has told the manager of, if any. */
  function adopt(routed: 'first' | 'second' | 'none'): void {
    const { stateRoot, ledgerFile } = temporary.context;
    mkdirSync(stateRoot);
    const reference = openSqlite(ledgerFile, { readonly: false, busyMilliseconds: 0 });
    reference.exec(loadMigrations()[0]?.sql ?? '');
    reference.pragma('user_version = 22');
    fill(reference);
    readByReference(reference);
    readByReference(reference);
    const copies = reference
      .prepare<unknown[], { id: number }>("SELECT id FROM codex_events WHERE subtype = 'task_complete' ORDER BY id")
      .all();
    assert.equal(copies.length, 2);
    const told = { first: copies[0], second: copies[1], none: undefined }[routed];
    if (told !== undefined) {
      reference
        .prepare(
          `INSERT INTO routed_notifications (task_id, binding_id, correlation_id, source_session_id, target_session_id,
             signal_type, source_event_id, dedupe_key, created_at, delivered_at, delivery_mode, state, payload_json)
           VALUES ('task-1', 'binding-1', 'c', 'session-w1', 'session-m1', 'worker_task_complete', ?, ?, ?, ?,
             'pull_required', 'delivered', '{}')`,
        )
        .run(told.id, `binding-1:worker_task_complete:session-w1:${told.id}`, now, now);
    }
    reference.close();
  }

  function fill(reference: SqliteDatabase): void {
    reference.exec(`
      INSERT INTO tasks (id, name, goal, state, created_at, updated_at) VALUES ('task-1', 't', 'g', 'managed', '${now}', '${now}');
      INSERT INTO sessions (id, name, role, identity_token, codex_session_path, codex_session_id, pid, cwd, registered_at, state)
        VALUES ('session-w1', 'w1', 'worker', 'a', '${rollout}', 'thread-w1', 7, '/srv', '${now}', 'active'),
               ('session-m1', 'm1', 'manager', 'b', NULL, NULL, 8, '/srv', '${now}', 'active');
      INSERT INTO bindings (id, task_id, worker_session_id, manager_session_id, state, created_at)
        VALUES ('binding-1', 'task-1', 'session-w1', 'session-m1', 'active', '${now}');`);
  }

  /** Each line as a row; the registration that follows forgets how far it came. */
  function readByReference(reference: SqliteDatabase): void {
    const insert = reference.prepare(
      `INSERT INTO codex_events (session_id, timestamp, type, subtype, payload_json, byte_offset, ingested_at)
       VALUES ('session-w1', ?, ?, ?, ?, ?, '${now}')`,
    );
    let offset = 0;
    for (const text of readFileSync(rollout, 'utf8').split('\n').slice(0, -1)) {
      const { type, payload, timestamp } = JSON.parse(text);
      insert.run(timestamp, type, type === 'event_msg' ? payload.type : null, JSON.stringify(payload), offset);
      offset += Buffer.byteLength(text) + 1;
    }
    reference.exec('UPDATE sessions SET last_ingest_offset = NULL');
  }

  const rows = (sql: string): Record<string, unknown>[] =>
    temporary.context.ledger.all(sql).map((row) => ({ ...(row as Record<string, unknown>) }));
  const ingest = () => {
    const { ledger, clock } = temporary.context;
    return ingestSession({ ledger, clock }, requireSession(ledger, 'w1'));
  };
  const dispatch = () => {
    const { ledger, clock, host } = temporary.context;
    const deps = { ledger, clock, host, panes: new FakePaneDelivery(), program: 'conveyor', every: () => () => {} };
    return runDispatchPass(deps, passDefaults);
  };
  const told = () =>
    rows(`SELECT json_extract(e.payload_json, '$.turn_id') AS turn FROM routed_notifications n
      JOIN codex_events e ON e.id = n.source_event_id ORDER BY n.id`).map(({ turn }) => turn);

  for (const routed of ['first', 'second', 'none'] as const) {
    it(`OD-2: opens, reads nothing again and tells of each turn once (told before: ${routed})`, async () => {
      adopt(routed);
      assert.equal((await ingest()).new_events, 0);
      await dispatch();
      await dispatch();
      assert.deepEqual(told(), ['t1']);
      appendFileSync(rollout, event('task_started', { turn_id: 't2' }) + event('task_complete', { turn_id: 't2' }));
      assert.equal((await ingest()).new_events, 2);
      await dispatch();
      await dispatch();
      assert.deepEqual(told(), ['t1', 't2']);
      // What was there stays there: the reference's rows are nobody's to delete.
      assert.equal(rows('SELECT id FROM codex_events').length, 8);
      assert.deepEqual(rows('PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
      assert.deepEqual(rows('PRAGMA foreign_key_check'), []);
    });
  }
});
