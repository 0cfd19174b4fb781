import { refuse } from '../domain/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../domain/json.ts';
import { isGranted } from '../domain/permissions.ts';
import { recordEvent } from '../ledger/auditStore.ts';
import type { Connection } from '../ledger/connection.ts';
import {
  agreements,
  type Continuation,
  type ContinuationReview,
  findContinuation,
  insertContinuationReview,
  verdicts,
} from '../ledger/continuationStore.ts';
import { findManagerConfig } from '../ledger/managerConfigStore.ts';
import { sessionRoles } from '../ledger/sessionStore.ts';
import type { Task } from '../ledger/taskStore.ts';
import { recordTelemetry } from '../ledger/telemetryStore.ts';

/** What a reviewer says, checked. */
export interface ReviewVerdict {
  readonly agreement: ContinuationReview['agreement'];
  readonly verdict: ContinuationReview['verdict'];
  readonly rationale: string;
  readonly addendum: string | null;
  /** Who reviewed, and what it was kept from. Further keys are kept. */
  readonly subagentRun: JsonObject;
}

export interface ProposedTurn {
  readonly correlationId: string;
  readonly worker: Continuation;
  readonly manager: Continuation;
}

/** A review needs the permission to spawn a reviewer. Throws `permission_denied`. */
export function requireReviewPermission(ledger: Connection, task: Task): void {
  const config = findManagerConfig(ledger, task.id);
  if (config !== null && isGranted(config.permissions, 'context.spawn_reviewer')) return;
  throw refuse(
    'permission_denied',
    `a review of task '${task.name}' needs the permission context.spawn_reviewer; grant it with "manager-config ${task.name} --permit context.spawn_reviewer"`,
  );
}

/** Both proposals of a turn. Throws `missing_input`, naming the sides that have made none. */
export function requireTurn(ledger: Connection, task: Task, correlationId: string): ProposedTurn {
  const [worker, manager] = sessionRoles.map((role) => findContinuation(ledger, task.id, role, correlationId));
  if (worker && manager) return { correlationId, worker, manager };
  const missing = [...(worker ? [] : ['worker']), ...(manager ? [] : ['manager'])].join(' and ');
  throw refuse('missing_input', `turn ${correlationId} has no proposal of the ${missing} yet; submit it first`);
}

/** Checks what a reviewer handed in. Throws `invalid_value`, naming what is wrong. */
export function parseReview(given: JsonObject): ReviewVerdict {
  const required = ['agreement', 'rationale', 'subagent_run', 'verdict'];
  const missing = required.filter((key) => given[key] === undefined);
  if (missing.length > 0) throw invalid(`it lacks ${missing.join(', ')}`);
  const { subagent_run: run, addendum } = given;
  if (!isJsonObject(run)) throw invalid('subagent_run must be an object that says who reviewed');
  const agreement = oneOf('agreement', given.agreement, agreements);
  const verdict = oneOf('verdict', given.verdict, verdicts);
  const reviewer = idOf('reviewer_session_id', run.reviewer_session_id);
  const manager = idOf('manager_session_id', run.manager_session_id);
  if (reviewer === manager)
    throw invalid('reviewer_session_id and manager_session_id must differ: nobody reviews itself');
  if (run.manager_rollout_access !== false) {
    throw invalid(
      "manager_rollout_access must be false: a reviewer that read the manager's rollout is not independent",
    );
  }
  if (typeof given.rationale !== 'string') throw invalid('rationale must be a text');
  if (addendum !== undefined && addendum !== null && typeof addendum !== 'string') {
    throw invalid('addendum must be a text');
  }
  return { agreement, verdict, rationale: given.rationale, addendum: addendum ?? null, subagentRun: run };
}

export type RecordedReview = ContinuationReview & { readonly operator_routing_required: boolean };

/** Puts a review on record, and says whether the person has to decide. Call inside a write transaction. */
export function recordReview(
  ledger: Connection,
  task: Task,
  turn: ProposedTurn,
  verdict: ReviewVerdict,
  now: number,
): RecordedReview {
  const nudge = findManagerConfig(ledger, task.id)?.nudge_on_completion ?? 'ask-operator';
  const failed = verdict.verdict === 'stop' && verdict.subagentRun.status === 'failed';
  const isRouted = failed || (verdict.agreement === 'divergent' && nudge !== 'auto-proceed');
  const review = insertContinuationReview(
    ledger,
    {
      task_id: task.id,
      worker_continuation_id: turn.worker.id,
      manager_continuation_id: turn.manager.id,
      agreement: verdict.agreement,
      verdict: verdict.verdict,
      addendum: verdict.addendum,
      rationale: verdict.rationale,
      subagent_run: { ...verdict.subagentRun, nudge_on_completion: nudge, operator_routing_required: isRouted },
      correlation_id: turn.correlationId,
    },
    now,
  );
  auditReview(ledger, review, { nudge, isRouted, failed }, now);
  return { ...review, operator_routing_required: isRouted };
}

function auditReview(
  ledger: Connection,
  review: ContinuationReview,
  { nudge, isRouted, failed }: { readonly nudge: string; readonly isRouted: boolean; readonly failed: boolean },
  now: number,
): void {
  const { task_id: taskId, correlation_id: correlationId, agreement, verdict, subagent_run: run } = review;
  const ids = {
    manager_continuation_id: review.manager_continuation_id,
    review_id: review.id,
    worker_continuation_id: review.worker_continuation_id,
  };
  const payload = { ...ids, agreement, operator_routing_required: isRouted, verdict };
  recordEvent(ledger, { type: 'continuation_review_recorded', taskId, correlationId, payload }, now);
  recordTelemetry(
    ledger,
    {
      type: 'continuation_review_recorded',
      summary: `Continuation review recorded: ${agreement}, ${verdict}.`,
      severity: verdict === 'stop' || isRouted ? 'warning' : 'info',
      taskId,
      correlation: { ...ids, correlation_id: correlationId },
      attributes: {
        agreement,
        allowed_context: wordsOf(run.allowed_context),
        has_addendum: review.addendum !== null,
        has_rationale: review.rationale !== '',
        manager_rollout_access: run.manager_rollout_access ?? null,
        manager_session_id: run.manager_session_id ?? null,
        nudge_on_completion: nudge,
        operator_routing_required: isRouted,
        payload_redacted: true,
        reviewer_duration_ms: run.duration_ms ?? null,
        reviewer_failure_routing_forced: failed,
        reviewer_returncode: run.returncode ?? null,
        reviewer_session_distinct: run.reviewer_session_id !== run.manager_session_id,
        reviewer_session_id: run.reviewer_session_id ?? null,
        reviewer_status: run.status ?? null,
        verdict,
      },
    },
    now,
  );
}

function oneOf<Choice extends string>(name: string, value: JsonValue | undefined, choices: readonly Choice[]): Choice {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw invalid(`${name} must be one of ${choices.join(', ')}`);
  return found;
}

function idOf(name: string, value: JsonValue | undefined): string {
  if (typeof value === 'string' && value.trim() !== '') return value;
  throw invalid(`subagent_run.${name} must be a non-empty text`);
}

function wordsOf(value: JsonValue | undefined): readonly string[] {
  if (!Array.isArray(value)) return [];
  return value.filter((word) => typeof word === 'string').toSorted();
}

function invalid(because: string) {
  return refuse('invalid_value', `the review is not valid: ${because}`);
}
