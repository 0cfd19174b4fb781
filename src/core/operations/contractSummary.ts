import { permissionCategories, permissionNames } from '../domain/permissions.ts';
import type { ManagerConfig } from '../ledger/managerConfigStore.ts';
import type { ContractSummary } from '../supervise/bootstrapPrompt.ts';

/** The stored policy as a briefing tells it: what may be done, and everything that may not. */
export function contractSummary(config: ManagerConfig): ContractSummary {
  const granted = new Set(
    permissionCategories.flatMap((category) => config.permissions[category].map((action) => `${category}.${action}`)),
  );
  return {
    mode: config.supervision_mode,
    objective: config.objective,
    guidelines: config.guidelines,
    acceptance: config.acceptance_criteria,
    references: config.reference_paths,
    granted: permissionNames.filter((name) => granted.has(name)),
    withheld: permissionNames.filter((name) => !granted.has(name)),
    tools: config.tools,
    epilogues: config.epilogues,
    nudgeOnCompletion: config.nudge_on_completion,
    requiresAcknowledgements: config.require_acks,
  };
}
