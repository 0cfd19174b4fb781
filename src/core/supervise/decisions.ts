import { refuse } from '../domain/errors.ts';
import { type JsonObject, ledgerJson } from '../domain/json.ts';
import { parseTimestamp } from '../domain/timestamps.ts';
import { recordEvent } from '../ledger/auditStore.ts';
import type { Connection } from '../ledger/connection.ts';
import { recordCycleSpan } from '../ledger/cycleSpanStore.ts';
import {
  type Decision,
  type DecisionKind,
  findDecision,
  findTaskOfCycle,
  insertDecision,
} from '../ledger/decisionStore.ts';
import type { Task } from '../ledger/taskStore.ts';
import { recordTelemetry } from '../ledger/telemetryStore.ts';

export interface DecisionNote {
  readonly decision: DecisionKind;
  readonly reason: string;
  readonly cycleId?: number | null;
  readonly payload?: JsonObject;
}

/** Records a decision with its audit. Throws `unknown_cycle` unless the cycle is one of this task (CP-43). Call inside a write transaction. */
export function recordDecision(ledger: Connection, task: Task, note: DecisionNote, now: number): Decision {
  const decision = noteDecision(ledger, task, note, now);
  const { id, manager_cycle_id, reason } = decision;
  const payload = { decision: note.decision, decision_id: id, manager_cycle_id, reason };
  recordEvent(ledger, { type: 'manager_decision_recorded', taskId: task.id, payload }, now);
  return decision;
}

/** The same without the event of its own: the decision that an ending brings along is told by the ending's events. */
export function noteDecision(ledger: Connection, task: Task, note: DecisionNote, now: number): Decision {
  const cycleId = note.cycleId ?? null;
  const payload = note.payload ?? {};
  if (cycleId !== null) refuseForeignCycle(ledger, task, cycleId);
  const given = { taskId: task.id, cycleId, decision: note.decision, reason: note.reason, payload };
  const decision = insertDecision(ledger, given, now);
  recordTelemetry(
    ledger,
    {
      type: 'manager_decision_recorded',
      summary: `Manager decision ${note.decision} recorded.`,
      taskId: task.id,
      correlation: { decision_id: decision.id, manager_cycle_id: cycleId, manager_id: null },
      attributes: { decision: note.decision, payload, reason: note.reason },
    },
    now,
  );
  if (cycleId !== null) {
    recordCycleSpan(
      ledger,
      {
        cycleId,
        taskId: task.id,
        phase: 'manager_decision',
        attributes: { decision: note.decision },
        decisionId: decision.id,
      },
      now,
    );
  }
  return decision;
}

function refuseForeignCycle(ledger: Connection, task: Task, cycleId: number): void {
  const owner = findTaskOfCycle(ledger, cycleId);
  if (owner === task.id) return;
  const why = owner === null ? 'there is no such cycle' : 'it belongs to another task';
  throw refuse(
    'unknown_cycle',
    `unknown cycle ${cycleId} for task '${task.name}': ${why}; "cycle" prints its cycle_id`,
  );
}

/** Older decisions no longer justify anything. */
const maximumAgeSeconds = 900;

type DecisionWarning =
  | 'missing_decision_id'
  | 'decision_not_found'
  | 'decision_task_mismatch'
  | 'decision_mismatch'
  | 'decision_timestamp_invalid'
  | 'decision_stale';

/** Whether a recorded decision justifies an act. `ok` when there are no warnings. */
export interface DecisionAssessment {
  readonly allowed_decisions: readonly DecisionKind[];
  readonly decision: Omit<Decision, 'payload'> | null;
  readonly decision_id: number | null;
  readonly ok: boolean;
  readonly warnings: readonly DecisionWarning[];
  readonly age_seconds?: number | null;
  readonly max_age_seconds?: number;
}

export function assessDecision(
  ledger: Connection,
  task: Task,
  { decisionId, allowed }: { readonly decisionId: number | null; readonly allowed: readonly DecisionKind[] },
  now: number,
): DecisionAssessment {
  const base = { allowed_decisions: allowed.toSorted(), decision: null, decision_id: decisionId, ok: false } as const;
  if (decisionId === null) return { ...base, warnings: ['missing_decision_id'] };
  const found = findDecision(ledger, decisionId);
  if (found === null) return { ...base, warnings: ['decision_not_found'] };
  const { payload: _payload, ...decision } = found;
  const age = ageInSeconds(decision.created_at, now);
  const warnings: DecisionWarning[] = [];
  if (decision.task_id !== task.id) warnings.push('decision_task_mismatch');
  if (!allowed.includes(decision.decision)) warnings.push('decision_mismatch');
  if (age === null) warnings.push('decision_timestamp_invalid');
  else if (age > maximumAgeSeconds) warnings.push('decision_stale');
  return {
    ...base,
    decision,
    ok: warnings.length === 0,
    warnings,
    age_seconds: age,
    max_age_seconds: maximumAgeSeconds,
  };
}

/** The refusal that strictness asks for; null when the decision justifies the act. */
export function strictDecisionRefusal(commandType: string, assessment: DecisionAssessment): Error | null {
  if (assessment.ok) return null;
  const detail = {
    command_type: commandType,
    error: 'manager_decision_validation_failed',
    manager_decision: assessment,
  };
  return refuse('decision_invalid', `strict manager decision validation failed: ${ledgerJson(detail)}`);
}

function ageInSeconds(timestamp: string, now: number): number | null {
  const recorded = parseTimestamp(timestamp);
  return recorded === null ? null : Math.max(0, Math.floor((now - recorded) / 1000));
}
