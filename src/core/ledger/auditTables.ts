import * as z from 'zod/mini';
import { flag, jsonObject, jsonObjectOrNull } from './columns.ts';
import { commandColumns, commandRow } from './commandStore.ts';
import { criterionRow } from './criterionStore.ts';
import { notificationColumns, notificationJoins, notificationRow } from './notificationStore.ts';
import { pagedTable, type RowOf } from './pagedTable.ts';

// Every table that knows a task: in the order of an audit, in that of its pages, and in that of a task's story. What a
// terminal showed is measured here and read only on demand.

const text = z.string();
const textOrNull = z.nullable(text);
const numberOrNull = z.nullable(z.number());
const seat = { task_id: textOrNull, worker_id: textOrNull, manager_id: textOrNull };

const byId = { by: ['id'] } as const;
const ofTask = 'task_id = $taskId';
const byCreation = { by: ['created_at', 'id'] } as const;

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
const events = pagedTable({
  row: eventRow,
  columns:
    'id, created_at, actor, type, command_id, correlation_id, task_id, worker_id, manager_id, payload_json AS payload',
  from: 'events',
  where: ofTask,
  id: 'id',
  orders: {
    audit: byId,
    page: byId,
    // What a story tells: what became of criteria, and what was done to a session at once. The rest is told by other
    // tables. In the words of two partial indexes.
    criteria: {
      ...byCreation,
      where: `${ofTask} AND type IN ('acceptance_criterion_added', 'acceptance_criterion_updated')`,
    },
    actions: {
      ...byCreation,
      where: `${ofTask} AND type IN ('session_nudged', 'session_interrupted', 'session_answered')`,
    },
  },
});

