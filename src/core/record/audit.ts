import type { JsonObject } from '../domain/json.ts';
import {
  type AuditTables,
  listCapturesWithContent,
  listMeasuredCaptures,
  listMeasuredSegments,
  listSegmentsWithText,
  readAuditTables,
} from '../ledger/auditQueryStore.ts';
import type { Connection } from '../ledger/connection.ts';
import type { Task } from '../ledger/taskStore.ts';
import { listTelemetry, type TelemetryRecord } from '../ledger/telemetryQueryStore.ts';
import { correlationChains } from './auditChains.ts';
import { measure, redactObject } from './redact.ts';
import { showTelemetry, supervisorFields } from './telemetryShown.ts';

/** Everything that the ledger knows of a task, table by table. Without content unless it is asked for (AT-2). */
export function auditTask(ledger: Connection, task: Task, includeContent: boolean) {
  const tables = readAuditTables(ledger, task.id);
  return {
    task,
    ...(includeContent ? tables : hideContent(tables)),
    correlation_chains: correlationChains(tables),
    session_nudges: sessionNudges(ledger, task).map((record) => showTelemetry(record, includeContent)),
    ...(includeContent ? withContent(ledger, task) : withSizes(ledger, task)),
  };
}

export type TaskAudit = ReturnType<typeof auditTask>;

function sessionNudges(ledger: Connection, task: Task): TelemetryRecord[] {
  const page = { limit: -1, newestFirst: false };
  return ['session_nudge_succeeded', 'session_nudge_failed']
    .flatMap((eventType) => listTelemetry(ledger, { taskId: task.id, eventType }, page))
    .toSorted((left, right) => left.timestamp.localeCompare(right.timestamp));
}

/** The columns of our tables are known; what is inside payloads, results and evidence passes the allow-list. */
function hideContent(tables: AuditTables) {
  return {
    ...tables,
    events: tables.events.map(hidePayload),
    commands: tables.commands.map((row) => ({ ...hidePayload(row), result: hide(row.result) })),
    command_attempts: tables.command_attempts.map((row) => ({ ...row, result: hide(row.result) })),
    routed_notifications: tables.routed_notifications.map(hidePayload),
    manager_cycles: tables.manager_cycles.map((row) => ({
      ...row,
      status: hide(row.status),
      health: hide(row.health),
    })),
    manager_cycle_spans: tables.manager_cycle_spans.map((row) => ({ ...row, attributes: shown(row.attributes) })),
    epilogue_runs: tables.epilogue_runs.map((row) => ({ ...row, result: hide(row.result) })),
    agent_observations: tables.agent_observations.map((row) => withoutText(hidePayload(row), 'message')),
    ...hideAgentsWords(tables),
  };
}

/** What agents wrote themselves: no name of a field makes it the supervisor's. */
function hideAgentsWords(tables: AuditTables) {
  const payload = <Row extends { readonly payload: JsonObject }>(row: Row): Row => ({
    ...row,
    payload: redactObject(row.payload),
  });
  return {
    manager_decisions: tables.manager_decisions.map(payload),
    task_acknowledgements: tables.task_acknowledgements.map(payload),
    task_continuations: tables.task_continuations.map(payload),
    continuation_reviews: tables.continuation_reviews.map((row) => ({
      ...withoutText(row, 'addendum'),
      subagent_run: shown(row.subagent_run),
    })),
    acceptance_criteria: tables.acceptance_criteria.map((row) => ({ ...row, evidence: redactObject(row.evidence) })),
    worker_handoffs: tables.worker_handoffs.map((row) => payload(withoutText(row, 'summary'))),
  };
}

function shown(object: JsonObject): JsonObject {
  return redactObject(object, supervisorFields);
}

function hide(object: JsonObject | null): JsonObject | null {
  return object === null ? null : shown(object);
}

function hidePayload<Row extends { readonly payload: JsonObject }>(row: Row): Row {
  return { ...row, payload: shown(row.payload) };
}

/** The row without what somebody wrote, with its measure instead. */
function withoutText<Row extends object, Column extends keyof Row & string>(row: Row, column: Column) {
  const { [column]: words, ...rest } = row;
  if (typeof words !== 'string') return rest;
  const { bytes, lines } = measure(words);
  return { ...rest, ...measured(column, bytes, lines) };
}

function withContent(ledger: Connection, task: Task) {
  return {
    terminal_captures: listCapturesWithContent(ledger, task.id),
    transcript_segments: listSegmentsWithText(ledger, task.id),
  };
}

/** Sizes come from the ledger: thousands of screens are not read to be counted (AT-20). */
function withSizes(ledger: Connection, task: Task) {
  return {
    terminal_captures: listMeasuredCaptures(ledger, task.id).map((row) => sized(row, 'content')),
    transcript_segments: listMeasuredSegments(ledger, task.id).map((row) => sized(row, 'segment_text')),
  };
}

interface Measured {
  readonly text_byte_count: number | null;
  readonly text_line_count: number | null;
}

function sized<Row extends Measured>({ text_byte_count: bytes, text_line_count: lines, ...row }: Row, column: string) {
  return bytes === null ? row : { ...row, ...measured(column, bytes, lines) };
}

function measured(column: string, bytes: number, lines: number | null): JsonObject {
  return { [`${column}_redacted`]: true, [`${column}_byte_count`]: bytes, [`${column}_line_count`]: lines };
}
