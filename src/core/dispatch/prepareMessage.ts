import { type ErrorCode, noBinding } from '../domain/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../domain/json.ts';
import {
  type ContinuationVerdict,
  describePolicy,
  judgeContinuation,
  type LoopPolicy,
  readLoopPolicy,
} from '../domain/loopPolicy.ts';
import { isGranted } from '../domain/permissions.ts';
import { findSessionBinding, type SessionBinding } from '../ledger/bindingStore.ts';
import type { Command } from '../ledger/commandStore.ts';
import type { Connection } from '../ledger/connection.ts';
import { listCriteria } from '../ledger/criterionStore.ts';
import { findManagerConfig } from '../ledger/managerConfigStore.ts';
import type { DeliveryMode } from '../ledger/notificationStore.ts';
import { findRun } from '../ledger/runStore.ts';
import type { Session } from '../ledger/sessionStore.ts';

interface PermissionCheck {
  readonly allowed: boolean;
  readonly configured: boolean;
  readonly required_permission: string;
}

/** A message that may be delivered, and everything that is on record about it. */
export interface PreparedMessage {
  readonly message: string;
  /** What is typed: for a loop, the policy is spelled out. */
  readonly pushText: string;
  readonly taskId: string;
  readonly bound: SessionBinding;
  readonly source: Session;
  readonly target: Session;
  readonly mode: DeliveryMode;
  readonly permissionCheck: PermissionCheck | null;
  readonly loop: Continuation | null;
}

interface Continuation {
  readonly policy: LoopPolicy;
  readonly requested: number;
  readonly verdict: ContinuationVerdict;
  readonly managerDecisionId: JsonValue;
}

export type Preparation =
  | { readonly kind: 'ready'; readonly prepared: PreparedMessage }
  | { readonly kind: 'blocked'; readonly prepared: PreparedMessage; readonly loop: Continuation }
  | {
      readonly kind: 'failed';
      readonly code: ErrorCode;
      readonly error: string;
      readonly permissionCheck: PermissionCheck | null;
    };

/** Everything that must be right before a message between the two sides of a binding is delivered; reads only. */
export function prepareMessage(ledger: Connection, command: Command): Preparation {
  const failed = (code: ErrorCode, error: string, permissionCheck: PermissionCheck | null = null): Preparation => ({
    kind: 'failed',
    code,
    error,
    permissionCheck,
  });
  const message = textOf(command.payload.message) ?? textOf(command.payload.text);
  if (message === null) return failed('missing_input', `${command.type} requires a non-empty payload.message`);
  const taskId = command.task_id;
  if (taskId === null) return failed('unknown_task', `${command.type} requires task_id`);
  const bound = findSessionBinding(ledger, taskId);
  if (bound === null) return failed('no_binding', noBinding(taskId).message);
  const permissionCheck = checkRequired(ledger, taskId, command.required_permission);
  if (permissionCheck !== null && !permissionCheck.allowed) {
    const error = `manager permission required for dispatch command: ${permissionCheck.required_permission}`;
    return failed('permission_denied', error, permissionCheck);
  }
  const toManager = command.type === 'notify_manager';
  const target = toManager ? bound.manager : bound.worker;
  const base = {
    message,
    pushText: message,
    taskId,
    bound,
    source: toManager ? bound.worker : bound.manager,
    target,
    mode: deliveryMode(target),
    permissionCheck,
    loop: null,
  };
  if (command.type !== 'continue_iteration') return { kind: 'ready', prepared: base };
  const loop = readContinuation(ledger, command, taskId);
  if ('error' in loop) return failed(loop.code, loop.error, permissionCheck);
  const pushText = describePolicy(message, loop.policy, loop.requested);
  const prepared = { ...base, pushText, loop };
  return loop.verdict.reason === null ? { kind: 'ready', prepared } : { kind: 'blocked', prepared, loop };
}

/** Typed where there is a terminal to type into; a session that is gone can only be left a message (OD-37). */
export function deliveryMode(target: Session): DeliveryMode {
  return target.tmux_session !== null && target.state === 'active' ? 'push' : 'pull_required';
}

/** May the manager have this done, by the recorded contract? Null when no permission is asked for. */
function checkRequired(ledger: Connection, taskId: string, permission: string | null): PermissionCheck | null {
  if (permission === null) return null;
  const config = findManagerConfig(ledger, taskId);
  return {
    allowed: config !== null && isGranted(config.permissions, permission),
    configured: config !== null,
    required_permission: permission,
  };
}

type Unreadable = { readonly code: ErrorCode; readonly error: string };

function readContinuation(ledger: Connection, command: Command, taskId: string): Continuation | Unreadable {
  const loop = command.payload.ralph_loop;
  if (!isJsonObject(loop)) return { code: 'loop_policy', error: 'continue_iteration requires payload.ralph_loop' };
  const runId = textOf(loop.run_id);
  if (runId === null) return { code: 'loop_policy', error: 'continue_iteration requires payload.ralph_loop.run_id' };
  const requested = loop.requested_iteration;
  if (typeof requested !== 'number' || !Number.isInteger(requested)) {
    return { code: 'loop_policy', error: 'continue_iteration requires integer payload.ralph_loop.requested_iteration' };
  }
  const run = findRun(ledger, runId);
  if (run === null) return { code: 'unknown_run', error: `Unknown run: ${runId}` };
  if (run.task_id !== taskId)
    return { code: 'loop_policy', error: `run ${runId} does not belong to the command's task` };
  const reading = readLoopPolicy(run);
  if (reading.kind !== 'policy')
    return { code: 'loop_policy', error: `run ${runId} is not a Ralph loop run with an iteration policy` };
  const { policy } = reading;
  const decision: JsonObject = isJsonObject(command.payload.manager_decision) ? command.payload.manager_decision : {};
  return {
    policy,
    requested,
    verdict: judgeContinuation(policy, requested, listCriteria(ledger, taskId)),
    managerDecisionId: decision.decision_id ?? null,
  };
}

function textOf(value: JsonValue | undefined): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value : null;
}