const commands = pagedTable({
  row: commandRow,
  columns: commandColumns,
  from: 'commands',
  where: ofTask,
  id: 'id',
  // Ids of commands are drawn by lot: of one second, the row's number says which was first (OD-14).
  orders: { audit: byCreation, page: byCreation, story: { by: ['created_at', 'rowid'] } },
});
const attemptOrder = { by: ['a.started_at', 'a.id'] } as const;
const attempts = pagedTable({
  row: z.object({
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
  columns: `a.id, a.command_id, a.correlation_id, a.dispatcher_id, a.state, a.started_at, a.finished_at,
    a.result_json AS result, a.error, a.side_effect_started, a.side_effect_completed`,
  // CROSS: attempts are gone through in their order, and each one's command is looked up.
  from: 'command_attempts a CROSS JOIN commands c ON c.id = a.command_id',
  where: 'c.task_id = $taskId',
  id: 'a.id',
  orders: { audit: attemptOrder, page: attemptOrder, story: attemptOrder },
});
const notificationOrder = { by: ['n.created_at', 'n.id'] } as const;
const told = { by: ['coalesce(n.delivered_at, n.created_at)', 'n.id'] } as const;
const ofNotifiedTask = 'n.task_id = $taskId';
const notifications = pagedTable({
  row: z.extend(notificationRow, { consumed_by_session_name: textOrNull, consumed_by_session_role: textOrNull }),
  columns: `${notificationColumns}, reader.name AS consumed_by_session_name, reader.role AS consumed_by_session_role`,
  from: 'routed_notifications n',
  joins: `${notificationJoins} LEFT JOIN sessions reader ON reader.id = n.consumed_by_session_id`,
  where: ofNotifiedTask,
  id: 'n.id',
  orders: {
    audit: notificationOrder,
    page: notificationOrder,
    messages: { ...told, where: `${ofNotifiedTask} AND n.command_id IS NOT NULL` },
    signals: { ...told, where: `${ofNotifiedTask} AND n.command_id IS NULL` },
    chains: { ...notificationOrder, where: `${ofNotifiedTask} AND n.command_id IS NULL` },
  },
});
const cycles = pagedTable({
  row: z.object({
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
  columns: `id, task_id, manager_id, started_at, completed_at, state, status_json AS status, health_json AS health,
    health_observation_id, manager_capture_id, worker_capture_id, decision, error`,
  from: 'manager_cycles',
  where: ofTask,
  id: 'id',
  orders: { audit: byId, page: byId, story: { by: ['coalesce(completed_at, started_at)', 'id'] } },
});
const spans = pagedTable({
  row: z.object({
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
  columns: `id, manager_cycle_id, task_id, run_id, phase, started_at, completed_at, duration_ms, state,
    attributes_json AS attributes, error_type, manager_decision_id, command_id`,
  from: 'manager_cycle_spans',
  where: ofTask,
  id: 'id',
  orders: {
    audit: { by: ['manager_cycle_id', 'id'] },
    page: byId,
    story: { by: ['completed_at', 'id'] },
  },
});
const decisions = pagedTable({
  row: z.object({
    id: z.number(),
    task_id: text,
    manager_id: textOrNull,
    manager_cycle_id: numberOrNull,
    decision: text,
    reason: text,
    created_at: text,
    payload: jsonObject,
  }),
  columns: 'id, task_id, manager_id, manager_cycle_id, decision, reason, created_at, payload_json AS payload',
  from: 'manager_decisions',
  where: ofTask,
  id: 'id',
  orders: { audit: byId, page: byId, story: byCreation },
});
const acknowledgements = pagedTable({
  row: z.object({
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
  columns: `id, task_id, binding_id, role, payload_json AS payload, revision, manager_config_revision, created_at,
    correlation_id`,
  from: 'task_acknowledgements',
  where: ofTask,
  id: 'id',
  orders: { audit: byCreation, page: byCreation, story: byCreation },
});
const continuations = pagedTable({
  row: z.object({
    id: z.number(),
    task_id: text,
    proposer: text,
    payload: jsonObject,
    revision: z.number(),
    created_at: text,
    correlation_id: text,
  }),
  columns: 'id, task_id, proposer, payload_json AS payload, revision, created_at, correlation_id',
  from: 'task_continuations',
  where: ofTask,
  id: 'id',
  orders: { audit: byId, page: byId, story: byCreation },
});
const reviews = pagedTable({
  row: z.object({
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
  columns: `id, task_id, worker_continuation_id, manager_continuation_id, agreement, verdict, addendum, rationale,
    subagent_run_json AS subagent_run, created_at, correlation_id`,
  from: 'continuation_reviews',
  where: ofTask,
  id: 'id',
  orders: { audit: byId, page: byId, story: byCreation },
});
const epilogueRuns = pagedTable({
  row: z.object({
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
  columns: 'id, task_id, step_name, state, started_at, finished_at, result_json AS result, error, correlation_id',
  from: 'epilogue_runs',
  where: ofTask,
  id: 'id',
  orders: { audit: byId, page: byId, story: { by: ['coalesce(finished_at, started_at)', 'id'] } },
});
const criteria = pagedTable({
  row: criterionRow,
  columns:
    'id, task_id, criterion, status, source, proof, rationale, evidence_json AS evidence, created_at, updated_at',
  from: 'acceptance_criteria',
  where: ofTask,
  id: 'id',
  orders: { audit: byId, page: byId },
});
const handoffs = pagedTable({
  row: z.object({
    id: z.number(),
    task_id: text,
    worker_session_id: textOrNull,
    summary: text,
    payload: jsonObject,
    created_at: text,
  }),
  columns: 'id, task_id, worker_session_id, summary, payload_json AS payload, created_at',
  from: 'worker_handoffs',
  where: ofTask,
  id: 'id',
  orders: { audit: byId, page: byId, story: byCreation },
});
const observations = pagedTable({
  row: z.object({
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
  columns: `id, task_id, worker_id, manager_id, role, observation_type, severity, source_capture_id, command_id, created_at,
    message, payload_json AS payload`,
  from: 'agent_observations',
  where: ofTask,
  id: 'id',
  orders: { audit: byId, page: byId },
});

/** Every table that knows a task, but for what its terminals showed. */
export const auditTables = {
  events,
  commands,
  command_attempts: attempts,
  routed_notifications: notifications,
  manager_cycles: cycles,
  manager_cycle_spans: spans,
  manager_decisions: decisions,
  task_acknowledgements: acknowledgements,
  task_continuations: continuations,
  continuation_reviews: reviews,
  epilogue_runs: epilogueRuns,
  acceptance_criteria: criteria,
  worker_handoffs: handoffs,
  agent_observations: observations,
};
export type AuditTableName = keyof typeof auditTables;
export type AuditRow<Name extends AuditTableName> = RowOf<(typeof auditTables)[Name]>;
export type AuditedDecision = AuditRow<'manager_decisions'>;
