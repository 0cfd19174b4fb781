import { qaAdversarialTriggers } from './qaAdversarialTriggers.ts';
import { qaBuildClearLoop } from './qaBuildClearLoop.ts';
import { qaGuardrails } from './qaGuardrails.ts';
import type { QaHarness } from './qaHarness.ts';
import { qaTestCoverageLoop } from './qaTestCoverageLoop.ts';
import { qaBrowserLoop, qaVisualLoop } from './qaVisualLoop.ts';

export const qaScenarios = [
  'ralph-loop-guardrails',
  'generic-loop-template',
  'generic-loop-template-browser',
  'test-coverage-loop',
  'adversarial-triggers',
  'build-clear-loop',
] as const;
export type QaScenario = (typeof qaScenarios)[number];

/** What `qa-run` can run. */
export const qaHarnesses: Readonly<Record<QaScenario, QaHarness>> = {
  'ralph-loop-guardrails': qaGuardrails,
  'generic-loop-template': qaVisualLoop,
  'generic-loop-template-browser': qaBrowserLoop,
  'test-coverage-loop': qaTestCoverageLoop,
  'adversarial-triggers': qaAdversarialTriggers,
  'build-clear-loop': qaBuildClearLoop,
};
