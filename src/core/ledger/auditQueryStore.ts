import * as z from 'zod/mini';
import { flag, jsonObject, jsonObjectOrNull } from './columns.ts';
import { commandColumns, commandRow } from './commandStore.ts';
import type { Connection } from './connection.ts';
import { criterionRow } from './criterionStore.ts';
import { notificationColumns, notificationRow, notificationTables } from './notificationStore.ts';
import { query } from './query.ts';

// Every table that knows a task, each in its own order. What a terminal showed is measured here and read only on demand.

const text = z.string();
const textOrNull = z.nullable(text);
const numberOrNull = z.nullable(z.number());
const seat = { task_id: textOrNull, worker_id: textOrNull, manager_id: textOrNull };

const eventRow = z.object({
  id: z.number(),
  created_at: text,
  actor: text,
  type: text,
  command_id: textOrNull,
  correlation_id: textOrNull,
  ...seat,
  payload: jsonObject,
});
/** A row of the append-only log. */
export type AuditedEvent = z.infer<typeof eventRow>;
const events = query(
  eventRow,
  `SELECT id, created_at, actor, type, command_id, correlation_id, task_id, worker_id, manager_id, payload_json AS payload
   FROM events WHERE task_id = ? ORDER BY id`,
);

export function listAuditEvents(ledger: Connection, taskId: string): AuditedEvent[] {
  return events.all(ledger, [taskId]);
}

