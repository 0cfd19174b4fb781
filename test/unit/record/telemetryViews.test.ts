import assert from 'node:assert/strict';
import { ConveyorError } from '../../../src/core/domain/errors.ts';
import { ledgerJson } from '../../../src/core/domain/json.ts';
import { finishCommand, insertCommand } from '../../../src/core/ledger/commandStore.ts';
import { finishCycle, insertCycle } from '../../../src/core/ledger/cycleStore.ts';
import { recordTelemetry } from '../../../src/core/ledger/telemetryStore.ts';
import { setTaskState, type Task } from '../../../src/core/ledger/taskStore.ts';
import { parseInput } from '../../../src/core/operations/argument.ts';
import { runOperation } from '../../../src/core/operations/runOperation.ts';
import { telemetry } from '../../../src/core/operations/telemetry.ts';
import type { TelemetryView } from '../../../src/core/operations/telemetryViews.ts';
import type { TemporaryContext } from '../support/temporaryContext.ts';
import { boundContext } from './support.ts';

const day = 86_400_000;

describe('views of telemetry', () => {
  let fixture: TemporaryContext & { readonly task: Task };

  beforeEach(async () => {
    fixture = await boundContext();
  });
  afterEach(() => fixture.dispose());

  async function see<Key extends string>(input: Record<string, unknown>, key: Key) {
    const output = await runOperation(telemetry, fixture.context, input);
    const isView = (value: unknown): value is Extract<TelemetryView, Record<Key, unknown>> =>
      typeof value === 'object' && value !== null && key in value;
    assert.ok(isView(output), `no ${key} in the answer`);
    return output;
  }
  const alertTypes = async (input: Record<string, unknown>) =>
    (await see(input, 'alerts')).alerts.map(({ type }) => type);

  const failCommand = () => {
    const { context, task, clock } = fixture;
    context.ledger.write(() => {
      const command = insertCommand(
        context.ledger,
        { type: 'nudge_worker', payload: { message: 'psst' }, taskId: task.id },
        clock.now(),
      );
      finishCommand(context.ledger, command, { state: 'failed', result: null, error: 'no pane' }, clock.now());
    });
  };
  const cycle = (pane: object, state: 'succeeded' | 'failed' = 'succeeded') => {
    const { context, task, clock } = fixture;
    context.ledger.write(() => {
      const id = insertCycle(context.ledger, task.id, clock.now());
      finishCycle(context.ledger, id, { state, status: { pane_signal: { ...pane }, state: 'busy' } }, clock.now());
    });
  };

  it('AT-7: refuses what a view would ignore, naming it', async () => {
    const refused: readonly (readonly [Record<string, unknown>, RegExp])[] = [
      [{ view: 'check', viewTask: 'alpha' }, /alpha/],
      [{ view: 'task', viewTask: 'alpha', window: '2h' }, /--window/],
      [{ view: 'snapshot', run: 'drill' }, /--run/],
      [{ view: 'metrics', search: 'x' }, /--search/],
      [{ maxOpenCriteria: 1 }, /--max-open-criteria/],
      [{ view: 'task', viewTask: 'alpha', task: 'beta' }, /beta/],
    ];
    for (const [input, words] of refused) {
      await assert.rejects(
        runOperation(telemetry, fixture.context, input),
        (error) => ConveyorError.is(error, 'usage') && words.test(error.message),
      );
    }
  });

  it('AT-7: a task after snapshot is the task of the snapshot', async () => {
    const snapshot = await see({ view: 'snapshot', viewTask: 'alpha' }, 'binding');
    assert.equal(snapshot.binding?.worker_session_name, 'w1');
    assert.deepEqual([snapshot.worker?.alive, snapshot.manager?.alive], [true, true]);
  });

  it('AT-8: what is recent is what came last', async () => {
    const { context, task, clock } = fixture;
    for (const summary of ['old', 'new']) {
      const event = { type: 'thing_happened', summary, taskId: task.id, correlation: {}, attributes: {} };
      context.ledger.write(() => recordTelemetry(context.ledger, event, clock.now()));
    }
    const question = { viewTask: 'alpha', limit: 1 };
    const { telemetry: inTask } = await see({ view: 'task', ...question }, 'liveness');
    const { telemetry: inSnapshot } = await see({ view: 'snapshot', ...question }, 'diagnostics');
    for (const seen of [inTask, inSnapshot]) {
      assert.deepEqual(
        seen.recent.map(({ summary }) => summary),
        ['new'],
      );
      assert.equal(seen.summary.by_event_type.thing_happened, 2);
    }
  });

  it('AT-10: a managed task with bound sessions has nothing to explain; one without has', async () => {
    const { context, task, clock } = fixture;
    context.ledger.write(() => setTaskState(context.ledger, task.id, 'managed', clock.now()));
    assert.deepEqual(await alertTypes({ view: 'task', viewTask: 'alpha' }), []);
    context.ledger.run("UPDATE bindings SET state = 'ended'");
    assert.deepEqual(await alertTypes({ view: 'task', viewTask: 'alpha' }), ['integrity_issue']);
  });

  it('AT-11: health recovers a day after the last failure, or as soon as it is asked for less', async () => {
    failCommand();
    cycle({}, 'failed');
    assert.deepEqual(await alertTypes({ view: 'check' }), ['failed_cycles', 'failed_commands']);
    const answer = await see({ view: 'check' }, 'checks');
    assert.equal(telemetry.exitStatus?.(answer, parseInput(telemetry.inputs, { view: 'check' })), 1);
    fixture.clock.advance(day + 1000);
    const health = { view: 'check', staleCycleSeconds: 1e9, workerStalenessSeconds: 1e9 };
    assert.ok(!(await alertTypes(health)).some((type) => type.startsWith('failed')));
    assert.ok((await alertTypes({ ...health, window: '2d' })).includes('failed_commands'));
  });

  it('AT-12: a session without a terminal fails no capture; a terminal that is gone does', async () => {
    cycle({ captured: false, degraded: false });
    cycle({ captured: true, degraded: false });
    const before = await see({ view: 'failures' }, 'failed_cycles');
    assert.deepEqual(before.pane_capture_failures, []);
    cycle({ captured: false, degraded: true });
    const after = await see({ view: 'failures', viewTask: 'alpha' }, 'failed_cycles');
    assert.equal(after.pane_capture_failures.length, 1);
    const { counters } = await see({ view: 'metrics' }, 'gauges');
    assert.deepEqual(counters.pane_capture, { succeeded: 1, failed: 1, not_applicable: 1, unknown: 0 });
  });

  it('AT-13: text that was pruned is retained no more', async () => {
    const { context, task } = fixture;
    context.ledger.run(
      `INSERT INTO terminal_captures (task_id, role, tmux_session, captured_at, history_lines, content_sha256, content,
         byte_count, line_count, classifier_json, source)
       VALUES (?, 'worker', 'codex-w1', '2026-01-01T00:00:00Z', 200, 'x', 'é23', 4, 1, ?, 'test')`,
      [task.id, ledgerJson({})],
    );
    const bytes = async () => (await see({ view: 'metrics' }, 'gauges')).gauges.storage_bytes.terminal_captures;
    assert.equal(await bytes(), 4);
    context.ledger.run('UPDATE terminal_captures SET content = NULL');
    assert.equal(await bytes(), 0);
  });

  it('AT-2: commands show the names of their fields, and what they hold only when asked', async () => {
    failCommand();
    const closed = await see({ view: 'snapshot', viewTask: 'alpha' }, 'binding');
    assert.ok(!JSON.stringify(closed).includes('psst'));
    const open = await see({ view: 'snapshot', viewTask: 'alpha', includeContent: true }, 'binding');
    assert.deepEqual(open.commands.recent[0]?.payload, { message: 'psst' });
    const view = await see({ view: 'task', viewTask: 'alpha' }, 'liveness');
    assert.deepEqual(view.failed_commands[0]?.payload_keys, ['message']);
  });

  it('calls a session dead whose process number was given to another process', async () => {
    const { context, host } = fixture;
    const dead = async () =>
      (await see({ view: 'check' }, 'checks')).sessions.dead_pid_sessions.map(({ name }) => name);
    assert.deepEqual(await dead(), []);
    host.processes.set(11, { startTime: 'later' });
    context.ledger.run("UPDATE panel_sessions SET process_start = '1', boot_id = ?", [host.bootId]);
    assert.deepEqual(await dead(), ['w1']);
    host.processes.delete(12);
    assert.deepEqual(await dead(), ['m1', 'w1']);
  });

  it('never calls a session dead because it looked from inside a sandbox', async () => {
    const inside = await boundContext({ variables: { CODEX_SANDBOX: 'seatbelt' } });
    try {
      inside.host.processes.clear();
      const output = await runOperation(telemetry, inside.context, { view: 'task', viewTask: 'alpha' });
      assert.ok(typeof output === 'object' && output !== null && 'liveness' in output);
      assert.deepEqual(output.liveness, {
        worker_alive: null,
        manager_alive: null,
        latest_cycle_age_seconds: null,
        latest_cycle_stale: false,
      });
    } finally {
      inside.dispose();
    }
  });
});
