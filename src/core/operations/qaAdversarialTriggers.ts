import { printedJson } from '../domain/json.ts';
import { adversarialCheckType } from '../loops/evidence.ts';
import type { LoopTrigger } from '../loops/triggers.ts';
import { ConveyorError } from '../domain/errors.ts';
import { criteria } from './criteria.ts';
import { finishTask } from './finishTask.ts';
import { workerInbox } from './inboxes.ts';
import { loopTriggersVerb } from './loopTriggers.ts';
import { expectBlocked, expectDelivered } from './qaContinuation.ts';
import { expect, type QaDrill, type QaTask, type Seen } from './qaDrill.ts';
import { addChallenge, armPolicy, type ArmedLoop, type QaHarness } from './qaHarness.ts';
import { runs } from './runs.ts';

const seed = 'qa-run-nl-loop-trigger-seed';
const caution = 'Please be careful and run the tests before you go on.';

/** The five phrases: each arms its own gate, and the gate holds. */
export const qaAdversarialTriggers: QaHarness = {
  scenario: 'adversarial-triggers',
  checks: [
    'loop_gate_trigger_creates_policy',
    'iteration_gate_blocks_before_adversarial_proof',
    'iteration_gate_allows_fresh_retry_after_structured_proof',
    'finish_gate_requires_structured_adversarial_proof',
    'worker_directed_trigger_records_worker_proposed_proof',
    'acceptance_criteria_trigger_records_negative_manager_criteria',
  ],
  async run(drill) {
    const triggers = await classifyPhrases(drill);
    const trigger = (intent: string): LoopTrigger => {
      const found = triggers.find((one) => one.intent === intent);
      expect(found !== undefined, `no phrase has the intent ${intent}`);
      return found;
    };
    const armed = await drillLoopGate(drill, trigger('create_loop_policy'));
    await drillIterationGate(drill, armed);
    await drillFinishGate(drill, trigger('require_finish_adversarial_proof'));
    await drillWorkerProof(drill, trigger('request_worker_adversarial_proof'));
    await drillCriteria(drill, trigger('create_adversarial_acceptance_criteria'));
  },
};

async function classifyPhrases(drill: QaDrill): Promise<readonly LoopTrigger[]> {
  const listed = await drill.run(loopTriggersVerb, { list: true });
  expect('triggers' in listed, 'loop-triggers --list lists nothing');
  const seen: Seen[] = [];
  drill.notes.trigger_classifications = seen;
  for (const { name, canonical_phrase: phrase, intent } of listed.triggers) {
    const found = await drill.run(loopTriggersVerb, { classify: phrase });
    expect('matched' in found, 'loop-triggers --classify answered with a list');
    const matched = found.matched_trigger?.name === name;
    seen.push({ name, canonical_phrase: phrase, intent, matched });
    expect(matched, `the phrase of ${name} is taken for ${found.matched_trigger?.name ?? 'ordinary words'}`);
  }
  const classification = await drill.run(loopTriggersVerb, { classify: caution });
  expect('matched' in classification, 'loop-triggers --classify answered with a list');
  drill.notes.negative_control = { classification, matched: classification.matched };
  expect(!classification.matched, `ordinary caution arms ${classification.matched_trigger?.name ?? 'a gate'}`);
  return listed.triggers;
}

/** A policy that says which words it comes from. */
function armFromPhrase(
  drill: QaDrill,
  task: QaTask,
  { canonical_phrase, intent, required_before_continue }: LoopTrigger,
  maxIterations: number,
): Promise<ArmedLoop> {
  return armPolicy(drill, task, {
    max_iterations: maxIterations,
    required_before_continue,
    seed_prompt_sha256: seed,
    trigger_phrase: canonical_phrase,
    trigger_intent: intent,
  });
}

async function drillLoopGate(drill: QaDrill, trigger: LoopTrigger): Promise<ArmedLoop> {
  const task = await drill.bindTask('loop');
  const armed = await armFromPhrase(drill, task, trigger, 3);
  await drill.check('loop_gate_trigger_creates_policy', async (seen) => {
    seen.correlation_id = 'nl-loop-gate-policy';
    const stored = await drill.look(runs, { show: armed.loop.id });
    expect('metadata' in stored, 'runs --show shows no run');
    const { current_iteration, max_iterations, required_before_continue } = stored.metadata;
    seen.run = { id: stored.id, current_iteration, max_iterations, required_before_continue };
    seen.trigger = trigger;
    expect(stored.purpose === 'ralph_loop', `the run is no loop policy but ${stored.purpose}`);
    expect(current_iteration === 1 && max_iterations === 3, 'the policy has other bounds than it was given');
    expect(
      JSON.stringify(required_before_continue) === JSON.stringify([adversarialCheckType]),
      'the policy does not ask for an adversarial check',
    );
  });
  return armed;
}

