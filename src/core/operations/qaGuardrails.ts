import type { JsonObject } from '../domain/json.ts';
import { type ArmedLoop, addChallenge, addEvidence, armPolicy, type QaHarness } from './qaHarness.ts';
import { ralphLoopPresets } from './loopTemplates.ts';
import { expectBlocked, expectDelivered } from './qaContinuation.ts';
import { expect, type QaDrill } from './qaDrill.ts';
import { checkReviewHelper } from './qaReviewHelper.ts';
import { recordDecision } from './recordDecision.ts';

const seed = 'qa-run-seed';

/** The bounds of a loop, the evidence it asks for, and the helper that must not start itself. */
export const qaGuardrails: QaHarness = {
  scenario: 'ralph-loop-guardrails',
  checks: [
    'max_iteration_blocks_before_worker_delivery',
    'missing_evidence_blocks_before_worker_delivery',
    'fresh_retry_delivers_after_structured_evidence',
    'preset_requires_pr_ci_merge_and_adversarial_evidence',
    'preset_retry_delivers_after_all_required_evidence',
  ],
  async run(drill) {
    await drillMaximum(drill);
    await drillMissingEvidence(drill);
    await drillPreset(drill);
    await checkReviewHelper(drill);
  },
};

async function arm(drill: QaDrill, suffix: string, policy: JsonObject): Promise<ArmedLoop> {
  const task = await drill.bindTask(suffix);
  return armPolicy(drill, task, { cleanup_policy: 'clear', seed_prompt_sha256: seed, ...policy });
}

async function drillMaximum(drill: QaDrill): Promise<void> {
  const armed = await arm(drill, 'max-iteration', { max_iterations: 1 });
  const decision = await drill.run(recordDecision, {
    task: armed.task.task_name,
    decision: 'nudge',
    reason: 'Drill: ask for one iteration more than the loop allows.',
    payloadJson: JSON.stringify({ requested_iteration: 2, ralph_loop_run_id: armed.loop.id }),
  });
  await expectBlocked(
    drill,
    'max_iteration_blocks_before_worker_delivery',
    { ...armed, correlationId: 'qa-run-max-block', managerDecisionId: decision.id },
    { reason: 'max_iterations_reached', missing: [] },
  );
}

async function drillMissingEvidence(drill: QaDrill): Promise<void> {
  const required = ['ci_green', 'adversarial_check'];
  const armed = await arm(drill, 'missing-evidence', { max_iterations: 3, required_before_continue: required });
  await expectBlocked(
    drill,
    'missing_evidence_blocks_before_worker_delivery',
    { ...armed, correlationId: 'qa-run-missing-evidence' },
    { reason: 'missing_required_evidence', missing: required },
  );
  await addEvidence(drill, armed, { type: 'ci_green', status: 'green', correlationId: 'qa-run-ci-green' });
  await addChallenge(drill, armed, {
    correlationId: 'qa-run-adversarial-proof',
    failureMode: 'The blocked continuation is delivered after all once evidence is there.',
    check: "Looked into the worker's inbox after the block.",
    result: 'The inbox was empty; only a fresh request can be delivered.',
  });
  await expectDelivered(drill, 'fresh_retry_delivers_after_structured_evidence', {
    ...armed,
    correlationId: 'qa-run-evidence-allowed',
  });
}

async function drillPreset(drill: QaDrill): Promise<void> {
  const task = await drill.bindTask('preset');
  const preset = 'pr_ci_merge_loop';
  const loop = await drill.run(ralphLoopPresets, {
    createRun: task.task_name,
    preset,
    maxIterations: 3,
    currentIteration: 1,
    seedPromptSha256: seed,
  });
  expect('metadata' in loop, `ralph-loop-presets --create-run made no run of ${preset}`);
  drill.follow(loop.id);
  const armed = { task, loop };
  await expectBlocked(
    drill,
    'preset_requires_pr_ci_merge_and_adversarial_evidence',
    { ...armed, correlationId: 'qa-run-preset-missing' },
    { reason: 'missing_required_evidence', missing: ['pr_url', 'ci_green', 'merge', 'adversarial_check'] },
  );
  for (const type of ['pr_url', 'ci_green', 'merge']) {
    await addEvidence(drill, armed, { type, correlationId: `qa-run-preset-${type}` });
  }
  await addChallenge(drill, armed, {
    correlationId: 'qa-run-preset-adversarial',
    failureMode: 'The preset lets the worker go on with part of its evidence.',
    check: 'Asked for the next iteration without any of it.',
    result: 'All four kinds were named as missing.',
  });
  await expectDelivered(drill, 'preset_retry_delivers_after_all_required_evidence', {
    ...armed,
    correlationId: 'qa-run-preset-allowed',
  });
}
