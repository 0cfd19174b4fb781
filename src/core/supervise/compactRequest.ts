import { type ConveyorError, refuse } from '../domain/errors.ts';
import { isJsonObject, type JsonObject, ledgerJson } from '../domain/json.ts';
import { isGranted } from '../domain/permissions.ts';
import { recordEvent } from '../ledger/auditStore.ts';
import type { SessionBinding } from '../ledger/bindingStore.ts';
import { type Command, finishCommand, insertCommand, startCommand } from '../ledger/commandStore.ts';
import type { Connection } from '../ledger/connection.ts';
import { recordCycleSpan } from '../ledger/cycleSpanStore.ts';
import { findHandoff, type Handoff } from '../ledger/handoffStore.ts';
import { findManagerConfig } from '../ledger/managerConfigStore.ts';
import type { Task } from '../ledger/taskStore.ts';
import { recordTelemetry } from '../ledger/telemetryStore.ts';
import { assessDecision, type DecisionAssessment, strictDecisionRefusal } from './decisions.ts';
import type { PermissionReason } from './permissionCheck.ts';

export const compactCommand = 'request_worker_compact';

export type SlashCommand = '/compact' | '/clear';

export interface CompactRequest {
  /** Null for a plain message. */
  readonly slashCommand: SlashCommand | null;
  /** Null for a message of ours. */
  readonly message: string | null;
  readonly decisionId: number | null;
  readonly strictDecisions: boolean;
  /** As the task was named. */
  readonly reference: string;
}

export interface CompactPermission {
  readonly action: 'worker_compact_clear';
  readonly allowed: boolean;
  readonly handoff_id: number | null;
  readonly reasons: readonly PermissionReason[];
  /** What the text that is sent needs; a plain message needs none (CP-36). */
  readonly required: readonly string[];
}

/** The part of the answer, the command's payload and its events that is known before anything is sent. */
export interface CompactPlan {
  readonly manager_decision: DecisionAssessment;
  readonly message: string;
  readonly permission_check: CompactPermission;
  readonly send_text: string;
  readonly slash_command: SlashCommand | null;
  readonly task: string;
  readonly worker_session: string;
}

export interface PlannedCompact {
  readonly command: Command;
  readonly plan: CompactPlan;
  /** Recorded with the command; to be thrown once that is committed. */
  readonly refusal: Error | null;
}

/**
 * Plans what is to be sent, checks whether it may be, and queues the command, refused or not. Call inside a write
 * transaction; nothing is sent in it (CP-29).
 */
export function planCompact(
  ledger: Connection,
  { task, bound }: { readonly task: Task; readonly bound: SessionBinding },
  request: CompactRequest,
  now: number,
): PlannedCompact {
  const handoff = findHandoff(ledger, task.id);
  const message = request.message ?? defaultMessage(task, handoff);
  const plan: CompactPlan = {
    manager_decision: assessDecision(ledger, task, { decisionId: request.decisionId, allowed: ['nudge'] }, now),
    message,
    permission_check: checkCompact(ledger, task, request.slashCommand),
    send_text: request.slashCommand ?? message,
    slash_command: request.slashCommand,
    task: request.reference,
    worker_session: bound.worker.name,
  };
  recordCheck(ledger, task, bound, plan, now);
  const payload = { ...plan, worker_session_id: bound.worker.id };
  const command = insertCommand(ledger, { type: compactCommand, taskId: task.id, payload }, now);
  const refusal = refusalOf(plan, request.strictDecisions);
  if (refusal !== null) recordPreflightFailure(ledger, task, command, plan, refusal, now);
  else {
    const { permission_check, worker_session } = plan;
    const subject = { taskId: task.id, commandId: command.id };
    recordEvent(
      ledger,
      { ...subject, type: 'worker_compact_requested', payload: { permission_check, worker_session } },
      now,
    );
  }
  return { command, plan, refusal };
}

/** May this be sent, by the recorded policy? Only what the text needs is asked for (CP-36). */
export function checkCompact(ledger: Connection, task: Task, slashCommand: SlashCommand | null): CompactPermission {
  const config = findManagerConfig(ledger, task.id);
  const handoff = findHandoff(ledger, task.id);
  const required = slashCommand === null ? [] : [permissionFor(slashCommand)];
  const reasons: PermissionReason[] = [];
  if (required.length > 0 && config === null) reasons.push('missing_manager_config');
  else if (config !== null && !required.every((name) => isGranted(config.permissions, name))) {
    reasons.push('permission_not_enabled');
  }
  if (handoff === null) reasons.push('missing_worker_handoff');
  return {
    action: 'worker_compact_clear',
    allowed: reasons.length === 0,
    handoff_id: handoff?.id ?? null,
    reasons,
    required,
  };
}

