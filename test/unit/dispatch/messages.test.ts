import assert from 'node:assert/strict';
import { endRestsFor } from '../../../src/core/ledger/backoffStore.ts';
import { acquireLease, paneLease, releaseLease } from '../../../src/core/ledger/leaseStore.ts';
import { registerPanelSession } from '../../../src/core/ledger/panelSessionStore.ts';
import { markSessionGone } from '../../../src/core/ledger/sessionStore.ts';
import { setTaskState } from '../../../src/core/ledger/taskStore.ts';
import { deliverMessageCommand } from '../../../src/core/dispatch/messageCommand.ts';
import { column, DispatchFixture, passDefaults, terminalGone } from './support.ts';

const typing = { outcome: 'deferred', reason: 'composer_has_text', screen: [] } as const;

describe('dispatching messages', () => {
  let fixture: DispatchFixture;

  beforeEach(() => (fixture = new DispatchFixture()));
  afterEach(() => fixture.dispose());

  it('leaves a message in the inbox of a session without a terminal', async () => {
    const { task } = fixture.pair('alpha');
    await fixture.enqueue(task, 'go on');
    const [item] = await fixture.pass();
    assert.deepEqual([item?.state, item?.side_effect_started], ['pull_required', false]);
    const { items } = await fixture.run('worker-inbox', { task: 'alpha' });
    assert.match(JSON.stringify(items), /"message":"go on"/);
  });

  it('types a message where there is a terminal, and says so before and after in the audit log', async () => {
    const { task } = fixture.pair('alpha', ['worker']);
    await fixture.enqueue(task, 'go on');
    const [item] = await fixture.pass();
    assert.equal(item?.state, 'delivered');
    assert.deepEqual(fixture.panes.typed, [{ session: 'alpha-worker', text: 'go on' }]);
    assert.equal(fixture.count('events', `type LIKE 'pane_delivery_%' AND task_id = '${task.id}'`), 2);
    assert.equal(fixture.value('SELECT state FROM panel_deliveries'), 'submitted');
  });

  it('follows a message until it is answered', async () => {
    const { task, worker } = fixture.pair('alpha', ['worker']);
    await fixture.enqueue(task, 'go\non');
    await fixture.pass();
    const state = async () => {
      await fixture.pass();
      return fixture.value('SELECT state FROM panel_deliveries');
    };
    assert.equal(await state(), 'submitted');
    fixture.event(worker, 'user_message', { message: 'something else' });
    assert.equal(await state(), 'submitted');
    fixture.event(worker, 'user_message', { message: 'go on' });
    assert.equal(await state(), 'seen');
    fixture.complete(worker, 't1');
    assert.equal(await state(), 'answered');
  });

  it('OD-14: delivers to one target in the order in which it was queued', async () => {
    const { task } = fixture.pair('alpha', ['worker']);
    for (let message = 1; message <= 8; message += 1) await fixture.enqueue(task, `m${message}`);
    await fixture.pass();
    assert.deepEqual(
      fixture.panes.typed.map(({ text }) => text),
      ['m1', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7', 'm8'],
    );
  });

  it('OD-14: takes the oldest of one target first when more wait than a pass carries', async () => {
    const { task } = fixture.pair('alpha', ['worker']);
    for (let message = 1; message <= 3; message += 1) await fixture.enqueue(task, `m${message}`);
    for (let pass = 1; pass <= 3; pass += 1) {
      await fixture.pass({ limit: 1 });
      assert.deepEqual(
        fixture.panes.typed.map(({ text }) => text),
        ['m1', 'm2', 'm3'].slice(0, pass),
      );
    }
  });

  it('waits while somebody types, costs no attempt, and keeps the order behind it', async () => {
    const { task } = fixture.pair('alpha', ['worker']);
    const first = await fixture.enqueue(task, 'first');
    await fixture.enqueue(task, 'second');
    fixture.panes.answers.set('alpha-worker', typing);
    const [item, ...more] = await fixture.pass();
    assert.deepEqual([item?.state, item?.error_type, more.length], ['deferred', 'composer_has_text', 0]);
    assert.equal(fixture.value('SELECT attempts FROM commands WHERE id = ?', [first]), 0);
    fixture.panes.answers.clear();
    assert.deepEqual(await fixture.pass(), []); // it rests
    fixture.clock.advance(1500);
    await fixture.pass();
    assert.deepEqual(
      fixture.panes.typed.map(({ text }) => text),
      ['first', 'second'],
    );
  });

  it('is tried at once when what stood in the way of its session may be gone, and only then', async () => {
    const { task, worker } = fixture.pair('alpha', ['worker']);
    await fixture.enqueue(task, 'first');
    fixture.panes.answers.set('alpha-worker', typing);
    await fixture.pass();
    fixture.panes.answers.clear();
    assert.equal(endRestsFor(fixture.ledger, 'another session'), false);
    assert.deepEqual(await fixture.pass(), []);
    assert.equal(endRestsFor(fixture.ledger, worker.id), true);
    assert.deepEqual(column(await fixture.pass(), 'state'), ['delivered']);
  });

  it('goes on in the same attempt while it waits, and tells only once why', async () => {
    const { task } = fixture.pair('alpha', ['worker']);
    await fixture.enqueue(task, 'first');
    fixture.panes.answers.set('alpha-worker', typing);
    for (let tries = 0; tries < 5; tries += 1) {
      await fixture.pass();
      fixture.clock.advance(20_000);
    }
    assert.equal(fixture.count('command_attempts', 'true'), 1);
    assert.equal(fixture.count('telemetry_events', "event_type = 'dispatch_command_deferred'"), 1);
  });

  it('waits by the monotonic clock: a wall clock that goes back an hour delays nothing', async () => {
    const { task } = fixture.pair('alpha', ['worker']);
    await fixture.enqueue(task, 'first');
    fixture.panes.answers.set('alpha-worker', typing);
    await fixture.pass();
    fixture.panes.answers.clear();
    fixture.clock.wall -= 3_600_000;
    fixture.clock.uptime += 1500;
    assert.deepEqual(column(await fixture.pass(), 'state'), ['delivered']);
  });

  it('fails at once where the terminal is gone, naming it and nothing of the message', async () => {
    const { task } = fixture.pair('alpha', ['worker']);
    await fixture.enqueue(task, 'secret words');
    fixture.panes.missing.set('alpha-worker', terminalGone());
    const [item] = await fixture.pass();
    assert.deepEqual([item?.state, item?.side_effect_completed], ['failed', false]);
    assert.match(String(item?.error), /codex-alpha-worker/);
    assert.deepEqual(await fixture.pass(), []);
  });

  it('OD-45: a failure tells what went wrong and not what was to be said', async () => {
    const { task } = fixture.pair('alpha', ['worker']);
    await fixture.enqueue(task, 'secret words');
    const stages = { typedAt: 1, submittedAt: 1, seenAt: null };
    fixture.panes.answers.set('alpha-worker', {
      outcome: 'undelivered',
      reason: 'turn_not_seen',
      stages,
      screen: ['secret words'],
    });
    const [item] = await fixture.pass();
    assert.deepEqual([item?.state, item?.side_effect_started, item?.side_effect_completed], ['failed', true, true]);
    assert.equal(fixture.count('telemetry_events', "attributes_json LIKE '%secret%'"), 0);
    assert.equal(fixture.count('events', "payload_json LIKE '%secret%'"), 0);
    assert.equal(fixture.count('command_attempts', "error LIKE '%secret%' OR result_json LIKE '%secret%'"), 0);
  });

  it('OD-37: types nothing where no Codex runs, and leaves a message for a session that is gone', async () => {
    const { task, worker } = fixture.pair('alpha', ['worker']);
    await fixture.enqueue(task, 'rm -rf /');
    fixture.panes.answers.set('alpha-worker', { outcome: 'deferred', reason: 'codex_not_running', screen: [] });
    assert.deepEqual(column(await fixture.pass(), 'state'), ['failed']);
    fixture.panes.answers.clear();
    markSessionGone(fixture.ledger, worker.id, fixture.clock.now());
    await fixture.enqueue(task, 'are you there?');
    assert.deepEqual(column(await fixture.pass(), 'state'), ['pull_required']);
    assert.deepEqual(fixture.panes.typed, []);
  });

  it('OD-13: an item that fails again and again starves nobody, and does not fill the ledger', async () => {
    const { worker } = fixture.pair('alpha', ['manager']);
    fixture.panes.missing.set('alpha-manager', terminalGone());
    for (const turn of ['a1', 'a2', 'a3']) fixture.complete(worker, turn);
    await fixture.pass({ limit: 1 });
    const { worker: other } = fixture.pair('beta');
    fixture.complete(other, 'b1');
    assert.deepEqual(column(await fixture.pass({ limit: 1 }), 'task'), ['beta']);
    for (let passes = 0; passes < 50; passes += 1) {
      fixture.clock.advance(2000);
      await fixture.pass({ limit: 1 });
    }
    assert.equal(fixture.count('telemetry_events', "event_type = 'dispatch_signal_failed'"), 1);
  });

  it('OD-13: what rests for one manager hides nothing that waits for another', async () => {
    const alpha = fixture.pair('alpha', ['manager']);
    const beta = fixture.pair('beta', ['manager']);
    fixture.panes.missing.set('alpha-manager', terminalGone());
    fixture.panes.missing.set('beta-manager', terminalGone());
    for (const turn of ['a1', 'a2', 'a3']) fixture.complete(alpha.worker, turn);
    await fixture.pass();
    fixture.clock.advance(1000);
    fixture.complete(beta.worker, 'b1');
    await fixture.pass();
    fixture.panes.missing.delete('beta-manager');
    const told: unknown[] = [];
    for (let passes = 0; passes < 20 && told.length === 0; passes += 1) {
      fixture.clock.advance(1000);
      told.push(...(await fixture.pass({ limit: 1 })).filter(({ state }) => state === 'delivered'));
    }
    assert.equal(told.length, 1);
  });

  it('does not touch a pane that is in another hand', async () => {
    const { task } = fixture.pair('alpha', ['worker']);
    await fixture.enqueue(task, 'go on');
    const name = paneLease('/tmp/tmux/fake', '%alpha-worker');
    const request = { holder: 'somebody', kind: 'pane', milliseconds: 15_000 } as const;
    const lease = acquireLease(fixture.ledger, fixture.deps, name, request);
    assert.ok(lease);
    assert.deepEqual(column(await fixture.pass(), 'error_type'), ['pane_busy']);
    releaseLease(fixture.ledger, fixture.deps, name, lease);
    fixture.clock.advance(1500);
    assert.deepEqual(column(await fixture.pass(), 'state'), ['delivered']);
  });

  it('does not wait for the hand of a process that is gone', async () => {
    const { task } = fixture.pair('alpha', ['worker']);
    await fixture.enqueue(task, 'go on');
    const request = { holder: 'killed', kind: 'pane', milliseconds: 15_000 } as const;
    acquireLease(fixture.ledger, fixture.deps, paneLease('/tmp/tmux/fake', '%alpha-worker'), request);
    fixture.temporary.host.processes.delete(process.pid);
    assert.deepEqual(column(await fixture.pass(), 'state'), ['delivered']);
  });

  it('OD-13: nothing is tried any more once the task is unbound; what is left can be read', async () => {
    const { worker, task } = fixture.pair('alpha', ['manager']);
    fixture.panes.missing.set('alpha-manager', terminalGone());
    fixture.complete(worker, 'a1');
    await fixture.pass();
    await fixture.run('unbind', { task: task.name });
    fixture.panes.missing.clear();
    fixture.clock.advance(60_000);
    await fixture.pass();
    assert.deepEqual(fixture.panes.typed, []);
    const { items } = await fixture.run('session-inbox', { session: 'alpha-manager' });
    assert.equal((items as unknown[]).length, 1);
  });

  it('tries a completion again when the terminal is back, and says that it is a second time', async () => {
    const { worker } = fixture.pair('alpha', ['manager']);
    fixture.panes.missing.set('alpha-manager', terminalGone());
    fixture.complete(worker, 'a1');
    assert.deepEqual(column(await fixture.pass(), 'state'), ['failed']);
    fixture.panes.missing.clear();
    fixture.clock.advance(3000);
    const [item] = await fixture.pass();
    assert.deepEqual([item?.state, item?.recovered], ['delivered', true]);
  });

  it('OD-23: a completion that could not be typed, or may not have arrived, is read in the inbox', async () => {
    const { worker } = fixture.pair('alpha', ['manager']);
    fixture.panes.missing.set('alpha-manager', terminalGone());
    fixture.complete(worker, 'a1');
    fixture.complete(worker, 'a2');
    await fixture.pass();
    const readable = async () => {
      const { items } = await fixture.run('manager-inbox', { task: 'alpha' });
      return (items as { payload: { worker_receipt: { turn_id: string } } }[]).map(
        ({ payload }) => payload.worker_receipt.turn_id,
      );
    };
    assert.deepEqual(await readable(), ['a1', 'a2'], 'while they wait for the terminal');
    const stages = { typedAt: 1, submittedAt: 1, seenAt: null };
    fixture.panes.missing.clear();
    fixture.panes.answers.set('alpha-manager', { outcome: 'undelivered', reason: 'turn_not_seen', stages, screen: [] });
    fixture.clock.advance(3000);
    await fixture.pass();
    assert.deepEqual(await readable(), ['a1', 'a2'], 'when it is not known whether they arrived');
  });

  it('does not type what was read meanwhile', async () => {
    const { worker } = fixture.pair('alpha', ['manager']);
    fixture.panes.missing.set('alpha-manager', terminalGone());
    fixture.complete(worker, 'a1');
    await fixture.pass();
    const { consumed } = await fixture.run('manager-inbox', { task: 'alpha', consumeNext: true });
    assert.ok(consumed);
    fixture.temporary.context.settleOutput(true);
    fixture.panes.missing.clear();
    fixture.clock.advance(60_000);
    assert.deepEqual(await fixture.pass(), []);
    assert.deepEqual(fixture.panes.typed, []);
  });

  it('OD-21: a denied permission leaves its trace, and sends nothing', async () => {
    const { task } = fixture.pair('alpha', ['worker']);
    await fixture.enqueue(task, 'open it', 'enqueue-nudge-worker', { requiredPermission: 'repo.open_pr' });
    const [item] = await fixture.pass();
    assert.deepEqual([item?.state, item?.error_type, item?.notification_id], ['failed', 'permission_denied', null]);
    const trace = fixture.value(
      "SELECT attributes_json FROM telemetry_events WHERE event_type = 'dispatch_command_permission_checked' AND severity = 'warning'",
    );
    assert.match(String(trace), /"allowed": false/);
    assert.deepEqual(fixture.panes.typed, []);
  });

  it('OD-8: what a worker completed for another task, or under an earlier registration, is not told', async () => {
    const { worker, manager } = fixture.pair('alpha');
    fixture.complete(worker, 'old');
    await fixture.run('unbind', { task: 'alpha' });
    await fixture.run('tasks', { create: 'beta', goal: 'Ship more' });
    await fixture.run('bind', { task: 'beta', worker: worker.name, manager: manager.name });
    assert.deepEqual(await fixture.pass(), []);
    fixture.complete(worker, 'before');
    fixture.ledger.write(() =>
      registerPanelSession(fixture.ledger, worker.id, { startsIncarnation: true }, fixture.clock.now()),
    );
    assert.deepEqual(await fixture.pass(), []);
    fixture.complete(worker, 'new');
    assert.deepEqual(column(await fixture.pass(), 'task'), ['beta']);
  });

  it('tells nobody of the completions of a finished task', async () => {
    const { worker, task } = fixture.pair('alpha');
    fixture.complete(worker, 'a1');
    setTaskState(fixture.ledger, task.id, 'done', fixture.clock.now());
    assert.deepEqual(await fixture.pass(), []);
  });

  it('OD-15: a policy of several lines is one message, not one for each line', async () => {
    const { task } = fixture.pair('alpha', ['worker']);
    const run = createLoop(fixture, task.id);
    await fixture.enqueue(task, 'Once more', 'enqueue-continue-iteration', { loopRun: run, requestedIteration: 2 });
    const [item] = await fixture.pass();
    assert.equal(item?.state, 'delivered');
    assert.equal(fixture.panes.typed.length, 1);
    assert.match(fixture.panes.typed[0]?.text ?? '', /^Once more\n\nLoop policy:\n- run_id: run-1\n/);
  });

  it('OD-22: an iteration is delivered once: the loop moves on with it, and none is skipped', async () => {
    const { task } = fixture.pair('alpha');
    const run = createLoop(fixture, task.id);
    for (const requestedIteration of [2, 2, 4]) {
      await fixture.enqueue(task, 'Once more', 'enqueue-continue-iteration', { loopRun: run, requestedIteration });
    }
    const items = await fixture.pass();
    assert.deepEqual(column(items, 'state'), ['pull_required', 'blocked', 'blocked']);
    assert.deepEqual(column(items, 'reason'), [null, 'stale_requested_iteration', 'skipped_iteration']);
    assert.equal(fixture.value("SELECT json_extract(metadata_json, '$.current_iteration') FROM runs"), 2);
  });

  it('OD-22: of two dispatchers with one iteration each, the second finds that the loop has moved on', async () => {
    const { task } = fixture.pair('alpha', ['worker']);
    const run = createLoop(fixture, task.id);
    const next = { loopRun: run, requestedIteration: 2 };
    await fixture.enqueue(task, 'one', 'enqueue-continue-iteration', next);
    const second = await fixture.enqueue(task, 'two', 'enqueue-continue-iteration', next);
    let other: Promise<unknown> | null = null;
    // The other one listed its work before the first was claimed, and does all of it before the first key.
    const checkpoint = async () => {
      other ??= deliverMessageCommand(fixture.deps, second, { ...passDefaults, dispatcherId: 'd2' });
      await other;
    };
    const items = await fixture.pass({ dispatcherId: 'd1', limit: 1 }, { ...fixture.deps, checkpoint });
    assert.deepEqual(column(items, 'state'), ['blocked']);
    assert.deepEqual(column(items, 'reason'), ['stale_requested_iteration']);
    assert.equal(fixture.panes.typed.length, 1);
    assert.equal(fixture.count('commands', "state = 'blocked' AND error LIKE 'stale_requested_iteration%'"), 1);
    assert.equal(fixture.count('panel_deliveries', "state NOT IN ('submitted', 'undelivered')"), 0);
  });

  it('evidence that is taken back between claim and first key stops the iteration', async () => {
    const { task } = fixture.pair('alpha', ['worker']);
    const run = createLoop(fixture, task.id);
    await fixture.enqueue(task, 'go on', 'enqueue-continue-iteration', { loopRun: run, requestedIteration: 2 });
    const checkpoint = () =>
      void fixture.ledger.run(
        "UPDATE runs SET metadata_json = json_set(metadata_json, '$.required_before_continue', json('[\"ci_green\"]'))",
      );
    const items = await fixture.pass({}, { ...fixture.deps, checkpoint });
    assert.deepEqual(column(items, 'reason'), ['missing_ci_green_evidence']);
    assert.deepEqual(column(items, 'target_worker_notified'), [false]);
    assert.equal(fixture.panes.typed.length, 0);
    assert.equal(fixture.count('routed_notifications', 'true'), 0);
  });

  it('OD-22: while it is not known whether an iteration was typed, nobody types it again', async () => {
    const { task } = fixture.pair('alpha', ['worker']);
    const run = createLoop(fixture, task.id);
    const [first, second] = [
      await fixture.enqueue(task, 'one', 'enqueue-continue-iteration', { loopRun: run, requestedIteration: 2 }),
      await fixture.enqueue(task, 'two', 'enqueue-continue-iteration', { loopRun: run, requestedIteration: 2 }),
    ];
    // The second one was begun by a dispatcher that has said nothing since.
    fixture.ledger.run(
      "UPDATE commands SET state = 'attempted', attempts = 1, claimed_by = 'd0', claim_expires_at = '2999-01-01T00:00:00Z' WHERE id = ?",
      [second],
    );
    fixture.ledger.run(
      `INSERT INTO command_attempts (command_id, correlation_id, dispatcher_id, started_at, state, side_effect_started, side_effect_completed)
       VALUES (?, 'c', 'd0', '2026-01-01T00:00:00Z', 'running', 1, 0)`,
      [second],
    );
    const items = await fixture.pass({ limit: 1 });
    assert.deepEqual(column(items, 'command_id'), [first]);
    assert.deepEqual(column(items, 'error_type'), ['iteration_in_flight']);
    assert.equal(fixture.panes.typed.length, 0);
  });

  it('OD-38: a message that was typed is on record like one that waits to be read', async () => {
    const { task } = fixture.pair('alpha', ['worker']);
    const run = createLoop(fixture, task.id);
    await fixture.enqueue(task, 'Once more', 'enqueue-continue-iteration', { loopRun: run, requestedIteration: 2 });
    const [item] = await fixture.pass();
    assert.deepEqual([item?.requested_iteration, item?.run_id, item?.reason], [2, 'run-1', null]);
    const flags = fixture.ledger.get(
      'SELECT side_effect_started AS started, side_effect_completed AS completed FROM routed_notifications',
    );
    assert.deepEqual(flags, { started: 1, completed: 1 });
  });

  it('OD-38: the payload says how it was delivered in the end', async () => {
    const { worker } = fixture.pair('alpha', ['manager']);
    fixture.panes.missing.set('alpha-manager', terminalGone());
    fixture.complete(worker, 'a1');
    await fixture.pass();
    fixture.ledger.run('UPDATE sessions SET tmux_session = NULL');
    fixture.clock.advance(3000);
    assert.deepEqual(column(await fixture.pass(), 'state'), ['pull_required']);
    assert.match(
      String(fixture.value('SELECT payload_json FROM routed_notifications')),
      /"delivery_mode": "pull_required"/,
    );
  });

  it('lets a completion be told by exactly one of several dispatchers', async () => {
    const { worker } = fixture.pair('alpha', ['manager']);
    fixture.complete(worker, 'a1');
    await Promise.all(['d1', 'd2', 'd3'].map((dispatcherId) => fixture.pass({ dispatcherId })));
    assert.equal(fixture.panes.typed.length, 1);
  });

  it('one pane, one hand: a second dispatcher waits for the first', async () => {
    const { task } = fixture.pair('alpha', ['worker']);
    await fixture.enqueue(task, 'first');
    await fixture.enqueue(task, 'second');
    let inHand = 0;
    fixture.panes.answers.set('alpha-worker', async (send) => {
      inHand += 1;
      assert.equal(inHand, 1);
      await send.beforeFirstKey();
      await new Promise((resolve) => setImmediate(resolve));
      await send.mayPressEnter();
      inHand -= 1;
      const stages = { typedAt: 1, submittedAt: 1, seenAt: 1 };
      return { outcome: 'delivered', paneId: '%1', stages };
    });
    await Promise.all([fixture.pass({ dispatcherId: 'd1' }), fixture.pass({ dispatcherId: 'd2' })]);
    assert.equal(fixture.count('commands', "state = 'succeeded'"), 2);
  });

  it('a pane that keeps a pass waiting holds up no other', async () => {
    const { task } = fixture.pair('alpha', ['worker']);
    await fixture.enqueue(task, 'slow');
    const stages = { typedAt: 1, submittedAt: 1, seenAt: 1 };
    fixture.panes.answers.set('alpha-worker', async (send) => {
      await send.beforeFirstKey();
      const other = fixture.pair('beta', ['manager']);
      fixture.complete(other.worker, 'b1');
      while (fixture.panes.typed.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      await send.mayPressEnter();
      return { outcome: 'delivered', paneId: '%1', stages };
    });
    const { every: _none, ...deps } = fixture.deps;
    assert.deepEqual(column(await fixture.pass({}, deps), 'state'), ['delivered', 'delivered']);
  });

  it('shows what it would do, and writes nothing', async () => {
    const { task, worker } = fixture.pair('alpha', ['worker', 'manager']);
    await fixture.enqueue(task, 'go on');
    fixture.complete(worker, 'a1');
    const before = fixture.count('telemetry_events', 'true');
    assert.deepEqual(column(await fixture.pass({ dryRun: true }), 'state'), ['planned', 'planned']);
    assert.equal(fixture.count('telemetry_events', 'true'), before);
    assert.equal(fixture.count('commands', "state = 'pending'"), 1);
  });

  it('from inside a sandbox fills mailboxes and leaves terminals to the leader', async () => {
    const { task } = fixture.pair('alpha', ['worker']);
    await fixture.enqueue(task, 'to the terminal');
    await fixture.enqueue(task, 'to the inbox', 'enqueue-notify-manager');
    const items = await fixture.pass({}, { ...fixture.deps, isSandboxed: true });
    assert.deepEqual(column(items, 'command_type'), ['notify_manager']);
    assert.deepEqual(column(await fixture.pass(), 'command_type'), ['nudge_worker']);
  });

  it('carries out only what is in the closed set; everything else is shown and never done', async () => {
    const { task } = fixture.pair('alpha', ['worker']);
    fixture.ledger.run(
      `INSERT INTO commands (id, idempotency_key, created_at, updated_at, task_id, type, state, payload_json)
       VALUES ('c1', 'c1', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', ?, 'run_shell', 'pending', '{"message": "rm"}')`,
      [task.id],
    );
    assert.deepEqual(await fixture.pass(), []);
    const listed = await fixture.run('commands', { type: 'run_shell' });
    assert.equal((listed as unknown as unknown[]).length, 1);
  });
});

function createLoop(fixture: DispatchFixture, taskId: string): string {
  const metadata = { kind: 'ralph_loop', current_iteration: 1, max_iterations: 5, required_before_continue: [] };
  fixture.ledger.run(
    `INSERT INTO runs (id, task_id, name, purpose, status, started_at, metadata_json)
     VALUES ('run-1', ?, 'loop', 'ralph_loop', 'finished', '2026-01-01T00:00:00Z', ?)`,
    [taskId, JSON.stringify(metadata)],
  );
  return 'loop';
}
