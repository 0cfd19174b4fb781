import assert from 'node:assert/strict';
import type { DispatchDependencies } from '../../../src/core/dispatch/dependencies.ts';
import { dispatchEffect } from '../../../src/core/dispatch/otherEffect.ts';
import { FakePaneDelivery } from '../../../src/core/dispatch/paneDelivery.ts';
import { openSqlite } from '../../../src/core/ledger/sqliteDriver.ts';
import { findBinding, requireSessionBinding } from '../../../src/core/ledger/bindingStore.ts';
import { requireTask } from '../../../src/core/ledger/taskStore.ts';
import { compactEffect } from '../../../src/core/operations/compactEffect.ts';
import { compactWorker, requestWorkerCompact } from '../../../src/core/operations/compactWorker.ts';
import { handoff } from '../../../src/core/operations/handoff.ts';
import { managerConfig } from '../../../src/core/operations/managerConfig.ts';
import { recordDecision } from '../../../src/core/operations/recordDecision.ts';
import { unbind } from '../../../src/core/operations/unbind.ts';
import { planCompact, type SlashCommand } from '../../../src/core/supervise/compactRequest.ts';
import { type Supervised, supervised } from './support.ts';

const options = { dispatcherId: 'test', limit: 1, leaseSeconds: 60, type: null, dryRun: false };