export function permissionFor(slashCommand: SlashCommand): string {
  return slashCommand === '/compact' ? 'worker_session.compact' : 'worker_session.clear';
}

export interface SendResult {
  readonly dry_run: boolean;
  readonly session: string;
  readonly side_effect_completed: boolean;
  readonly side_effect_started: boolean;
  readonly target: string | null;
  readonly text: string;
  readonly time: string;
}

export type CompactOutput = CompactPlan & { readonly command_id: string; readonly send_result: SendResult };

/** What came of the sending. Call inside a write transaction. */
export function recordCompactOutcome(
  ledger: Connection,
  command: Command,
  outcome: { readonly output: object } | { readonly error: ConveyorError },
  now: number,
): void {
  const failed = 'error' in outcome;
  const subject = { taskId: command.task_id, commandId: command.id };
  const payload = failed
    ? { ...planFacts(command), command_id: command.id, error: outcome.error.message, error_type: outcome.error.name }
    : outcome.output;
  const type = failed ? 'worker_compact_request_failed' : 'worker_compact_request_succeeded';
  recordEvent(ledger, { ...subject, type, payload }, now);
  const decision = decisionOf(command);
  if (decision === null || command.task_id === null) return;
  // After the effect, with what it came to: a span that says so before would be a guess (CP-30).
  recordCycleSpan(
    ledger,
    {
      cycleId: decision.cycleId,
      taskId: command.task_id,
      phase: 'side_effect_command',
      attributes: { command_type: command.type, side_effect: true },
      state: failed ? 'failed' : 'succeeded',
      errorType: failed ? outcome.error.code : null,
      decisionId: decision.id,
      commandId: command.id,
    },
    now,
  );
}

/** What was planned, as the command keeps it. */
export function planFacts({ payload }: Command): JsonObject {
  const { worker_session_id: _id, ...plan } = payload;
  return plan;
}

function decisionOf({ payload }: Command): { readonly id: number; readonly cycleId: number } | null {
  const assessment = payload.manager_decision;
  const decision = isJsonObject(assessment) ? assessment.decision : null;
  if (!isJsonObject(decision)) return null;
  const { id, manager_cycle_id: cycleId } = decision;
  return typeof id === 'number' && typeof cycleId === 'number' ? { id, cycleId } : null;
}

function defaultMessage(task: Task, handoff: Handoff | null): string {
  const noted = handoff === null ? 'There is no handoff yet' : `Handoff ${handoff.id} says: ${handoff.summary}`;
  return `Please prepare to compact your context for task ${task.name}, if your session supports that. ${noted}. First check that it still holds, and record a new one if not; then run /compact or /clear. Afterwards report that you are back, and your next step. Change no project files until then.`;
}

function refusalOf(plan: CompactPlan, isStrict: boolean): Error | null {
  const strict = isStrict ? strictDecisionRefusal(compactCommand, plan.manager_decision) : null;
  if (strict !== null || plan.permission_check.allowed) return strict;
  return refuse('permission_denied', `worker compact request is not allowed: ${ledgerJson(plan.permission_check)}`);
}

function recordCheck(ledger: Connection, task: Task, bound: SessionBinding, plan: CompactPlan, now: number): void {
  const { permission_check: check, worker_session } = plan;
  const source = 'request_worker_compact';
  recordEvent(ledger, { type: 'manager_permission_checked', taskId: task.id, payload: { ...check, source } }, now);
  recordTelemetry(
    ledger,
    {
      type: 'manager_permission_checked',
      summary: `Manager permission ${check.action} ${check.allowed ? 'allowed' : 'denied'}.`,
      actor: 'manager',
      severity: check.allowed ? 'info' : 'warning',
      taskId: task.id,
      correlation: { action: check.action, binding_id: bound.binding.id, handoff_id: check.handoff_id, source },
      attributes: { allowed: check.allowed, reasons: check.reasons, worker_session },
    },
    now,
  );
}

function recordPreflightFailure(
  ledger: Connection,
  task: Task,
  command: Command,
  plan: CompactPlan,
  refusal: Error,
  now: number,
): void {
  const { manager_decision, permission_check, worker_session } = plan;
  const result = {
    command_id: command.id,
    expected_failure: true,
    failure_stage: 'preflight',
    manager_decision,
    permission_check,
    task: plan.task,
    worker_session,
  };
  startCommand(ledger, command, now);
  finishCommand(ledger, command, { state: 'failed', result, error: refusal.message }, now);
  const payload = { ...result, error: refusal.message, error_type: refusal.name };
  recordEvent(ledger, { type: 'worker_compact_request_failed', taskId: task.id, commandId: command.id, payload }, now);
}
