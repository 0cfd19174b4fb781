import { refuse } from '../domain/errors.ts';
import type { JsonObject } from '../domain/json.ts';
import {
  applyPermissionObject,
  grant,
  noPermissions,
  type Permissions,
  requirePermissions,
} from '../domain/permissions.ts';
import { recordEvent } from '../ledger/auditStore.ts';
import type { Connection } from '../ledger/connection.ts';
import {
  findManagerConfig,
  type ManagerConfig,
  type ManagerPolicy,
  saveManagerPolicy,
} from '../ledger/managerConfigStore.ts';
import type { Task } from '../ledger/taskStore.ts';

/** The lists of a policy that can be replaced, emptied, and shortened. */
export const policyLists = ['guidelines', 'acceptance_criteria', 'reference_paths', 'tools', 'epilogues'] as const;
type PolicyList = (typeof policyLists)[number];

/** What somebody wants to be different. Whatever is left out stays as it is. */
export interface PolicyChanges {
  readonly supervision_mode?: ManagerPolicy['supervision_mode'];
  readonly objective?: string | null;
  readonly nudge_on_completion?: ManagerPolicy['nudge_on_completion'];
  readonly require_acks?: boolean;
  /** A list that is not empty replaces the stored one. */
  readonly lists?: Readonly<Partial<Record<PolicyList, readonly string[]>>>;
  /** Emptied before anything else is applied. */
  readonly clear?: readonly (PolicyList | 'permissions')[];
  /** Entries with these texts leave every list. */
  readonly remove?: readonly string[];
  /** Names or aliases. */
  readonly permit?: readonly string[];
  readonly revoke?: readonly string[];
  /** Applied after the names, in the order of its keys. */
  readonly permissions?: JsonObject | null;
}

export const defaultPolicy: ManagerPolicy = {
  supervision_mode: 'guided',
  objective: null,
  guidelines: [],
  acceptance_criteria: [],
  reference_paths: [],
  permissions: noPermissions,
  tools: [],
  epilogues: [],
  nudge_on_completion: 'ask-operator',
  require_acks: false,
};

export interface MergedPolicy {
  readonly policy: ManagerPolicy;
  /** What of a permissions object meant nothing. */
  readonly warnings: readonly string[];
}

/** The policy after the changes. Throws `permission_unknown` with the nearest valid name (CP-37). */
export function mergePolicy(current: ManagerPolicy, changes: PolicyChanges): MergedPolicy {
  const { permissions, warnings } = mergePermissions(current.permissions, changes);
  const list = (name: PolicyList) => mergeList(name, current[name], changes);
  return {
    warnings,
    policy: {
      supervision_mode: changes.supervision_mode ?? current.supervision_mode,
      objective: changes.objective === undefined ? current.objective : changes.objective,
      guidelines: list('guidelines'),
      acceptance_criteria: list('acceptance_criteria'),
      reference_paths: list('reference_paths'),
      permissions,
      tools: list('tools'),
      epilogues: list('epilogues'),
      nudge_on_completion: changes.nudge_on_completion ?? current.nudge_on_completion,
      require_acks: changes.require_acks ?? current.require_acks,
    },
  };
}

export interface SavedConfig {
  readonly config: ManagerConfig;
  readonly warnings: readonly string[];
}

/**
 * Merges and stores the policy of a task, with its audit. Call inside a write transaction: the policy is read in it, so
 * that of two merges at once none is lost (CP-26).
 */
export function changeManagerConfig(ledger: Connection, task: Task, changes: PolicyChanges, now: number): SavedConfig {
  const { policy, warnings } = mergePolicy(findManagerConfig(ledger, task.id) ?? defaultPolicy, changes);
  const config = saveManagerPolicy(ledger, task.id, policy, now);
  const given = (name: PolicyList) => changes.lists?.[name]?.length ?? 0;
  const payload = {
    acceptance_count: given('acceptance_criteria'),
    epilogue_count: config.epilogues.length,
    guideline_count: given('guidelines'),
    nudge_on_completion: config.nudge_on_completion,
    permission_warnings: warnings,
    reference_count: given('reference_paths'),
    require_acks: config.require_acks,
    supervision_mode: config.supervision_mode,
    tool_count: config.tools.length,
  };
  recordEvent(ledger, { type: 'manager_config_recorded', taskId: task.id, payload }, now);
  return { config, warnings };
}

function mergePermissions(current: Permissions, changes: PolicyChanges) {
  const base = changes.clear?.includes('permissions') ? noPermissions : current;
  const granted = grant(base, changes.permit ?? []);
  const revoked = (changes.revoke ?? []).flatMap(requirePermissions);
  const kept = applyPermissionObject(granted, Object.fromEntries(revoked.map((name) => [name, false])));
  return applyPermissionObject(kept.permissions, changes.permissions ?? {});
}

function mergeList(name: PolicyList, current: readonly string[], changes: PolicyChanges): readonly string[] {
  const given = changes.lists?.[name] ?? [];
  const stored = changes.clear?.includes(name) ? [] : current;
  const tidy = name === 'tools' || name === 'epilogues' ? trimmedOnce(given) : given;
  const merged = given.length > 0 ? tidy : stored;
  return merged.filter((entry) => !changes.remove?.includes(entry));
}

/** Trimmed, without blanks and repeats, in order. */
export function trimmedOnce(texts: readonly string[]): readonly string[] {
  return [...new Set(texts.map((text) => text.trim()).filter((text) => text !== ''))];
}

/** Refuses to take out what is in none of the lists: a typo would otherwise look like success. */
export function refuseAbsentEntries(current: ManagerPolicy, remove: readonly string[]): void {
  const absent = remove.find((entry) => policyLists.every((name) => !current[name].includes(entry)));
  if (absent !== undefined) {
    throw refuse(
      'invalid_value',
      `--remove: no list of the configuration holds '${absent}'; look with "manager-config"`,
    );
  }
}