const commands = query(commandRow, `SELECT ${commandColumns} FROM commands WHERE task_id = ? ORDER BY created_at, id`);
const attempts = query(
  z.object({
    id: z.number(),
    command_id: text,
    correlation_id: text,
    dispatcher_id: text,
    state: text,
    started_at: text,
    finished_at: textOrNull,
    result: jsonObjectOrNull,
    error: textOrNull,
    side_effect_started: flag,
    side_effect_completed: flag,
  }),
  `SELECT a.id, a.command_id, a.correlation_id, a.dispatcher_id, a.state, a.started_at, a.finished_at,
     a.result_json AS result, a.error, a.side_effect_started, a.side_effect_completed
   FROM command_attempts a JOIN commands c ON c.id = a.command_id WHERE c.task_id = ? ORDER BY a.started_at, a.id`,
);
const notifications = query(
  z.extend(notificationRow, { consumed_by_session_name: textOrNull, consumed_by_session_role: textOrNull }),
  `SELECT ${notificationColumns}, reader.name AS consumed_by_session_name, reader.role AS consumed_by_session_role
   FROM ${notificationTables} LEFT JOIN sessions reader ON reader.id = n.consumed_by_session_id
   WHERE n.task_id = ? ORDER BY n.created_at, n.id`,
);
const cycles = query(
  z.object({
    id: z.number(),
    task_id: text,
    manager_id: textOrNull,
    started_at: text,
    completed_at: textOrNull,
    state: text,
    status: jsonObjectOrNull,
    health: jsonObjectOrNull,
    health_observation_id: numberOrNull,
    manager_capture_id: numberOrNull,
    worker_capture_id: numberOrNull,
    decision: textOrNull,
    error: textOrNull,
  }),
  `SELECT id, task_id, manager_id, started_at, completed_at, state, status_json AS status, health_json AS health,
     health_observation_id, manager_capture_id, worker_capture_id, decision, error
   FROM manager_cycles WHERE task_id = ? ORDER BY id`,
);
const spans = query(
  z.object({
    id: z.number(),
    manager_cycle_id: z.number(),
    task_id: text,
    run_id: textOrNull,
    phase: text,
    started_at: text,
    completed_at: text,
    duration_ms: z.number(),
    state: text,
    attributes: jsonObject,
    error_type: textOrNull,
    manager_decision_id: numberOrNull,
    command_id: textOrNull,
  }),
  `SELECT id, manager_cycle_id, task_id, run_id, phase, started_at, completed_at, duration_ms, state,
     attributes_json AS attributes, error_type, manager_decision_id, command_id
   FROM manager_cycle_spans WHERE task_id = ? ORDER BY manager_cycle_id, id`,
);
const decisionRow = z.object({
  id: z.number(),
  task_id: text,
  manager_id: textOrNull,
  manager_cycle_id: numberOrNull,
  decision: text,
  reason: text,
  created_at: text,
  payload: jsonObject,
});
const decisions = query(
  decisionRow,
  `SELECT id, task_id, manager_id, manager_cycle_id, decision, reason, created_at, payload_json AS payload
   FROM manager_decisions WHERE task_id = ? ORDER BY id`,
);
const acknowledgements = query(
  z.object({
    id: z.number(),
    task_id: text,
    binding_id: textOrNull,
    role: text,
    payload: jsonObject,
    revision: z.number(),
    manager_config_revision: numberOrNull,
    created_at: text,
    correlation_id: textOrNull,
  }),
  `SELECT id, task_id, binding_id, role, payload_json AS payload, revision, manager_config_revision, created_at, correlation_id
   FROM task_acknowledgements WHERE task_id = ? ORDER BY created_at, id`,
);
const continuations = query(
  z.object({
    id: z.number(),
    task_id: text,
    proposer: text,
    payload: jsonObject,
    revision: z.number(),
    created_at: text,
    correlation_id: text,
  }),
  `SELECT id, task_id, proposer, payload_json AS payload, revision, created_at, correlation_id
   FROM task_continuations WHERE task_id = ? ORDER BY id`,
);
const reviews = query(
  z.object({
    id: z.number(),
    task_id: text,
    worker_continuation_id: z.number(),
    manager_continuation_id: z.number(),
    agreement: text,
    verdict: text,
    addendum: textOrNull,
    rationale: text,
    subagent_run: jsonObject,
    created_at: text,
    correlation_id: text,
  }),
  `SELECT id, task_id, worker_continuation_id, manager_continuation_id, agreement, verdict, addendum, rationale,
     subagent_run_json AS subagent_run, created_at, correlation_id
   FROM continuation_reviews WHERE task_id = ? ORDER BY id`,
);
const epilogueRuns = query(
  z.object({
    id: z.number(),
    task_id: text,
    step_name: text,
    state: text,
    started_at: text,
    finished_at: textOrNull,
    result: jsonObjectOrNull,
    error: textOrNull,
    correlation_id: textOrNull,
  }),
  `SELECT id, task_id, step_name, state, started_at, finished_at, result_json AS result, error, correlation_id
   FROM epilogue_runs WHERE task_id = ? ORDER BY id`,
);
const criteria = query(
  criterionRow,
  `SELECT id, task_id, criterion, status, source, proof, rationale, evidence_json AS evidence, created_at, updated_at
   FROM acceptance_criteria WHERE task_id = ? ORDER BY id`,
);
const handoffs = query(
  z.object({
    id: z.number(),
    task_id: text,
    worker_session_id: textOrNull,
    summary: text,
    payload: jsonObject,
    created_at: text,
  }),
  `SELECT id, task_id, worker_session_id, summary, payload_json AS payload, created_at
   FROM worker_handoffs WHERE task_id = ? ORDER BY id`,
);
const observations = query(
  z.object({
    id: z.number(),
    ...seat,
    role: text,
    observation_type: text,
    severity: text,
    source_capture_id: numberOrNull,
    command_id: textOrNull,
    created_at: text,
    message: text,
    payload: jsonObject,
  }),
  `SELECT id, task_id, worker_id, manager_id, role, observation_type, severity, source_capture_id, command_id, created_at,
     message, payload_json AS payload
   FROM agent_observations WHERE task_id = ? ORDER BY id`,
);

/** Bytes, and lines of which a final line break begins no new one: `measure` in SQL. Null where there is no text. */
export function measured(column: string): string {
  return `length(CAST(${column} AS BLOB)) AS text_byte_count,
    length(${column}) - length(replace(${column}, char(10), ''))
      + (CASE WHEN ${column} IS NULL OR ${column} = '' OR substr(${column}, -1) = char(10) THEN 0 ELSE 1 END) AS text_line_count`;
}
export const sizes = { text_byte_count: numberOrNull, text_line_count: numberOrNull };

