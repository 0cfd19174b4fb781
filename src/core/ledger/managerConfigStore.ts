import * as z from 'zod/mini';
import { readPermissions } from '../domain/permissions.ts';
import { ledgerJson } from '../domain/json.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import { flag, jsonObject, stringList } from './columns.ts';
import type { Connection } from './connection.ts';
import { query } from './query.ts';

export const supervisionModes = ['light', 'guided', 'strict'] as const;
export const epilogueSteps = ['run-tools', 'draft-pr', 'subagent-review', 'record-handoff'] as const;
export const completionNudges = ['off', 'ask-operator', 'auto-review', 'auto-proceed'] as const;

const configRow = z.object({
  task_id: z.string(),
  supervision_mode: z.enum(supervisionModes),
  objective: z.nullable(z.string()),
  guidelines: stringList,
  acceptance_criteria: stringList,
  reference_paths: stringList,
  permissions: z.pipe(jsonObject, z.transform(readPermissions)),
  tools: stringList,
  epilogues: stringList,
  nudge_on_completion: z.enum(completionNudges),
  require_acks: flag,
  revision: z.number(),
  created_at: z.string(),
  updated_at: z.string(),
});

/** The supervision policy of a task, as the ledger has it. */
export type ManagerConfig = z.infer<typeof configRow>;

/** The part that a revision stands for. */
export type ManagerPolicy = Omit<ManagerConfig, 'task_id' | 'revision' | 'created_at' | 'updated_at'>;

const ofTask = query(
  configRow,
  `SELECT task_id, supervision_mode, objective, guidelines_json AS guidelines,
     acceptance_criteria_json AS acceptance_criteria, reference_paths_json AS reference_paths,
     permissions_json AS permissions, tools_json AS tools, epilogues_json AS epilogues, nudge_on_completion,
     require_acks, revision, created_at, updated_at
   FROM manager_configs WHERE task_id = ?`,
);
const upsert = `INSERT INTO manager_configs (task_id, supervision_mode, objective, guidelines_json,
    acceptance_criteria_json, reference_paths_json, permissions_json, tools_json, epilogues_json, nudge_on_completion,
    require_acks, revision, created_at, updated_at)
  VALUES ($task_id, $supervision_mode, $objective, $guidelines, $acceptance_criteria, $reference_paths, $permissions,
    $tools, $epilogues, $nudge_on_completion, $require_acks, $revision, $created_at, $updated_at)
  ON CONFLICT (task_id) DO UPDATE SET supervision_mode = excluded.supervision_mode, objective = excluded.objective,
    guidelines_json = excluded.guidelines_json, acceptance_criteria_json = excluded.acceptance_criteria_json,
    reference_paths_json = excluded.reference_paths_json, permissions_json = excluded.permissions_json,
    tools_json = excluded.tools_json, epilogues_json = excluded.epilogues_json,
    nudge_on_completion = excluded.nudge_on_completion, require_acks = excluded.require_acks,
    revision = excluded.revision, updated_at = excluded.updated_at`;

export function findManagerConfig(ledger: Connection, taskId: string): ManagerConfig | null {
  return ofTask.first(ledger, [taskId]);
}

/**
 * Stores a policy; its revision grows when something in it changed. Call inside the write transaction that the policy
 * was read in, so that two merges at once don't lose one (CP-26).
 */
export function saveManagerPolicy(
  ledger: Connection,
  taskId: string,
  policy: ManagerPolicy,
  now: number,
): ManagerConfig {
  const known = findManagerConfig(ledger, taskId);
  const timestamp = formatTimestamp(now);
  const config: ManagerConfig = {
    ...policy,
    task_id: taskId,
    revision: known === null ? 1 : known.revision + (isSamePolicy(known, policy) ? 0 : 1),
    created_at: known?.created_at ?? timestamp,
    updated_at: timestamp,
  };
  ledger.run(upsert, {
    ...config,
    guidelines: ledgerJson(config.guidelines),
    acceptance_criteria: ledgerJson(config.acceptance_criteria),
    reference_paths: ledgerJson(config.reference_paths),
    permissions: ledgerJson(config.permissions),
    tools: ledgerJson(config.tools),
    epilogues: ledgerJson(config.epilogues),
    require_acks: config.require_acks ? 1 : 0,
  });
  return config;
}

function isSamePolicy(known: ManagerConfig, policy: ManagerPolicy): boolean {
  const { task_id: _task, revision: _revision, created_at: _created, updated_at: _updated, ...stored } = known;
  return ledgerJson(stored) === ledgerJson(policy);
}
