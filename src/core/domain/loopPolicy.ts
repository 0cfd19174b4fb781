import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';

/** What a loop run lets a worker go on with, as its metadata says. Keys are those of the JSON output. */
export interface LoopPolicy {
  readonly run_id: string;
  readonly template: string | null;
  readonly preset: string | null;
  readonly current_iteration: number;
  readonly max_iterations: number;
  readonly cleanup_policy: string | null;
  readonly required_before_continue: readonly string[];
  readonly stop_conditions: readonly string[];
  readonly seed_prompt_sha256: string | null;
  readonly artifact_requirements: JsonObject;
  readonly recommended_tools: readonly string[];
  readonly tags: readonly string[];
}

export interface LoopRun {
  readonly id: string;
  readonly purpose: string | null;
  readonly metadata: JsonObject;
}

export type PolicyReading =
  | { readonly kind: 'policy'; readonly policy: LoopPolicy }
  | { readonly kind: 'not_a_loop' }
  | { readonly kind: 'no_iterations' };

export function readLoopPolicy({ id, purpose, metadata }: LoopRun): PolicyReading {
  if (metadata.kind !== 'ralph_loop' && purpose !== 'ralph_loop') return { kind: 'not_a_loop' };
  const { current_iteration: current, max_iterations: max } = metadata;
  if (!isInteger(current) || !isInteger(max)) return { kind: 'no_iterations' };
  const preset = textOf(metadata.preset);
  return {
    kind: 'policy',
    policy: {
      run_id: id,
      template: textOf(metadata.template) ?? preset,
      preset,
      current_iteration: current,
      max_iterations: max,
      cleanup_policy: textOf(metadata.cleanup_policy),
      required_before_continue: wordsOf(metadata.required_before_continue),
      stop_conditions: wordsOf(metadata.stop_conditions),
      seed_prompt_sha256: textOf(metadata.seed_prompt_sha256),
      artifact_requirements: isJsonObject(metadata.artifact_requirements) ? metadata.artifact_requirements : {},
      recommended_tools: wordsOf(metadata.recommended_tools),
      tags: wordsOf(metadata.tags),
    },
  };
}

/** A criterion as far as it can be evidence. */
export interface EvidenceBearer {
  readonly status: string;
  readonly evidence: JsonObject;
}

export interface ContinuationVerdict {
  /** Null: the worker may go on. */
  readonly reason: string | null;
  readonly missingEvidence: readonly string[];
}

/** May the worker begin this iteration? The first hit decides. */
export function judgeContinuation(
  policy: LoopPolicy,
  requested: number,
  criteria: readonly EvidenceBearer[],
): ContinuationVerdict {
  const refused = (reason: string): ContinuationVerdict => ({ reason, missingEvidence: [] });
  if (requested <= policy.current_iteration) return refused('stale_requested_iteration');
  if (policy.current_iteration >= policy.max_iterations || requested > policy.max_iterations) {
    return refused('max_iterations_reached');
  }
  // One after the other: a jump would leave out the evidence of what was jumped over (LQ-1).
  if (requested > policy.current_iteration + 1) return refused('skipped_iteration');
  const missing = requested <= 1 ? [] : missingEvidence(policy, requested - 1, criteria);
  if (missing.length === 0) return { reason: null, missingEvidence: [] };
  const reason = missing.length === 1 ? `missing_${missing[0]}_evidence` : 'missing_required_evidence';
  return { reason, missingEvidence: missing };
}

/** What the loop asks for and this iteration has not shown, in the order of the policy. */
export function missingEvidence(
  policy: LoopPolicy,
  iteration: number,
  criteria: readonly EvidenceBearer[],
): readonly string[] {
  return policy.required_before_continue.filter((type) => !hasEvidence(policy.run_id, iteration, type, criteria));
}

/** The error text of a blocked command. */
export function describeBlocked(policy: LoopPolicy, requested: number, verdict: ContinuationVerdict): string {
  const missing = verdict.missingEvidence.length > 0 ? ` missing_evidence=${verdict.missingEvidence.join(',')}` : '';
  return `${verdict.reason}${missing} current_iteration=${policy.current_iteration} max_iterations=${policy.max_iterations} requested_iteration=${requested}`;
}

/** The message with the policy in words, for a worker that is told in its terminal. */
export function describePolicy(message: string, policy: LoopPolicy, requested: number): string {
  const list = (words: readonly string[]) => (words.length > 0 ? words.join(', ') : 'none');
  return [
    message.trimEnd(),
    '',
    'Loop policy:',
    `- run_id: ${policy.run_id}`,
    `- template: ${policy.template ?? policy.preset ?? 'unknown'}`,
    `- iteration: requested ${requested} (current ${policy.current_iteration} of ${policy.max_iterations})`,
    `- cleanup_policy: ${policy.cleanup_policy ?? 'none'}`,
    `- required_before_continue: ${list(policy.required_before_continue)}`,
    `- recommended_tools: ${list(policy.recommended_tools)}`,
    `- artifact_requirements: ${list(Object.keys(policy.artifact_requirements).toSorted())}`,
  ].join('\n');
}

const REJECTED = new Set(['error', 'errored', 'fail', 'failed', 'failure', 'rejected']);

/** Whether evidence of that type stands, as the gate sees it. */
export function hasEvidence(
  runId: string,
  iteration: number,
  type: string,
  criteria: readonly EvidenceBearer[],
): boolean {
  return criteria.some(
    ({ status, evidence }) =>
      status === 'satisfied' &&
      evidence.evidence_type === type &&
      evidence.ralph_loop_run_id === runId &&
      evidence.iteration === iteration &&
      (type !== 'adversarial_check' || isAdversarialCheck(evidence)),
  );
}

/** An honest attempt to disprove the work, written down with its outcome. */
export function isAdversarialCheck(evidence: JsonObject): boolean {
  const isComplete = ['failure_mode', 'check', 'result'].every((key) => (textOf(evidence[key]) ?? '').trim() !== '');
  const { status } = evidence;
  const isAccepted = status === undefined || (typeof status === 'string' && !REJECTED.has(status.trim().toLowerCase()));
  return isComplete && isAccepted;
}

function isInteger(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && Number.isInteger(value);
}

function textOf(value: JsonValue | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

function wordsOf(value: JsonValue | undefined): readonly string[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((word: JsonValue) => (typeof word === 'string' && word.trim() !== '' ? [word.trim()] : []));
}
