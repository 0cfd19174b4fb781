import { refuse } from '../domain/errors.ts';
import { isCategory, isGranted, permissionCategories, requirePermissions } from '../domain/permissions.ts';
import { recordEvent } from '../ledger/auditStore.ts';
import type { Connection } from '../ledger/connection.ts';
import { findHandoff } from '../ledger/handoffStore.ts';
import { findManagerConfig, type ManagerConfig } from '../ledger/managerConfigStore.ts';
import type { Task } from '../ledger/taskStore.ts';
import { recordTelemetry } from '../ledger/telemetryStore.ts';

export type PermissionReason = 'missing_manager_config' | 'permission_not_enabled' | 'missing_worker_handoff';

export interface PermissionQuestion {
  readonly action: string;
  /** The action is a category, and its granted actions are asked for. */
  readonly isCategory: boolean;
  readonly requireHandoff: boolean;
}

export interface PermissionAnswer {
  readonly action: string;
  readonly allowed: boolean;
  readonly config: ManagerConfig | null;
  readonly handoff_id: number | null;
  readonly listed_permissions: readonly string[] | null;
  readonly reasons: readonly PermissionReason[];
  readonly require_handoff: boolean;
  readonly task: { readonly id: string; readonly name: string };
}

/** May the manager do this, by the recorded policy? Throws `permission_unknown` for a name that means nothing. */
export function checkPermission(ledger: Connection, task: Task, question: PermissionQuestion): PermissionAnswer {
  const { action, requireHandoff } = question;
  refuseUnknown(question);
  const config = findManagerConfig(ledger, task.id);
  const handoff = findHandoff(ledger, task.id);
  const isListed = question.isCategory && config !== null;
  const reasons: PermissionReason[] = [];
  if (config === null) reasons.push('missing_manager_config');
  else if (!question.isCategory && !isGranted(config.permissions, action)) reasons.push('permission_not_enabled');
  if (!isListed && requireHandoff && handoff === null) reasons.push('missing_worker_handoff');
  return {
    action,
    allowed: reasons.length === 0,
    config,
    handoff_id: handoff?.id ?? null,
    listed_permissions: isListed && isCategory(action) ? config.permissions[action] : null,
    reasons,
    require_handoff: requireHandoff,
    task: { id: task.id, name: task.name },
  };
}

/** Puts an answer on record. Call inside a write transaction. */
export function recordPermissionCheck(ledger: Connection, task: Task, answer: PermissionAnswer, now: number): void {
  recordEvent(ledger, { type: 'manager_permission_checked', taskId: task.id, payload: answer }, now);
  const { action, allowed, handoff_id, reasons, require_handoff } = answer;
  recordTelemetry(
    ledger,
    {
      type: 'manager_permission_checked',
      summary: `Manager permission ${action} ${allowed ? 'allowed' : 'denied'}.`,
      actor: 'manager',
      severity: allowed ? 'info' : 'warning',
      taskId: task.id,
      correlation: { action, handoff_id },
      attributes: { allowed, reasons, require_handoff },
    },
    now,
  );
}

/** Names are checked whether or not there is a policy to look them up in (CP-37). */
function refuseUnknown({ action, isCategory: isList }: PermissionQuestion): void {
  if (!isList) {
    requirePermissions(action);
    return;
  }
  if (isCategory(action)) return;
  throw refuse(
    'permission_unknown',
    `--list expects a permission category, not ${action}; choose from ${permissionCategories.join(', ')}`,
  );
}
