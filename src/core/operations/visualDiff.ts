import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { refuse } from '../domain/errors.ts';
import { type JsonObject, printedJson } from '../domain/json.ts';
import type { Criterion, CriterionSource } from '../ledger/criterionStore.ts';
import type { Task } from '../ledger/taskStore.ts';
import { doubtsAbout, type Evidence } from '../loops/evidence.ts';
import type { LoopRun } from '../loops/loopRun.ts';
import { readPair } from '../loops/picture.ts';
import { stageFiles } from '../loops/stagedFiles.ts';
import { comparePictures, type Comparison, drawDifference } from '../loops/visualDiff.ts';
import { expandHome, type OperationContext } from './operationContext.ts';
import { recordLoopEvidence } from './recordLoopEvidence.ts';

export interface VisualDiffRequest {
  readonly iteration: number;
  readonly source: CriterionSource | null;
  readonly correlationId: string | null;
  readonly reference: string;
  readonly candidate: string;
  readonly threshold: number;
  readonly diffOutput: string | null;
  readonly reportOutput: string | null;
}

export interface DiffReport extends Comparison {
  readonly reference: string;
  readonly candidate: string;
  readonly diff_image: string | null;
  readonly threshold: number;
  readonly below_threshold: boolean;
}

interface VisualDiff {
  readonly criterion: Criterion;
  readonly evidence: JsonObject;
  readonly diff: DiffReport;
  readonly threshold_criterion: Criterion;
}

/**
 * Compares two pictures and records the outcome. Everything slow happens before the ledger is locked (LQ-4), and the
 * files appear only once the evidence stands (LQ-5).
 */
export async function recordVisualDiff(
  context: OperationContext,
  task: Task,
  loop: LoopRun,
  request: VisualDiffRequest,
): Promise<VisualDiff> {
  const { threshold } = request;
  if (!(threshold >= 0 && threshold <= 1)) {
    throw refuse('invalid_value', `--threshold must be between 0 and 1, not ${threshold}`);
  }
  const paths = resolvePaths(context, request);
  const { diff, image, facts } = await compare(paths, threshold);
  const report = `${printedJson(diff)}\n`;
  const files = stageFiles([
    ...(paths.image === null || image === null ? [] : [{ path: paths.image, bytes: image }]),
    ...(paths.report === null ? [] : [{ path: paths.report, bytes: report }]),
  ]);
  try {
    const common = {
      iteration: request.iteration,
      artifactPath: paths.report,
      correlationId: request.correlationId,
      facts: { ...facts, ...(paths.report === null ? {} : factsOf(report)) },
    };
    const recorded = recordBoth(context, { task, loop, source: request.source, proof: describe(diff) }, [
      { ...common, type: 'visual_diff_report', status: 'pass' },
      { ...common, type: 'diff_below_threshold', status: diff.below_threshold ? 'pass' : 'fail' },
    ]);
    files.publish();
    const [criterion, threshold_criterion] = recorded;
    return { criterion, evidence: criterion.evidence, diff, threshold_criterion };
  } finally {
    files.discard();
  }
}

interface Compared {
  readonly diff: DiffReport;
  /** The drawn difference, when it is wanted. */
  readonly image: Buffer | null;
  readonly facts: JsonObject;
}

async function compare(paths: Paths, threshold: number): Promise<Compared> {
  const [reference, candidate] = await readPair(paths.reference, paths.candidate);
  const comparison = comparePictures(reference, candidate);
  const diff = {
    reference: paths.reference,
    candidate: paths.candidate,
    diff_image: paths.image,
    ...comparison,
    threshold,
    below_threshold: comparison.diff_score <= threshold,
  };
  return {
    diff,
    image: paths.image === null ? null : drawDifference(reference, candidate),
    facts: { ...diff, reference_sha256: reference.sha256, candidate_sha256: candidate.sha256 },
  };
}

interface Says {
  readonly task: Task;
  readonly loop: LoopRun;
  readonly source: CriterionSource | null;
  readonly proof: string;
}

function recordBoth(
  context: OperationContext,
  { task, loop, source, proof }: Says,
  [report, threshold]: readonly [Evidence, Evidence],
): readonly [Criterion, Criterion] {
  const { ledger, clock } = context;
  const where = { task, runId: loop.run.id };
  const record = (evidence: Evidence) => recordLoopEvidence(ledger, where, { evidence, source, proof }, clock.now());
  const recorded = ledger.write(() => [record(report), record(threshold)] as const);
  for (const doubt of new Set([report, threshold].flatMap((one) => doubtsAbout(one, loop.policy)))) context.warn(doubt);
  return recorded;
}

interface Paths {
  readonly reference: string;
  readonly candidate: string;
  readonly image: string | null;
  readonly report: string | null;
}

function resolvePaths({ cwd, variables }: OperationContext, request: VisualDiffRequest): Paths {
  const absolute = (path: string) => resolve(cwd, expandHome(path, variables));
  const [reference, candidate] = [absolute(request.reference), absolute(request.candidate)];
  const image = request.diffOutput === null ? null : absolute(request.diffOutput);
  const report = request.reportOutput === null ? null : absolute(request.reportOutput);
  for (const output of [image, report]) {
    if (output === reference || output === candidate || (output !== null && image === report)) {
      throw refuse('invalid_value', `${output} would be overwritten: give each output a file of its own`);
    }
  }
  return { reference, candidate, image, report };
}

function factsOf(text: string) {
  return {
    artifact_sha256: createHash('sha256').update(text).digest('hex'),
    artifact_bytes: Buffer.byteLength(text),
  };
}

function describe({ changed_pixels, total_pixels, diff_score, threshold, below_threshold }: DiffReport): string {
  const outcome = below_threshold ? 'is within' : 'exceeds';
  return `${changed_pixels} of ${total_pixels} pixels differ: the score ${diff_score} ${outcome} the threshold ${threshold}.`;
}