async function drillIterationGate(drill: QaDrill, armed: ArmedLoop): Promise<void> {
  await expectBlocked(
    drill,
    'iteration_gate_blocks_before_adversarial_proof',
    { ...armed, correlationId: 'nl-iteration-gate-missing-proof' },
    { reason: 'missing_adversarial_check_evidence', missing: [adversarialCheckType] },
  );
  await addChallenge(drill, armed, {
    correlationId: 'nl-iteration-gate-adversarial-proof',
    failureMode: 'The continuation reaches the worker without proof.',
    check: "Asked for it without proof and looked into the worker's inbox.",
    result: 'It was blocked, and the inbox was empty.',
  });
  await expectDelivered(
    drill,
    'iteration_gate_allows_fresh_retry_after_structured_proof',
    { ...armed, correlationId: 'nl-iteration-gate-allowed' },
    async (seen) => {
      const { consumed, items } = await drill.run(workerInbox, { task: armed.task.task_name, consumeNext: true });
      seen.worker_inbox = consumed;
      expect(consumed?.correlation_id === 'nl-iteration-gate-allowed', 'the worker took something else, or nothing');
      expect(items.length === 0, `${items.length} item(s) are left in the inbox`);
    },
  );
}

async function drillFinishGate(drill: QaDrill, { intent }: LoopTrigger): Promise<void> {
  const task = await drill.createTask('finish');
  await drill.check('finish_gate_requires_structured_adversarial_proof', async (seen) => {
    seen.correlation_id = 'nl-finish-gate-proof';
    seen.intent = intent;
    const premature = await tryFinish(drill, task);
    seen.premature_finish = premature;
    expect(premature.returncode === 1, `a finish without proof ended with ${premature.returncode}`);
    const isOurs = premature.stderr.includes('adversarial proof is required');
    expect(isOurs, 'the finish was refused, but not for want of adversarial proof');
    const evidence = {
      evidence_type: adversarialCheckType,
      failure_mode: 'The task is finished although nobody tried to disprove it.',
      check: 'finish-task --require-adversarial-proof before there was a proof',
      result: 'refused',
      status: 'pass',
      correlation_id: 'nl-finish-gate-proof',
    };
    await drill.run(criteria, {
      task: task.task_name,
      add: true,
      criterion: 'Somebody has tried to disprove the work.',
      source: 'manager_inferred',
      status: ['satisfied'],
      proof: 'The finish without proof was refused.',
      evidenceJson: JSON.stringify(evidence),
    });
    const after = await tryFinish(drill, task);
    seen.after_proof = after;
    expect(after.returncode === 0, `the finish with proof ended with ${after.returncode}: ${after.stderr.trim()}`);
  });
}

/** As the command line would show it. */
async function tryFinish(drill: QaDrill, task: QaTask) {
  const given = { task: task.task_name, requireAdversarialProof: true, requireCriteriaAudit: true };
  try {
    const output = await drill.run(finishTask, given);
    return { returncode: 0, stdout: `${printedJson(output)}\n`, stderr: '' };
  } catch (error) {
    if (!ConveyorError.is(error) || error.code === 'interrupted') throw error;
    const stderr = `${drill.context.program}: ${error.message}\n`;
    return { returncode: error.exitStatus, stdout: '', stderr };
  }
}

async function drillWorkerProof(drill: QaDrill, trigger: LoopTrigger): Promise<void> {
  const task = await drill.bindTask('worker');
  const asks = { ...trigger, required_before_continue: [adversarialCheckType] };
  const armed = await armFromPhrase(drill, task, asks, 2);
  await drill.check('worker_directed_trigger_records_worker_proposed_proof', async (seen) => {
    const { criterion, evidence } = await addChallenge(drill, armed, {
      correlationId: 'nl-worker-directed-proof',
      failureMode: 'The proof of a worker is taken for one of the manager.',
      check: 'Recorded it as proposed by the worker and read it again.',
      result: 'The criterion names the worker as its source.',
      source: 'worker_proposed',
    });
    seen.correlation_id = 'nl-worker-directed-proof';
    seen.evidence = { ...evidence, source: criterion.source };
    expect(criterion.source === 'worker_proposed', `the proof stands there as ${criterion.source}`);
  });
}

const negativeChecks = [
  'The next iteration is blocked before there is adversarial proof.',
  "The worker's inbox stays empty while the iteration is blocked.",
  'A retry is delivered only with structured evidence: failure mode, check and result.',
];

async function drillCriteria(drill: QaDrill, { intent }: LoopTrigger): Promise<void> {
  const task = await drill.bindTask('criteria');
  await drill.check('acceptance_criteria_trigger_records_negative_manager_criteria', async (seen) => {
    seen.correlation_id = 'nl-manager-criteria-negative-checks';
    seen.intent = intent;
    for (const criterion of negativeChecks) {
      await drill.run(criteria, {
        task: task.task_name,
        add: true,
        criterion,
        source: 'manager_inferred',
        status: ['accepted'],
        rationale: 'A criterion of the manager that asks for a negative check.',
        evidenceJson: JSON.stringify({ correlation_id: 'nl-manager-criteria-negative-checks' }),
      });
    }
    const { criteria: stored } = await drill.run(criteria, {
      task: task.task_name,
      list: true,
      status: ['accepted'],
    });
    const inferred = stored.filter(({ source }) => source === 'manager_inferred');
    seen.criteria = inferred;
    seen.manager_inferred_criteria_count = inferred.length;
    expect(inferred.length === negativeChecks.length, `${inferred.length} of ${negativeChecks.length} stand there`);
  });
}
