import type { JsonObject } from '../domain/json.ts';
import type { Run } from '../ledger/runStore.ts';
import { adversarialCheckType } from '../loops/evidence.ts';
import { criteria } from './criteria.ts';
import { loopEvidence } from './loopEvidence.ts';
import { loopTemplatesVerb } from './loopTemplates.ts';
import { expect, type QaDrill, type QaTask } from './qaDrill.ts';
import { runs } from './runs.ts';

/** A drill that checks itself. */
export interface QaHarness {
  readonly scenario: string;
  /** The names of its checks, in order: what a run that ended early did not get to, and that none was left out. */
  readonly checks: readonly string[];
  run(drill: QaDrill): Promise<void>;
}

export interface ArmedLoop {
  readonly task: QaTask;
  readonly loop: Run;
}

/** Arms a loop from a template, at its first iteration. */
export async function armTemplate(
  drill: QaDrill,
  task: QaTask,
  { template, seed }: { readonly template: string; readonly seed: string },
): Promise<ArmedLoop> {
  const made = await drill.run(loopTemplatesVerb, {
    createRun: task.task_name,
    template,
    currentIteration: 1,
    seedPromptSha256: seed,
  });
  expect('metadata' in made, `loop-templates --create-run made no run of ${template}`);
  drill.follow(made.id);
  drill.notes.template = template;
  drill.notes.template_metadata = made.metadata;
  return { task, loop: made };
}

/** Arms a loop whose policy is written by hand, at its first iteration. */
export async function armPolicy(drill: QaDrill, task: QaTask, policy: JsonObject): Promise<ArmedLoop> {
  const loop = await drill.run(runs, {
    create: task.task_name,
    purpose: 'ralph_loop',
    metadataJson: JSON.stringify({ kind: 'ralph_loop', current_iteration: 1, ...policy }),
  });
  expect('metadata' in loop, 'runs --create made no run');
  drill.follow(loop.id);
  return { task, loop };
}

interface Shown {
  readonly type: string;
  readonly correlationId: string;
  readonly status?: string;
  readonly artifactPath?: string;
  readonly metadata?: JsonObject;
}

/** Records what iteration 1 has shown. */
export async function addEvidence(drill: QaDrill, { task, loop }: ArmedLoop, shown: Shown): Promise<void> {
  const { criterion } = await drill.run(loopEvidence, {
    action: 'add',
    task: task.task_name,
    loopRun: loop.id,
    iteration: 1,
    evidenceType: shown.type,
    status: shown.status,
    correlationId: shown.correlationId,
    artifactPath: shown.artifactPath,
    metadataJson: shown.metadata === undefined ? undefined : JSON.stringify(shown.metadata),
  });
  expect(criterion.status === 'satisfied', `the evidence for ${shown.type} was stored as ${criterion.status}`);
}

interface Challenge {
  readonly correlationId: string;
  readonly failureMode: string;
  readonly check: string;
  readonly result: string;
  readonly source?: string;
}

/** Records an honest attempt to disprove iteration 1. */
export async function addChallenge(drill: QaDrill, { task, loop }: ArmedLoop, challenge: Challenge) {
  const { criterion, evidence } = await drill.run(loopEvidence, {
    action: 'adversarial-check',
    task: task.task_name,
    loopRun: loop.id,
    iteration: 1,
    ...challenge,
  });
  expect(criterion.status === 'satisfied', `the adversarial check was stored as ${criterion.status}`);
  return { criterion, evidence };
}

/** What somebody types who wants past the gate: a satisfied criterion that names no failure mode, check or result. */
export async function addUnstructuredChallenge(
  drill: QaDrill,
  { task, loop }: ArmedLoop,
  correlationId: string,
): Promise<void> {
  const evidence = {
    evidence_type: adversarialCheckType,
    ralph_loop_run_id: loop.id,
    iteration: 1,
    status: 'pass',
    correlation_id: correlationId,
  };
  const { affected_criterion: criterion } = await drill.run(criteria, {
    task: task.task_name,
    add: true,
    criterion: `Adversarial check of iteration 1, in words only (${correlationId})`,
    source: 'manager_inferred',
    status: ['satisfied'],
    proof: 'It looks fine.',
    evidenceJson: JSON.stringify(evidence),
  });
  expect(criterion?.status === 'satisfied', 'the unstructured check could not be put on record');
}
