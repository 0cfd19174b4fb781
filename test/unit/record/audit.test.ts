import assert from 'node:assert/strict';
import { finishCommand, insertCommand } from '../../../src/core/ledger/commandStore.ts';
import { insertDecision } from '../../../src/core/ledger/decisionStore.ts';
import { recordTelemetry } from '../../../src/core/ledger/telemetryStore.ts';
import { requireTask, type Task } from '../../../src/core/ledger/taskStore.ts';
import { auditTask } from '../../../src/core/record/audit.ts';
import { correlationChains } from '../../../src/core/record/auditChains.ts';
import { auditMutations } from '../../../src/core/record/mutationAudit.ts';
import { audit } from '../../../src/core/operations/audit.ts';
import { mutationAudit } from '../../../src/core/operations/mutationAudit.ts';
import { runOperation } from '../../../src/core/operations/runOperation.ts';
import type { TemporaryContext } from '../support/temporaryContext.ts';
import { boundContext, upstreamContext } from './support.ts';

describe('audit of a ledger that agent-conveyor 0.1.0 made', () => {
  let fixture: TemporaryContext;
  let task: Task;

  beforeEach(() => {
    fixture = upstreamContext();
    task = requireTask(fixture.context.ledger, 'checkout-refactor');
  });
  afterEach(() => fixture.dispose());

  const secrets = [
    'Please add the changelog entry.', // a nudge
    'A reviewer is waiting.', // a notification
    'Payment step extracted; 12 tests pass.', // what the worker said last
    'Open the PR as a draft.', // a reviewer's addendum
    '"command":"pytest -q"', // evidence
  ];

  it('AT-2: hides messages, receipts, answers and screens; keeps states, ids and sizes', () => {
    const hidden = JSON.stringify(auditTask(fixture.context.ledger, task, false));
    const open = JSON.stringify(auditTask(fixture.context.ledger, task, true));
    for (const secret of secrets) {
      assert.ok(open.includes(secret), secret);
      assert.ok(!hidden.includes(secret), secret);
    }
    const [capture] = auditTask(fixture.context.ledger, task, false).terminal_captures;
    assert.deepEqual(
      { ...capture },
      {
        ...capture,
        content_redacted: true,
        content_byte_count: 669,
        content_line_count: 30,
        tmux_session: 'fx-alpha-worker',
      },
    );
    assert.ok(capture !== undefined && !('content' in capture));
  });

  it('measures a screen in the ledger as it would be measured here', () => {
    const { ledger } = fixture.context;
    const sizes = auditTask(ledger, task, false).terminal_captures;
    const contents = auditTask(ledger, task, true).terminal_captures;
    assert.equal(sizes.length, 3);
    for (const [index, row] of contents.entries()) {
      assert.ok('content' in row && typeof row.content === 'string');
      const lines = row.content.split('\n').length - (row.content.endsWith('\n') ? 1 : 0);
      const size: Record<string, unknown> = { ...sizes[index] };
      assert.equal(size.content_byte_count, Buffer.byteLength(row.content));
      assert.equal(size.content_line_count, lines);
    }
  });

  it('ties a command to its attempts, notifications, decision and cycle', () => {
    const chains = [...correlationChains(fixture.context.ledger, task.id)];
    assert.equal(chains.length, 9);
    const [signal] = chains;
    assert.deepEqual([signal?.command_id, signal?.manager_cycle_id, signal?.manager_decision_id], [null, 2, 1]);
    const notified = chains.find(({ command_type }) => command_type === 'notify_manager');
    assert.deepEqual([notified?.attempt_ids, notified?.manager_cycle_id], [[1], 3]);
  });

  it('AT-20: the text form reads the log and no screens', async () => {
    const output = await runOperation(audit, fixture.context, { task: 'checkout-refactor' });
    assert.deepEqual(Object.keys(Object(output)).toSorted(), ['events', 'task']);
  });
});

describe('mutation-audit', () => {
  let fixture: TemporaryContext & { readonly task: Task };

  beforeEach(async () => {
    fixture = await boundContext();
  });
  afterEach(() => fixture.dispose());

  const command = (
    type: string,
    payload: object,
    result: object | null = null,
    state: 'succeeded' | 'failed' = 'succeeded',
  ) =>
    fixture.context.ledger.write(() => {
      const { context, task, clock } = fixture;
      const made = insertCommand(context.ledger, { type, payload, taskId: task.id }, clock.now());
      finishCommand(context.ledger, made, { state, result }, clock.now());
    });
  const decide = (decision: 'stop' | 'nudge' | 'wait') =>
    fixture.context.ledger.write(() => {
      const given = { taskId: fixture.task.id, cycleId: null, decision, reason: 'because', payload: {} } as const;
      return insertDecision(fixture.context.ledger, given, fixture.clock.now());
    });
  const warnings = () =>
    auditMutations(fixture.context.ledger, fixture.task, false).records.map((record) => record.warnings);

  it('wants a decision, of the right kind, that the command names', () => {
    command('stop_task', {});
    assert.deepEqual(warnings(), [['missing_decision_metadata']]);
    const { id } = decide('wait');
    command('stop_task', { manager_decision: { decision_id: String(id), warnings: [] } });
    command('stop_task', { manager_decision: { warnings: ['missing_decision_id'] } });
    assert.deepEqual(warnings().toSorted(), [
      ['linked_decision_incompatible'],
      ['missing_decision_id', 'nearest_decision_unlinked'],
      ['missing_decision_metadata', 'nearest_decision_unlinked'],
    ]);
  });

  it('takes the final decision of a finished task, and excuses a failure that was meant', () => {
    const { id } = decide('stop');
    command('finish_task', { manager_decision: { warnings: ['missing_decision_id'] } }, { final_decision_id: id });
    assert.deepEqual(warnings(), [[]]);
    command('finish_task', { expected_failure: true }, null, 'failed');
    assert.deepEqual(warnings().flat(), ['nearest_decision_unlinked']);
  });

  it('says so when a command names a decision that it does not need', () => {
    const { id } = decide('stop');
    command('deregister_session', { manager_decision: { decision_id: id } });
    assert.deepEqual(warnings(), [['unexpected_linked_decision']]);
  });

  it('AT-4: a task that was steered by messages only does not look untouched', async () => {
    const { context, task, clock } = fixture;
    const { id } = decide('nudge');
    command('nudge_worker', { message: 'go on' });
    const direct = ['nudge_succeeded', 'nudge_failed', 'interrupt_succeeded', 'interrupt_failed'];
    for (const done of direct) {
      const event = { type: `session_${done}`, summary: '.', taskId: task.id, correlation: {}, attributes: {} };
      context.ledger.write(() => recordTelemetry(context.ledger, event, clock.now()));
    }
    const found = auditMutations(context.ledger, task, false);
    assert.deepEqual(found.summary, { mutations: 0, with_warnings: 0, steering: 5 });
    assert.deepEqual(found.steering.map(({ type, state }) => `${type} ${state}`).toSorted(), [
      'nudge_worker succeeded',
      'session_interrupt failed',
      'session_interrupt succeeded',
      'session_nudge failed',
      'session_nudge succeeded',
    ]);
    assert.deepEqual([...new Set(found.steering.map((one) => one.nearest_prior_decision_id))], [id]);
    const output =
      mutationAudit.text?.(found, { task: 'alpha', json: false, includeContent: false, raw: false }, context) ?? '';
    assert.match(output, /^alpha\tmutations=0\twarnings=0\tsteering=5\n/);
    const answer = await runOperation(mutationAudit, context, { task: 'alpha' });
    assert.deepEqual(answer, found);
  });
});
