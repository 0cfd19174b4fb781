import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dbDoctor } from '../../../src/core/operations/dbDoctor.ts';
import { enqueueNudgeWorker } from '../../../src/core/operations/enqueue.ts';
import { telemetry } from '../../../src/core/operations/telemetry.ts';
import { markSessionGone, requireSession } from '../../../src/core/ledger/sessionStore.ts';
import { checkLive, type LivePorts } from '../../../src/core/supervise/liveCheck.ts';
import { refuse } from '../../../src/core/domain/errors.ts';
import type { Pane } from '../../../src/core/tmux/pane.ts';
import { temporaryContext } from '../support/temporaryContext.ts';
import { boundContext, run } from './support.ts';

type Bound = Awaited<ReturnType<typeof boundContext>>;

describe('db-doctor', () => {
  let bound: Bound;

  beforeEach(async () => {
    bound = await boundContext();
  });

  afterEach(() => {
    bound.dispose();
  });

  it('AT-15: says what is missing and leaves it missing, until a repair is asked for', async () => {
    const { context } = bound;
    context.ledger.script('DROP INDEX one_active_binding_per_task; DROP TRIGGER events_no_update');
    const failed = async (input: object) => {
      const { ok, checks, repaired } = await run(dbDoctor, context, { ...input });
      return { ok, names: checks.filter((check) => !check.ok).map(({ name }) => name), repaired };
    };
    const names = ['required_indexes', 'required_triggers'];
    assert.deepEqual(await failed({}), { ok: false, names, repaired: undefined });
    assert.deepEqual(await failed({}), { ok: false, names, repaired: undefined });
    assert.deepEqual(await failed({ repair: true }), { ok: true, names: [], repaired: names });
    assert.deepEqual(await failed({ repair: true }), { ok: true, names: [], repaired: [] });
    assert.throws(() => context.ledger.run('UPDATE events SET type = type'), /append-only/);
  });

  it('AT-15: says which of our own tables, columns and indexes are damaged, and rebuilds them with their rows', async () => {
    const { context } = bound;
    const { ledger } = context;
    await run(enqueueNudgeWorker, context, { task: 'alpha', message: 'first' });
    ledger.run("INSERT INTO panel_looks (session_id, looked_at) SELECT id, '2026-01-02T03:04:05Z' FROM sessions");
    const [lines, looks] = ['telemetry_events', 'panel_looks'].map((table) => ledger.all(`SELECT * FROM ${table}`));
    assert.ok((lines?.length ?? 0) > 0);
    ledger.script(`DROP TABLE panel_signals; DROP INDEX panel_cycles_story; DROP TABLE panel_sequence;
      ALTER TABLE panel_looks ADD COLUMN extra TEXT; ALTER TABLE panel_deliveries DROP COLUMN rung;
      ALTER TABLE commands DROP COLUMN required_permission; DROP TABLE telemetry_events_fts;
      CREATE TABLE telemetry_events_fts (event_id, task_id, run_id, actor, event_type, summary, attributes);
      INSERT INTO schema_migrations VALUES (23, '2026-01-02T03:04:05Z'); PRAGMA wal_checkpoint(TRUNCATE)`);
    const before = readFileSync(context.ledgerFile);
    const found = await run(dbDoctor, context, {});
    assert.deepEqual(readFileSync(context.ledgerFile), before);
    const failed = new Map(found.checks.filter(({ ok }) => !ok).map((check) => [check.name, check['missing']]));
    assert.deepEqual(failed.get('panel_objects'), [
      'panel_cycles_story',
      'panel_deliveries',
      'panel_sequence',
      'panel_signals',
    ]);
    assert.deepEqual(failed.get('required_columns'), ['commands.required_permission']);
    assert.deepEqual([...failed.keys()], ['schema_version', 'required_columns', 'panel_objects', 'telemetry_index']);
    const after = await run(dbDoctor, context, { repair: true });
    assert.deepEqual([after.ok, after.repaired], [true, [...failed.keys()]]);
    assert.deepEqual(ledger.all('SELECT * FROM telemetry_events'), lines);
    assert.deepEqual(ledger.all('SELECT session_id, looked_at FROM panel_looks'), looks);
    assert.deepEqual(ledger.all('PRAGMA foreign_key_check'), []);
    await run(enqueueNudgeWorker, context, { task: 'alpha', message: 'go on' });
    const searched = await run(telemetry, context, { search: 'nudge_worker' });
    assert.ok(Array.isArray(searched) && searched.length > 0);
  });

  it('AT-15: a ledger that has lost the list of our migrations is brought up to date again, with what it has', async () => {
    const { context } = bound;
    context.ledger.run("INSERT INTO panel_looks (session_id, looked_at) SELECT id, 'now' FROM sessions");
    context.ledger.script('UPDATE panel_sequence SET value = 41; DROP TABLE panel_migrations');
    const { ok } = await run(dbDoctor, context, { repair: true });
    const values = (sql: string) => context.ledger.all(sql).map((row) => Object.values(Object(row))[0]);
    assert.deepEqual([ok, values('SELECT value FROM panel_sequence')], [true, [41]]);
    assert.deepEqual(values('SELECT count(*) FROM panel_looks'), values('SELECT count(*) FROM sessions'));
  });

  it('AT-15: of a ledger that is not there it makes nothing', async () => {
    const empty = temporaryContext();
    const { ok, exists } = await run(dbDoctor, empty.context, { live: true });
    assert.deepEqual([ok, exists], [true, false]);
    assert.deepEqual(readdirSync(empty.folder), []);
    empty.dispose();
  });

  it('AT-15: a ledger of an older release is told from a sound one and stays as it is, until a repair is asked for', async () => {
    const file = join(bound.folder, 'old.db');
    copyFileSync(fileURLToPath(new URL('../ledger/data/upstream-v21.db', import.meta.url)), file);
    const before = readFileSync(file);
    const context = bound.context.withLedger(file);
    const { ok, user_version: version, remedy } = await run(dbDoctor, context, {});
    assert.deepEqual([ok, version], [false, 21]);
    assert.match(remedy ?? '', /--repair/);
    assert.deepEqual(readFileSync(file), before);
    const after = await run(dbDoctor, context, { repair: true });
    assert.deepEqual([after.ok, after.user_version, after.remedy], [true, 22, undefined]);
  });

  it('AT-10: looks at the tasks of a ledger that only the reference has opened, and leaves it so', async () => {
    for (const name of ['upstream-v22.db', 'upstream-v21.db']) {
      const file = join(bound.folder, name);
      copyFileSync(fileURLToPath(new URL(`../ledger/data/${name}`, import.meta.url)), file);
      const before = readFileSync(file);
      const { live_reconcile: live } = await run(dbDoctor, bound.context.withLedger(file), { live: true });
      assert.ok((live?.results.length ?? 0) > 0, name);
      assert.deepEqual(readFileSync(file), before);
    }
  });

  it('AT-1: a file that is no ledger is refused in one line and stays as it is', async () => {
    const file = join(bound.folder, 'notes.db');
    writeFileSync(file, 'these are notes, not a ledger '.repeat(50));
    const before = readFileSync(file, 'utf8');
    await assert.rejects(run(dbDoctor, bound.context.withLedger(file), {}), { code: 'ledger_invalid' });
    assert.equal(readFileSync(file, 'utf8'), before);
    assert.ok(!existsSync(`${file}-wal`));
  });

  it('a ledger from a newer release is refused', async () => {
    bound.context.ledger.pragma('user_version = 99');
    await assert.rejects(run(dbDoctor, bound.context, {}), { code: 'ledger_newer' });
  });

  it('AT-10: sees that a bound session is gone, has ended, or has commands that wait', async () => {
    const { context, host, clock } = bound;
    assert.deepEqual(await liveDrift(bound), []);
    await run(enqueueNudgeWorker, context, { task: 'alpha', message: 'go on' });
    host.processes.delete(11);
    assert.deepEqual(await liveDrift(bound), ['worker_missing', 'unfinished_commands']);
    context.ledger.write(() => markSessionGone(context.ledger, requireSession(context.ledger, 'm1').id, clock.now()));
    assert.deepEqual(await liveDrift(bound), ['worker_missing', 'manager_gone', 'unfinished_commands']);
  });

  it('AT-10: sees that a terminal is gone, or that another pane is in its place', async () => {
    bound.context.ledger.run(`UPDATE sessions SET tmux_session = 'codex-' || name, tmux_pane_id = '%1'`);
    const pane = (sessionName: string, paneId: string) => ({ sessionName, paneId }) as Pane;
    assert.deepEqual(await driftWith(bound, () => [pane('codex-w1', '%1'), pane('codex-m1', '%1')]), []);
    assert.deepEqual(await driftWith(bound, () => [pane('codex-w12', '%1'), pane('codex-m1', '%4')]), [
      'worker_missing',
      'manager_pane_mismatch',
    ]);
  });

  it('AT-10: sees that the process of a bound session has ended though its terminal is still there', async () => {
    bound.context.ledger.run(`UPDATE sessions SET tmux_session = 'codex-' || name`);
    const panes = ['codex-w1', 'codex-m1'].map((sessionName) => ({ sessionName, paneId: '%1' }) as Pane);
    const { results } = await liveWith(
      bound,
      () => panes,
      ({ name }) => name !== 'w1',
    );
    assert.deepEqual(results[0]?.drift, ['worker_missing']);
  });

  it('a tmux that does not answer proves nothing', async () => {
    bound.context.ledger.run(`UPDATE sessions SET tmux_session = 'codex-' || name`);
    const denied = () => {
      throw refuse('tmux_denied', 'tmux is out of reach');
    };
    assert.deepEqual(await driftWith(bound, denied), []);
    assert.equal((await liveWith(bound, denied)).tmux_error, 'tmux is out of reach');
  });

  it('warns of a manager that has been silent for too long', async () => {
    const { context, clock } = bound;
    context.ledger.run("UPDATE sessions SET last_heartbeat_at = '2020-01-01T00:00:00Z' WHERE role = 'manager'");
    const input = { live: true, managerStaleSeconds: Math.floor(clock.now() / 1000) };
    assert.deepEqual((await run(dbDoctor, context, input)).live_reconcile?.manager_liveness_warnings, []);
    const { ok, live_reconcile } = await run(dbDoctor, context, { live: true });
    assert.deepEqual(
      live_reconcile?.manager_liveness_warnings.map(({ reason }) => reason),
      ['manager_seen_stale'],
    );
    assert.equal(ok, true);
  });
});

async function liveDrift({ context }: Bound): Promise<string[] | undefined> {
  return (await run(dbDoctor, context, { live: true })).live_reconcile?.results[0]?.drift;
}

async function driftWith(bound: Bound, listPanes: () => readonly Pane[]): Promise<string[] | undefined> {
  return (await liveWith(bound, listPanes)).results[0]?.drift;
}

function liveWith(
  { context: { ledger }, clock }: Bound,
  listPanes: () => readonly Pane[],
  isAlive: LivePorts['isAlive'] = () => null,
) {
  return checkLive({
    ledger,
    tmuxOn: () => ({ listPanes: async () => listPanes() }),
    isAlive,
    managerStaleSeconds: 600,
    now: clock.now(),
  });
}
