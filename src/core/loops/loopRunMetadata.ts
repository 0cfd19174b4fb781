import { refuse } from '../domain/errors.ts';
import type { JsonObject, JsonValue } from '../domain/json.ts';
import { defaultStopConditions, type LoopTemplate } from './templates.ts';

interface LoopLimits {
  readonly maxIterations: number;
  readonly currentIteration: number;
}

export interface LoopRunOptions {
  readonly template: LoopTemplate | null;
  readonly limits: LoopLimits;
  /** Beyond what the template asks for. */
  readonly required: readonly string[];
  readonly cleanupPolicy: string;
  readonly seedPromptSha256: string | null;
}

/** The metadata of a loop policy run. Throws `loop_policy` for limits that contradict each other. */
export function loopRunMetadata(options: LoopRunOptions): JsonObject {
  const { template, limits, required, cleanupPolicy, seedPromptSha256 } = options;
  refuseLimits(limits);
  const base = {
    kind: 'ralph_loop',
    policy_record: true,
    max_iterations: limits.maxIterations,
    current_iteration: limits.currentIteration,
    required_before_continue: [...new Set([...(template?.required_before_continue ?? []), ...required])],
    seed_prompt_sha256: seedPromptSha256,
  };
  if (template === null) {
    return { ...base, preset: null, cleanup_policy: cleanupPolicy, stop_conditions: defaultStopConditions };
  }
  return {
    ...base,
    preset: template.name,
    template: template.name,
    cleanup_policy: template.cleanup_policy,
    stop_conditions: template.stop_conditions,
    artifact_requirements: template.artifact_requirements,
    recommended_tools: template.recommended_tools,
    tags: template.tags,
  };
}

/**
 * The metadata of a loop policy that somebody wrote by hand, checked and completed. Keys beyond the policy are kept
 * (CP-44). Throws `loop_policy`.
 */
export function loopRunMetadataFrom(given: JsonObject): JsonObject {
  if (given.max_iterations === undefined || given.max_iterations === null) {
    throw refuse('loop_policy', 'ralph_loop run metadata requires max_iterations, such as {"max_iterations": 3}');
  }
  const limits = {
    maxIterations: integerOf('max_iterations', given.max_iterations),
    currentIteration: integerOf('current_iteration', given.current_iteration ?? 0),
  };
  refuseLimits(limits);
  return {
    ...given,
    kind: 'ralph_loop',
    policy_record: true,
    max_iterations: limits.maxIterations,
    current_iteration: limits.currentIteration,
    required_before_continue: wordsOf('required_before_continue', given.required_before_continue ?? []),
    stop_conditions: wordsOf('stop_conditions', given.stop_conditions ?? []),
    cleanup_policy: given.cleanup_policy ?? 'clear',
    preset: given.preset ?? null,
    seed_prompt_sha256: given.seed_prompt_sha256 ?? null,
  };
}

/** Trimmed, each once, in order. Throws `loop_policy` for a blank one. */
export function requiredEvidence(given: readonly string[]): readonly string[] {
  const words = given.map((word) => word.trim());
  if (words.includes('')) {
    throw refuse('loop_policy', '--required-before-continue must name a kind of evidence, such as test_coverage');
  }
  return [...new Set(words)];
}

function refuseLimits({ maxIterations, currentIteration }: LoopLimits): void {
  if (maxIterations < 1) throw refuse('loop_policy', `max_iterations must be at least 1, not ${maxIterations}`);
  if (currentIteration < 0) {
    throw refuse('loop_policy', `current_iteration must be non-negative, not ${currentIteration}`);
  }
  if (currentIteration > maxIterations) {
    throw refuse(
      'loop_policy',
      `current_iteration must not exceed max_iterations (${currentIteration} is more than ${maxIterations})`,
    );
  }
}

function integerOf(key: string, value: JsonValue): number {
  const number = typeof value === 'string' && /^\s*[+-]?\d+\s*$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number)) return number;
  throw refuse('loop_policy', `ralph_loop run metadata requires integer ${key}`);
}

function wordsOf(key: string, value: JsonValue): readonly string[] {
  if (!isList(value)) throw refuse('loop_policy', `ralph_loop run metadata ${key} must be a JSON array`);
  return value.map((word) => {
    if (typeof word === 'string' && word.trim() !== '') return word.trim();
    throw refuse('loop_policy', `ralph_loop run metadata ${key} must hold non-blank texts only`);
  });
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
