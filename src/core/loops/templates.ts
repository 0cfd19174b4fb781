import { refuse } from '../domain/errors.ts';
import type { JsonObject } from '../domain/json.ts';
import { nearestName } from '../domain/nearestName.ts';

/** A named loop policy: how often a worker may go round, and what has to be shown before each round. */
export interface LoopTemplate {
  readonly name: string;
  readonly description: string;
  readonly max_iterations: number;
  readonly cleanup_policy: 'clear' | 'compact';
  readonly required_before_continue: readonly string[];
  readonly stop_conditions: readonly string[];
  readonly artifact_requirements: JsonObject;
  readonly recommended_tools: readonly string[];
  readonly tags: readonly string[];
}

export const defaultStopConditions = ['max_iterations', 'required_evidence'] as const;

const text = (description: string): JsonObject => ({ type: 'string', description });

const adversarialCheck: JsonObject = {
  type: 'object',
  description: 'An honest attempt to show that the iteration is not good enough.',
  required: ['failure_mode', 'check', 'result'],
  properties: {
    failure_mode: text('The strongest realistic way in which the change could be wrong.'),
    check: text('What was run or looked at to provoke it.'),
    result: text('What came out.'),
  },
};

/** Sorted by name. */
export const loopTemplates: readonly LoopTemplate[] = [
  {
    name: 'build_then_clear',
    description: 'Go on with a cleared context once the build passes.',
    max_iterations: 2,
    cleanup_policy: 'clear',
    required_before_continue: ['build_passed', 'cleanup'],
    stop_conditions: defaultStopConditions,
    artifact_requirements: {},
    recommended_tools: [],
    tags: ['build', 'context'],
  },
  {
    name: 'compact_then_continue',
    description: 'Go on with a compacted context once the worker has reported.',
    max_iterations: 4,
    cleanup_policy: 'compact',
    required_before_continue: ['worker_completion', 'cleanup'],
    stop_conditions: defaultStopConditions,
    artifact_requirements: {},
    recommended_tools: [],
    tags: ['context'],
  },
  {
    name: 'pr_ci_merge_loop',
    description: 'One pull request a round: opened, green, merged, and challenged.',
    max_iterations: 2,
    cleanup_policy: 'clear',
    required_before_continue: ['pr_url', 'ci_green', 'merge', 'adversarial_check'],
    stop_conditions: defaultStopConditions,
    artifact_requirements: { adversarial_check: adversarialCheck },
    recommended_tools: ['gh', 'verification.run_tests'],
    tags: ['repo', 'ci'],
  },
  {
    name: 'test_coverage_loop',
    description: 'Raise the coverage of the tests round by round, and try to break what they cover.',
    max_iterations: 3,
    cleanup_policy: 'clear',
    required_before_continue: ['test_coverage', 'adversarial_check'],
    stop_conditions: defaultStopConditions,
    artifact_requirements: { adversarial_check: adversarialCheck },
    recommended_tools: ['coverage', 'verification.run_tests'],
    tags: ['tests'],
  },
  {
    name: 'visual_diff_loop',
    description: 'Bring a screen closer to its reference until the difference is small enough.',
    max_iterations: 4,
    cleanup_policy: 'compact',
    required_before_continue: [
      'reference_artifact',
      'candidate_screenshot',
      'visual_diff_report',
      'diff_below_threshold',
      'adversarial_check',
    ],
    stop_conditions: [...defaultStopConditions, 'manager_accepts'],
    artifact_requirements: {
      adversarial_check: adversarialCheck,
      reference_artifact: { type: 'path', description: 'The picture that the screen should look like.' },
      candidate_screenshot: { type: 'path', description: 'The picture of the screen as it is.' },
      visual_diff_report: { type: 'path', description: 'The report of the comparison.' },
      diff_score: { type: 'number', description: 'How much of the two pictures differs.' },
      viewport: text('The size of the screen, such as 1280x720.'),
    },
    recommended_tools: ['browser', 'playwright', 'pixelmatch'],
    tags: ['visual', 'frontend', 'qa'],
  },
];

/** Throws `loop_policy`, listing the templates; `noun` is what the asker calls one. */
export function requireLoopTemplate(name: string, noun = 'loop template'): LoopTemplate {
  const found = loopTemplates.find((template) => template.name === name);
  if (found !== undefined) return found;
  const names = loopTemplates.map((template) => template.name);
  const nearest = nearestName(name, names);
  const hint = nearest === null ? '' : `; did you mean ${nearest}?`;
  throw refuse('loop_policy', `Unknown ${noun}: ${name}; expected one of: ${names.join(', ')}${hint}`);
}