const captureRow = z.object({
  id: z.number(),
  ...seat,
  role: text,
  tmux_session: text,
  tmux_pane_id: textOrNull,
  command_id: textOrNull,
  captured_at: text,
  history_lines: z.number(),
  content_sha256: text,
  content_path: textOrNull,
  byte_count: z.number(),
  line_count: z.number(),
  classifier: jsonObject,
  source: text,
});
const captureColumns = `id, task_id, worker_id, manager_id, role, tmux_session, tmux_pane_id, command_id, captured_at,
  history_lines, content_sha256, content_path, byte_count, line_count, classifier_json AS classifier, source`;
const ofTaskById = 'WHERE task_id = ? ORDER BY id';
const captures = query(
  z.extend(captureRow, sizes),
  `SELECT ${captureColumns}, ${measured('content')} FROM terminal_captures ${ofTaskById}`,
);
const capturesWithContent = query(
  z.extend(captureRow, { content: textOrNull }),
  `SELECT ${captureColumns}, content FROM terminal_captures ${ofTaskById}`,
);

export const segmentRow = z.object({
  id: z.number(),
  task_id: text,
  role: text,
  source_capture_id: z.number(),
  previous_capture_id: numberOrNull,
  captured_at: text,
  created_at: text,
  content_sha256: text,
  segment_start_line: numberOrNull,
  segment_end_line: numberOrNull,
  byte_count: z.number(),
  line_count: z.number(),
  retention_class: text,
  segment_kind: text,
  redacted: flag,
});
export const segmentColumns = `id, task_id, role, source_capture_id, previous_capture_id, captured_at, created_at, content_sha256,
  segment_start_line, segment_end_line, byte_count, line_count, retention_class, segment_kind, redacted`;
const segments = query(
  z.extend(segmentRow, sizes),
  `SELECT ${segmentColumns}, ${measured('segment_text')} FROM transcript_segments ${ofTaskById}`,
);
const segmentsWithText = query(
  z.extend(segmentRow, { segment_text: textOrNull }),
  `SELECT ${segmentColumns}, segment_text FROM transcript_segments ${ofTaskById}`,
);

/** What each table knows of a task. Captures and segments are apart: they can be large. */
export type AuditTables = ReturnType<typeof readAuditTables>;

export function readAuditTables(ledger: Connection, taskId: string) {
  const of = [taskId];
  return ledger.read(() => ({
    events: events.all(ledger, of),
    commands: commands.all(ledger, of),
    command_attempts: attempts.all(ledger, of),
    routed_notifications: notifications.all(ledger, of),
    manager_cycles: cycles.all(ledger, of),
    manager_cycle_spans: spans.all(ledger, of),
    manager_decisions: decisions.all(ledger, of),
    task_acknowledgements: acknowledgements.all(ledger, of),
    task_continuations: continuations.all(ledger, of),
    continuation_reviews: reviews.all(ledger, of),
    epilogue_runs: epilogueRuns.all(ledger, of),
    acceptance_criteria: criteria.all(ledger, of),
    worker_handoffs: handoffs.all(ledger, of),
    agent_observations: observations.all(ledger, of),
  }));
}

export function listMeasuredCaptures(ledger: Connection, taskId: string) {
  return captures.all(ledger, [taskId]);
}

export function listCapturesWithContent(ledger: Connection, taskId: string) {
  return capturesWithContent.all(ledger, [taskId]);
}

export function listMeasuredSegments(ledger: Connection, taskId: string) {
  return segments.all(ledger, [taskId]);
}

export function listSegmentsWithText(ledger: Connection, taskId: string) {
  return segmentsWithText.all(ledger, [taskId]);
}

export type AuditedDecision = z.infer<typeof decisionRow>;

/** Only what an audit of changes needs: commands and decisions, oldest first. */
export function readMutations(ledger: Connection, taskId: string) {
  return ledger.read(() => ({
    commands: commands.all(ledger, [taskId]),
    decisions: decisions.all(ledger, [taskId]),
  }));
}
