import assert from 'node:assert/strict';
import { requireTask } from '../../../src/core/ledger/taskStore.ts';
import { insertCommand, startCommand, finishCommand } from '../../../src/core/ledger/commandStore.ts';
import { advanceLoopIteration } from '../../../src/core/ledger/loopRunStore.ts';
import { criteria } from '../../../src/core/operations/criteria.ts';
import { loopEvidence } from '../../../src/core/operations/loopEvidence.ts';
import { loopStatusVerb } from '../../../src/core/operations/loopStatus.ts';
import { loopTemplatesVerb } from '../../../src/core/operations/loopTemplates.ts';
import { parseInput } from '../../../src/core/operations/argument.ts';
import { supervised, type Supervised } from '../supervise/support.ts';

const receipt = { action: 'add', task: 'alpha', loopRun: 'loop', iteration: 1 };

describe('loop-status', () => {
  let fixture: Supervised;

  beforeEach(async () => {
    fixture = await supervised();
    const arm = { createRun: 'alpha', template: 'build_then_clear', name: 'loop' };
    await fixture.run(loopTemplatesVerb, arm);
  });

  afterEach(() => fixture.dispose());

  const status = () => fixture.run(loopStatusVerb, { task: 'alpha', run: 'loop' });

  it('LQ-10: is ready only once all the evidence of the iteration is there, and says what is missing', async () => {
    const bare = await status();
    assert.equal(bare.recommendation, 'record_missing_evidence');
    assert.deepEqual(bare.evidence.missing, ['build_passed', 'cleanup']);
    await fixture.run(loopEvidence, { ...receipt, evidenceType: 'build_passed' });
    await fixture.run(loopEvidence, { ...receipt, evidenceType: 'cleanup', iteration: 2 });
    await fixture.run(loopEvidence, { ...receipt, evidenceType: 'cleanup', status: 'failed' });
    const half = await status();
    assert.equal(half.recommendation, 'record_missing_evidence');
    assert.deepEqual(half.evidence.missing, ['cleanup']);
    assert.deepEqual(half.evidence.by_iteration, [
      { iteration: 1, satisfied: ['build_passed'], not_satisfied: ['cleanup'] },
      { iteration: 2, satisfied: ['cleanup'], not_satisfied: [] },
    ]);
    await fixture.run(loopEvidence, { ...receipt, evidenceType: 'cleanup' });
    assert.equal((await status()).recommendation, 'ready_for_manager_review');
  });

  it('LQ-10: is not ready while evidence of an earlier iteration has been taken back', async () => {
    for (const evidenceType of ['build_passed', 'cleanup'])
      await fixture.run(loopEvidence, { ...receipt, evidenceType });
    const { run } = await status();
    advanceLoopIteration(fixture.context.ledger, run.id, 0, 1);
    advanceLoopIteration(fixture.context.ledger, run.id, 1, 2);
    for (const evidenceType of ['build_passed', 'cleanup']) {
      await fixture.run(loopEvidence, { ...receipt, iteration: 2, evidenceType });
    }
    assert.equal((await status()).recommendation, 'ready_for_manager_review');
    await fixture.run(loopEvidence, { ...receipt, evidenceType: 'cleanup', status: 'failed' });
    const revoked = await status();
    assert.equal(revoked.recommendation, 'record_missing_evidence');
    assert.deepEqual(revoked.evidence.missing, []);
    assert.deepEqual(revoked.evidence.missing_earlier, [{ iteration: 1, missing: ['cleanup'] }]);
    const input = parseInput(loopStatusVerb.inputs, { task: 'alpha', run: 'loop' });
    const text = loopStatusVerb.text?.(revoked, input, fixture.context) ?? '';
    assert.match(text, /^evidence for iteration 1: missing cleanup$/m);
  });

  it('LQ-10: the text has words, no raw structures', async () => {
    await fixture.run(loopEvidence, { ...receipt, evidenceType: 'build_passed' });
    const input = parseInput(loopStatusVerb.inputs, { task: 'alpha', run: 'loop' });
    const text = loopStatusVerb.text?.(await status(), input, fixture.context) ?? '';
    assert.match(text, /^policy: build_then_clear iteration 0\/2$/m);
    assert.match(text, /^evidence for iteration 1: missing cleanup$/m);
    assert.match(text, /^recommendation: record_missing_evidence$/m);
    assert.doesNotMatch(text, /[{}[\]]/);
  });

  it('LQ-13: says which parts of the policy nothing enforces', async () => {
    const { policy } = await status();
    assert.deepEqual(policy.advisory, ['cleanup_policy', 'stop_conditions', 'artifact_requirements']);
  });

  it('counts what failed in this loop, wherever its command names the loop', async () => {
    const { ledger, clock } = fixture.context;
    const task = requireTask(ledger, 'alpha');
    const { run } = await status();
    for (const payload of [{ ralph_loop: { run_id: run.id } }, { loop_policy: { run_id: 'run-other' } }]) {
      const command = insertCommand(ledger, { type: 'continue_iteration', payload, taskId: task.id }, clock.now());
      startCommand(ledger, command, clock.now());
      finishCommand(ledger, command, { result: null, state: 'failed', error: 'gone' }, clock.now());
    }
    const after = await status();
    assert.deepEqual(after.commands, { total: 1, states: { failed: 1 } });
    assert.equal(after.failures.failed_commands, 1);
    assert.equal(after.recommendation, 'inspect_failures');
  });

  it('LQ-10: an adversarial check without its three parts is not shown as if it stood', async () => {
    const { run } = await status();
    const evidence = { ralph_loop_run_id: run.id, evidence_type: 'adversarial_check', iteration: 1, check: 'looked' };
    const add = { task: 'alpha', add: true, criterion: 'by hand', source: 'manager_inferred', status: ['satisfied'] };
    await fixture.run(criteria, { ...add, evidenceJson: JSON.stringify(evidence) });
    assert.deepEqual((await status()).evidence.by_iteration, [
      { iteration: 1, satisfied: [], not_satisfied: ['adversarial_check'] },
    ]);
  });

  it('evidence typed in by hand counts as far as it names loop and iteration', async () => {
    const { run } = await status();
    const evidence = { ralph_loop_run_id: run.id, evidence_type: 'build_passed' };
    const add = { task: 'alpha', add: true, criterion: 'by hand', source: 'manager_inferred', status: ['satisfied'] };
    await fixture.run(criteria, { ...add, evidenceJson: JSON.stringify(evidence) });
    const shown = await status();
    assert.deepEqual(shown.evidence.types, ['build_passed']);
    assert.deepEqual(shown.evidence.by_iteration, []);
    assert.deepEqual(shown.evidence.missing, ['build_passed', 'cleanup']);
    await fixture.refuses(
      loopStatusVerb,
      { task: 'alpha', run: 'ghost' },
      'unknown_run',
      /run 'ghost' does not belong/,
    );
  });
});