describe('making room in a worker', () => {
  let fixture: Supervised;
  let panes: FakePaneDelivery;
  let deps: DispatchDependencies;

  beforeEach(async () => {
    fixture = await supervised();
    fixture.addSession({ name: 'w1', role: 'worker', tmuxSession: 'codex-w1' });
    panes = new FakePaneDelivery();
    const { ledger, clock } = fixture.context;
    deps = { ledger, clock, host: fixture.host, program: 'conveyor', panes };
  });

  afterEach(() => fixture.dispose());

  function plan(slashCommand: SlashCommand | null, more: { message?: string; decisionId?: number } = {}) {
    const { ledger, clock } = fixture.context;
    return ledger.write(() => {
      const task = requireTask(ledger, 'alpha');
      const bound = requireSessionBinding(ledger, task, 'alpha');
      const given = {
        slashCommand,
        message: null,
        decisionId: null,
        strictDecisions: false,
        reference: 'alpha',
        ...more,
      };
      return planCompact(ledger, { task, bound }, given, clock.now());
    });
  }

  const send = (commandId: string, { isPermitted = true, isAwaited = true } = {}) =>
    dispatchEffect(
      deps,
      commandId,
      compactEffect(deps, { permits: () => isPermitted, isAwaited, patienceMilliseconds: 0 }),
      options,
    );

  it('records what was decided, also when only a message about it would be sent', async () => {
    for (const given of [{ clear: true, promptOnly: true }, { promptOnly: true }, { clear: true }, {}]) {
      const input = { task: 'alpha', reason: 'full', ...given };
      await fixture.refuses(compactWorker, input, 'permission_denied', /not allowed/);
    }
    const rows = fixture.context.ledger.all(
      "SELECT json_extract(payload_json, '$.slash_command') AS wanted FROM manager_decisions ORDER BY id",
    );
    assert.deepEqual(rows, [{ wanted: '/clear' }, { wanted: null }, { wanted: '/clear' }, { wanted: '/compact' }]);
  });

  async function allow(...permit: readonly string[]): Promise<void> {
    await fixture.run(managerConfig, { task: 'alpha', clear: ['permissions'], permit });
    await fixture.run(handoff, { task: 'alpha', summary: 'parser done' });
  }

  it('CP-36: /compact needs compact, /clear needs clear, and a message needs neither', async () => {
    await allow('worker_session.compact');
    assert.equal(plan('/compact').refusal, null);
    assert.match(plan('/clear').refusal?.message ?? '', /permission_not_enabled/);
    await allow('worker_session.clear');
    assert.match(plan('/compact').refusal?.message ?? '', /permission_not_enabled/);
    assert.equal(plan('/clear').refusal, null);
    await allow();
    assert.equal(plan(null, { message: 'please tidy up' }).refusal, null);
    const failed = fixture.context.ledger.all("SELECT count(*) AS n FROM commands WHERE state = 'failed'");
    assert.deepEqual(failed, [{ n: 2 }]);
  });

  it('CP-29: the text is sent outside every transaction, with the start on record', async () => {
    await allow('worker_session.compact');
    const { command } = plan('/compact');
    const seen: unknown[] = [];
    const started = `SELECT command.state, attempt.state AS attempt, side_effect_started AS started
      FROM commands command JOIN command_attempts attempt ON attempt.command_id = command.id WHERE command.id = ?`;
    panes.answers.set('w1', async (request) => {
      await request.beforeFirstKey();
      const other = openSqlite(fixture.context.ledgerFile, { readonly: false, busyMilliseconds: 0 });
      other.exec('BEGIN IMMEDIATE');
      seen.push(other.prepare(started).get(command.id));
      other.exec('ROLLBACK');
      other.close();
      return { outcome: 'delivered', paneId: '%1', stages: { typedAt: 0, submittedAt: 0, seenAt: null } };
    });
    const item = await send(command.id);
    assert.deepEqual(seen, [{ state: 'attempted', attempt: 'running', started: 1 }]);
    assert.equal(item?.state, 'succeeded');
    assert.equal(fixture.events('worker_compact_request_succeeded').length, 1);
  });

  it('CP-30: the span of the cycle says what became of the effect, after it', async () => {
    await allow('worker_session.compact');
    const { ledger } = fixture.context;
    ledger.run(
      "INSERT INTO manager_cycles (id, task_id, started_at, state) SELECT 5, id, '2026-01-01T00:00:00Z', 'succeeded' FROM tasks",
    );
    const decision = await fixture.run(recordDecision, {
      task: 'alpha',
      decision: 'nudge',
      reason: 'full',
      cycleId: 5,
    });
    const spans = () =>
      ledger.all("SELECT state, error_type FROM manager_cycle_spans WHERE phase = 'side_effect_command'");
    const { command } = plan('/compact', { decisionId: decision.id });
    assert.deepEqual(spans(), []);
    panes.answers.set('w1', { outcome: 'deferred', reason: 'dialog_open', screen: [] });
    await send(command.id);
    assert.deepEqual(spans(), [{ state: 'failed', error_type: 'delivery_deferred' }]);
  });

  it('types exactly the slash command, once', async () => {
    await allow('worker_session.compact');
    await send(plan('/compact').command.id);
    assert.deepEqual(panes.typed, [{ session: 'w1', text: '/compact' }]);
  });

  it('for others it waits for a better moment instead of failing', async () => {
    await allow('worker_session.compact');
    panes.answers.set('w1', { outcome: 'deferred', reason: 'composer_has_text', screen: [] });
    const item = await send(plan('/compact').command.id, { isAwaited: false });
    assert.equal(item?.state, 'deferred');
    assert.deepEqual(fixture.events('worker_compact_request_failed'), []);
  });

  it('a row alone is no authority: the person must permit it, and the worker must still be bound', async () => {
    await allow('worker_session.compact');
    const denied = await send(plan('/compact').command.id, { isPermitted: false });
    assert.equal(denied?.error_type, 'permission_denied');
    const { command } = plan('/compact');
    await fixture.run(unbind, { task: 'alpha' });
    assert.equal(findBinding(deps.ledger, requireTask(deps.ledger, 'alpha').id), null);
    const unbound = await send(command.id);
    assert.equal(unbound?.error_type, 'no_binding');
    assert.deepEqual(panes.typed, []);
  });

  it("a person's own request never waits in the queue, where a supervisor would ask for permission", async () => {
    await allow('worker_session.compact');
    const { ledger } = fixture.context;
    // What another program sees after each commit.
    const other = openSqlite(ledger.file, { readonly: true, busyMilliseconds: 1000 });
    const pending = other.prepare(
      "SELECT id FROM commands WHERE type = 'request_worker_compact' AND state = 'pending'",
    );
    const seen: unknown[] = [];
    const commit = ledger.write.bind(ledger);
    ledger.write = (work) => {
      const result = commit(work);
      seen.push(...pending.all());
      return result;
    };
    await fixture.refuses(requestWorkerCompact, { task: 'alpha' }, 'delivery_failed', /codex-w1/);
    ledger.write = commit;
    other.close();
    assert.deepEqual(seen, []);
  });

  it('inside a sandbox without a supervisor it says so at once and queues nothing', async () => {
    const inside = await supervised({ variables: { CODEX_SANDBOX_NETWORK_DISABLED: '1' } });
    try {
      await inside.refuses(requestWorkerCompact, { task: 'alpha' }, 'supervisor_missing', /dispatch --watch/);
      assert.deepEqual(inside.context.ledger.all('SELECT id FROM commands'), []);
    } finally {
      inside.dispose();
    }
  });
});
