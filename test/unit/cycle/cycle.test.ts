import assert from 'node:assert/strict';
import { appendFileSync, rmSync } from 'node:fs';
import { ConveyorError } from '../../../src/core/domain/errors.ts';
import { findBinding, endBindings } from '../../../src/core/ledger/bindingStore.ts';
import { changeNotification, insertNotification } from '../../../src/core/ledger/notificationStore.ts';
import type { BusyWaitView, Observation } from '../../../src/core/ledger/observationStore.ts';
import type { Session } from '../../../src/core/ledger/sessionStore.ts';
import { insertTask, requireTask } from '../../../src/core/ledger/taskStore.ts';
import { cycle } from '../../../src/core/operations/cycle.ts';
import { runOperation } from '../../../src/core/operations/runOperation.ts';
import { ingestSession } from '../../../src/core/ingest/ingestSession.ts';
import { type CycleOutput, runCycle } from '../../../src/core/supervise/cycle.ts';
import { event, type SessionFixture, sessionFixture } from '../support/sessionFixture.ts';

const noPane: Observation['pane'] = {
  captured: false,
  problem: "session 'w1' has no tmux session attached",
  expected: false,
  screen: null,
  dialog: null,
  notice: null,
  pattern: { fresh: null, old: null, unknown: null },
};

