import { refuse } from '../domain/errors.ts';
import type { JsonObject, JsonValue } from '../domain/json.ts';
import { nearestName } from '../domain/nearestName.ts';
import type { LoopPolicy } from '../domain/loopPolicy.ts';

/** What somebody says that an iteration has shown. */
export interface Evidence {
  readonly type: string;
  readonly iteration: number;
  /** As typed: what it means is `criterionStatusOf`. */
  readonly status: string;
  readonly artifactPath: string | null;
  readonly correlationId: string | null;
  /** Further facts; they never replace those above. */
  readonly facts: JsonObject;
}

export const adversarialCheckType = 'adversarial_check';
const parts = ['failure_mode', 'check', 'result'] as const;

const successes = ['pass', 'passed', 'success', 'succeeded', 'ok', 'green', 'satisfied'];
const failures = ['fail', 'failed', 'failure', 'error', 'errored', 'rejected', 'red'];

/** Only a known word for success satisfies. */
export function criterionStatusOf(status: string): 'satisfied' | 'rejected' {
  return successes.includes(status.trim().toLowerCase()) ? 'satisfied' : 'rejected';
}

/** The text of the criterion that holds the evidence of one type for one iteration. */
export function criterionText(runId: string, { iteration, type }: Pick<Evidence, 'iteration' | 'type'>): string {
  return `Ralph loop ${runId} iteration ${iteration} ${type} evidence`;
}

/** What is stored with the criterion, and what the gate reads. */
export function evidenceObject(runId: string, evidence: Evidence): JsonObject {
  const { type, iteration, status, artifactPath, correlationId, facts } = evidence;
  return {
    ...facts,
    evidence_type: type,
    iteration,
    ralph_loop_run_id: runId,
    status,
    ...(artifactPath === null ? {} : { artifact_path: artifactPath }),
    ...(correlationId === null ? {} : { correlation_id: correlationId }),
  };
}

/** Throws `missing_input` unless the facts say what could be wrong, what was tried, and what came out. */
export function requireStructured(type: string, facts: JsonObject): void {
  if (type !== adversarialCheckType) return;
  for (const part of parts) requireWords(part, facts[part]);
}

/** The trimmed words; throws `missing_input`, naming the flag, when there are none. */
export function requireWords(part: string, value: JsonValue | undefined): string {
  const words = typeof value === 'string' ? value.trim() : '';
  if (words !== '') return words;
  throw refuse('missing_input', `--${part.replaceAll('_', '-')} must be non-empty: say it in words`);
}

/** What is probably not meant: recorded all the same, but it opens no gate (LQ-2). */
export function doubtsAbout({ type, iteration, status }: Evidence, policy: LoopPolicy): readonly string[] {
  const required = policy.required_before_continue;
  const word = status.trim().toLowerCase();
  const doubts: string[] = [];
  if (!successes.includes(word) && !failures.includes(word)) {
    doubts.push(
      `--status ${status} is not a known word; it counts as rejected (success is one of: ${successes.join(', ')})`,
    );
  }
  if (!required.includes(type)) {
    const nearest = nearestName(type, required);
    const hint = nearest === null ? '' : `; did you mean ${nearest}?`;
    doubts.push(`this loop does not ask for ${type} (it asks for: ${required.join(', ') || 'nothing'})${hint}`);
  }
  if (iteration > policy.max_iterations) {
    doubts.push(`iteration ${iteration} is beyond the ${policy.max_iterations} that this loop allows`);
  }
  return doubts;
}
