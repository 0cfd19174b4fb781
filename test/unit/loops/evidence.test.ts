import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { judgeContinuation, readLoopPolicy } from '../../../src/core/domain/loopPolicy.ts';
import { listCriteria } from '../../../src/core/ledger/criterionStore.ts';
import { requireRun } from '../../../src/core/ledger/runStore.ts';
import { requireTask } from '../../../src/core/ledger/taskStore.ts';
import { enqueueContinueIteration } from '../../../src/core/operations/enqueue.ts';
import { loopEvidence } from '../../../src/core/operations/loopEvidence.ts';
import { loopTemplatesVerb } from '../../../src/core/operations/loopTemplates.ts';
import { tasks } from '../../../src/core/operations/tasks.ts';
import { supervised, type Supervised } from '../supervise/support.ts';

const receipt = { action: 'add', task: 'alpha', loopRun: 'loop', iteration: 1, evidenceType: 'test_coverage' };
const challenge = {
  action: 'adversarial-check',
  task: 'alpha',
  loopRun: 'loop',
  iteration: 1,
  failureMode: 'rounding',
  check: 'ran it with halves',
  result: 'held',
};

describe('loop-evidence', () => {
  let fixture: Supervised;

  beforeEach(async () => {
    fixture = await supervised();
    const arm = { createRun: 'alpha', template: 'test_coverage_loop', name: 'loop', currentIteration: 1 };
    await fixture.run(loopTemplatesVerb, arm);
  });

  afterEach(() => fixture.dispose());

  const verdict = (requested: number) => {
    const { ledger } = fixture.context;
    const reading = readLoopPolicy(requireRun(ledger, 'loop'));
    assert.equal(reading.kind, 'policy');
    return judgeContinuation(reading.policy, requested, listCriteria(ledger, requireTask(ledger, 'alpha').id));
  };

  it('opens the gate once all of it is there, and closes it again when it is taken back', async () => {
    assert.deepEqual(verdict(2).missingEvidence, ['test_coverage', 'adversarial_check']);
    await fixture.run(loopEvidence, receipt);
    assert.equal(verdict(2).reason, 'missing_adversarial_check_evidence');
    await fixture.run(loopEvidence, challenge);
    assert.equal(verdict(2).reason, null);
    await fixture.run(loopEvidence, { ...receipt, status: ' FAILED ' });
    assert.deepEqual(verdict(2).missingEvidence, ['test_coverage']);
  });

  it('says nothing of an outcome in a proof that stays when the outcome changes', async () => {
    await fixture.run(loopEvidence, receipt);
    const { criterion } = await fixture.run(loopEvidence, { ...receipt, status: 'failed' });
    assert.equal(criterion.status, 'rejected');
    assert.equal(criterion.proof, 'Recorded for iteration 1: test_coverage.');
  });

  it('LQ-1: evidence for a later iteration lets nobody jump over the one that is due', async () => {
    for (const iteration of [1, 2]) {
      await fixture.run(loopEvidence, { ...receipt, iteration });
      await fixture.run(loopEvidence, { ...challenge, iteration });
    }
    assert.equal(verdict(3).reason, 'skipped_iteration');
    assert.equal(verdict(2).reason, null);
    assert.equal(verdict(1).reason, 'stale_requested_iteration');
  });

  it('LQ-2: unknown types, unknown words for success and iterations beyond the limit are recorded, and told', async () => {
    await fixture.run(loopEvidence, { ...receipt, evidenceType: 'test_covrage' });
    assert.match(fixture.warnings.at(-1) ?? '', /does not ask for test_covrage.*did you mean test_coverage\?/);
    const done = await fixture.run(loopEvidence, { ...receipt, status: 'done' });
    assert.equal(done.criterion.status, 'rejected');
    assert.match(fixture.warnings.at(-1) ?? '', /--status done.*counts as rejected/);
    await fixture.run(loopEvidence, { ...receipt, iteration: 4 });
    assert.match(fixture.warnings.at(-1) ?? '', /iteration 4 is beyond the 3/);
    const { length } = fixture.warnings;
    await fixture.run(loopEvidence, receipt);
    assert.equal(fixture.warnings.length, length);
  });

  it('LQ-2: the file that shows it is stored with size and hash, which nobody can just type in', async () => {
    const text = 'lines: 92 %\n';
    writeFileSync(join(fixture.folder, 'coverage.txt'), text);
    const forged = { metadataJson: '{"artifact_sha256": "feed", "artifact_bytes": 1, "percent": 92}' };
    const stored = await fixture.run(loopEvidence, { ...receipt, ...forged, artifactPath: 'coverage.txt' });
    assert.equal(stored.evidence.artifact_sha256, createHash('sha256').update(text).digest('hex'));
    assert.equal(stored.evidence.artifact_bytes, text.length);
    assert.equal(stored.evidence.percent, 92);
    mkdirSync(join(fixture.folder, 'out'));
    for (const artifactPath of ['absent.txt', 'out']) {
      const named = await fixture.run(loopEvidence, { ...receipt, ...forged, artifactPath });
      assert.equal(named.evidence.artifact_path, artifactPath);
      assert.equal(named.evidence.artifact_sha256, undefined);
      assert.match(fixture.warnings.at(-1) ?? '', /there is no such file/);
    }
  });

  it('LQ-6: who says it anew stands there, and what was said before stands in the audit log', async () => {
    const first = await fixture.run(loopEvidence, { ...receipt, source: 'worker_proposed', proof: 'I ran it' });
    const silent = await fixture.run(loopEvidence, { ...receipt, status: 'fail' });
    assert.equal(silent.criterion.source, 'worker_proposed');
    const again = await fixture.run(loopEvidence, { ...receipt, source: 'final_audit', proof: 'so did I' });
    assert.equal(again.criterion.id, first.criterion.id);
    assert.equal(again.criterion.source, 'final_audit');
    const last = fixture.events('acceptance_criterion_updated').at(-1);
    assert.equal(last?.previous_source, 'worker_proposed');
    assert.equal(last?.previous_proof, 'I ran it');
    assert.equal(last?.previous_status, 'rejected');
  });

  it('LQ-12: a name means the run of its own task, and of several the newest, which is told', async () => {
    await fixture.run(tasks, { create: 'beta', goal: 'B' });
    const other = { createRun: 'beta', template: 'build_then_clear', name: 'loop' };
    await fixture.run(loopTemplatesVerb, other);
    const stored = await fixture.run(loopEvidence, receipt);
    assert.equal(stored.criterion.task_id, requireTask(fixture.context.ledger, 'alpha').id);
    const next = { task: 'beta', message: 'Once more', loopRun: 'loop', requestedIteration: 1 };
    const before = fixture.warnings.length;
    await fixture.run(enqueueContinueIteration, next);
    assert.equal(fixture.warnings.length, before);
    const newest = await fixture.run(loopTemplatesVerb, other);
    assert.ok('task_id' in newest);
    await fixture.run(enqueueContinueIteration, next);
    assert.match(fixture.warnings.at(-1) ?? '', new RegExp(`^2 runs .*'loop'.*${newest.id}$`));
  });

  it('a flag of the other action is refused, and so is a challenge with a part left out', async () => {
    await fixture.refuses(loopEvidence, { ...receipt, failureMode: 'x' }, 'usage', /--failure-mode is not for/);
    const { result: _, ...partial } = challenge;
    await fixture.refuses(loopEvidence, partial, 'usage', /--result/);
    const blank = {
      ...receipt,
      evidenceType: 'adversarial_check',
      metadataJson: '{"failure_mode": "f", "check": [1]}',
    };
    await fixture.refuses(loopEvidence, blank, 'missing_input', /--check must be non-empty/);
  });
});