describe('cycle', () => {
  let fixture: SessionFixture;

  beforeEach(() => {
    fixture = sessionFixture();
    fixture.bind('alpha');
  });

  afterEach(() => fixture.dispose());

  const append = (...lines: string[]) => appendFileSync(fixture.rollout, lines.join(''));
  const run = async (task = 'alpha', busyWaitSeconds = 90): Promise<CycleOutput> =>
    // The output's own schema is looser than what it is made of.
    (await runOperation(cycle, fixture.context, { task, busyWaitSeconds })) as CycleOutput;
  const look = async (pane: Partial<Observation['pane']>, alive: boolean | null = true): Promise<CycleOutput> => {
    const { ledger } = fixture.context;
    const { clock, host } = fixture;
    const seen = { alive, reason: 'as the test says', pane: { ...noPane, captured: true, expected: true, ...pane } };
    const stored = { ...seen, observed_at: '2026-01-02T03:04:05Z', observed_by: 'test', age_seconds: 0 };
    const { output } = await runCycle(
      {
        ledger,
        clock,
        host,
        program: 'conveyor',
        ingest: (session: Session) => ingestSession({ ledger, clock }, session),
        look: () => Promise.resolve(stored),
        note: null,
      },
      { task: 'alpha', busyWaitSeconds: 90, takesMail: false },
    );
    return output;
  };
  const at = (secondsAgo: number) => new Date(fixture.clock.now() - secondsAgo * 1000).toISOString();

  it('says what the worker is at, and keeps the observation with its phases', async () => {
    append(event('task_started', {}, at(100)));
    const output = await run();
    assert.deepEqual(cycle.output().parse(output), output);
    assert.equal(output.state, 'busy');
    assert.equal(output.staleness_seconds, 100);
    assert.equal(output.worker_alive, true);
    assert.equal(output.observed_by, 'cli');
    assert.deepEqual(
      fixture
        .rows('SELECT phase, state FROM manager_cycle_spans ORDER BY id')
        .map((row) => Object.values(row ?? {}).join(' ')),
      [
        'resolve_active_binding succeeded',
        'ingest_rollout succeeded',
        'infer_worker_state succeeded',
        'capture_pane_signal succeeded',
        'classify_pane_signal succeeded',
        'load_manager_context succeeded',
        'persist_cycle_row succeeded',
      ],
    );
    const types = "SELECT event_type FROM telemetry_events WHERE event_type LIKE 'manager_cycle%' ORDER BY rowid";
    assert.deepEqual(fixture.rows(types), [
      { event_type: 'manager_cycle_started' },
      { event_type: 'manager_cycle_succeeded' },
    ]);
  });

  it('OD-7: a completion stands until another turn starts, whatever else is written', async () => {
    append(
      event('task_started'),
      event('task_complete', { last_agent_message: 'done' }),
      event('token_count', { info: null }),
    );
    assert.equal((await run()).task_completed, true);
    append(event('exec_command_end'));
    assert.equal((await run()).task_completed, true);
    append(event('task_started'));
    assert.equal((await run()).task_completed, false);
  });

  it('OD-48: a second task of the same name does not hide the bound one', async () => {
    const { ledger, clock } = fixture.context;
    const bound = requireTask(ledger, 'alpha').id;
    fixture.clock.advance(2000);
    const namesake = insertTask(ledger, { name: 'alpha', goal: 'Again', summary: null }, clock.now());
    assert.notEqual(namesake.id, bound);
    assert.equal((await run()).binding_id, findBinding(ledger, bound)?.id);
  });

  it('OD-8: what a worker did for another task is not told of this one', async () => {
    append(event('task_started'), event('task_complete', { last_agent_message: 'first task done' }));
    const first = await run();
    assert.equal(first.task_completed, true);
    const { ledger } = fixture.context;
    ledger.write(() => endBindings(ledger, requireTask(ledger, 'alpha').id, fixture.clock.now()));
    fixture.bind('beta');
    const second = await run('beta');
    assert.equal(second.task_completed, false);
    assert.equal(second.manager_context.worker_receipt, null);
    assert.equal(second.last_event_subtype, null);
    append(event('task_started'), event('task_complete', { last_agent_message: 'second task done' }));
    const third = await run('beta');
    assert.equal(third.task_completed, true);
    assert.equal(third.manager_context.worker_receipt?.last_agent_message, 'second task done');
  });

  it('OD-6: a time that nobody can read, stored by the reference, leaves the age open and fails nothing', async () => {
    await run();
    fixture.context.ledger.run(
      "INSERT INTO codex_events (session_id, timestamp, type, subtype, payload_json, byte_offset, ingested_at) VALUES (?, 'garbage', 'event_msg', 'task_complete', '{\"type\":\"task_complete\"}', 900, '2026-01-02T03:04:05Z')",
      [fixture.session('w1').id],
    );
    const output = await look({});
    assert.equal(output.state, 'idle');
    assert.equal(output.staleness_seconds, null);
    assert.equal(output.pane_signal.degraded, true);
    assert.match(output.pane_signal.reason ?? '', /staleness unavailable/);
  });

  describe('the pane', () => {
    const approval: BusyWaitView = {
      pattern: 'approval_prompt',
      reason: 'waits',
      recommended_action: 'inspect_or_approve',
    };
    const long: BusyWaitView = {
      pattern: 'long_running_interruptible',
      reason: 'long',
      recommended_action: 'inspect_or_interrupt',
    };

    it('OD-10: a prompt is reported however fresh the state is, and asks for attention', async () => {
      append(event('task_started', {}, at(1)));
      const output = await look({
        dialog: 'approval_command',
        pattern: { fresh: approval, old: approval, unknown: approval },
      });
      assert.equal(output.notable_pane_pattern, 'approval_prompt');
      assert.deepEqual(
        output.attention.needs.map(({ kind }) => kind),
        ['approval'],
      );
    });

    it('OD-10: events within the time that one waits count, not those since the last look', async () => {
      append(
        event('task_started', {}, at(600)),
        ...Array.from({ length: 10 }, () => event('agent_message', {}, at(5))),
      );
      const pattern = { fresh: null, old: long, unknown: null };
      assert.equal((await look({ pattern })).notable_pane_pattern, null);
      assert.equal((await look({ pattern })).notable_pane_pattern, null, 'also when nothing came since the last look');
      fixture.clock.advance(600_000);
      const later = await look({ pattern });
      assert.equal(later.notable_pane_pattern, 'long_running_interruptible');
      assert.deepEqual(
        later.attention.needs.map(({ kind }) => kind),
        ['stalled'],
      );
    });

    it('weakens the signal when it cannot be looked at, and nothing else', async () => {
      const output = await look({ captured: false, problem: 'tmux capture failed: gone' });
      assert.deepEqual(
        [output.pane_signal.captured, output.pane_signal.degraded, output.pane_signal.reason],
        [false, true, 'tmux capture failed: gone'],
      );
    });
  });

  describe('mail', () => {
    const send = (message: string): void => {
      const { ledger } = fixture.context;
      const task = requireTask(ledger, 'alpha');
      const now = fixture.clock.now();
      ledger.write(() => {
        const notification = insertNotification(
          ledger,
          {
            taskId: task.id,
            bindingId: findBinding(ledger, task.id)?.id ?? '',
            correlationId: 'c-1',
            sourceSessionId: fixture.session('w1').id,
            targetSessionId: fixture.session('m1').id,
            signalType: 'notify_manager',
            dedupeKey: message,
            deliveryMode: 'pull_required',
            payload: { message, delivery_mode: 'pull_required' },
          },
          now,
        );
        changeNotification(ledger, notification?.id ?? 0, { state: 'delivered' }, now);
      });
    };
    const unread = () => fixture.rows('SELECT id FROM routed_notifications WHERE consumed_at IS NULL').length;

    it('OD-12: is shown with its words, and read once it was written out', async () => {
      send('look here');
      send('and here');
      const output = await run();
      assert.equal(output.consumed_dispatch_notifications, 2);
      assert.deepEqual(
        output.notifications.map(({ payload }) => payload),
        ['look here', 'and here'].map((message) => ({ message, delivery_mode: 'pull_required' })),
      );
      assert.equal(unread(), 2);
      fixture.context.settleOutput(true);
      assert.equal(unread(), 0);
      const cycles = 'SELECT DISTINCT consumed_manager_cycle_id AS id FROM routed_notifications';
      assert.deepEqual(fixture.rows(cycles), [{ id: output.cycle_id }]);
    });

    it('OD-9: is still there when the reader went away before it was written out', async () => {
      send('look here');
      await run();
      fixture.context.settleOutput(false);
      assert.equal((await run()).notifications.length, 1);
    });

    it('stays when the cycle fails, and when a person looks through the panel', async () => {
      send('look here');
      assert.equal((await look({})).notifications.length, 1);
      rmSync(fixture.rollout);
      await assert.rejects(run(), (error) => ConveyorError.is(error, 'rollout_missing'));
      assert.equal(unread(), 1);
    });
  });

  describe('that does not succeed', () => {
    it('is on record with the phase that failed', async () => {
      rmSync(fixture.rollout);
      await assert.rejects(run());
      const [row] = fixture.rows(
        "SELECT state, json_extract(status_json, '$.failure_phase') AS phase, json_extract(status_json, '$.error_type') AS type FROM manager_cycles",
      );
      assert.deepEqual(row, { state: 'failed', phase: 'ingest_rollout', type: 'rollout_missing' });
      const spans = 'SELECT phase, state FROM manager_cycle_spans ORDER BY id';
      assert.deepEqual(fixture.rows(spans).at(-1), { phase: 'ingest_rollout', state: 'failed' });
    });

    it('leaves no row for a task that is unknown or not bound', async () => {
      await assert.rejects(run('ghost'), (error) => ConveyorError.is(error, 'unknown_task'));
      assert.deepEqual(fixture.rows('SELECT id FROM manager_cycles'), []);
    });

    it('because its process was killed is closed as failed by a later one', async () => {
      const { ledger } = fixture.context;
      const { id } = requireTask(ledger, 'alpha');
      const insert = "INSERT INTO manager_cycles (task_id, started_at, state) VALUES (?, ?, 'started')";
      ledger.run(insert, [id, '2026-01-02T02:00:00Z']);
      ledger.run(insert, [id, '2026-01-02T03:04:00Z']);
      await run();
      assert.deepEqual(fixture.rows('SELECT state FROM manager_cycles ORDER BY id'), [
        { state: 'failed' },
        { state: 'started' },
        { state: 'succeeded' },
      ]);
    });
  });
});
