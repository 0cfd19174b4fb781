import * as z from 'zod/mini';
import type { Connection } from './connection.ts';
import { criterionStatuses } from './criterionStore.ts';
import { query } from './query.ts';
import { sessionRoles, sessionStates } from './sessionStore.ts';
import { taskStates } from './taskStore.ts';

// What the panel shows, read in a handful of statements however many tasks there are.

const taskSummaryRow = z.object({
  id: z.string(),
  name: z.string(),
  goal: z.string(),
  state: z.enum(taskStates),
  worker: z.nullable(z.string()),
  manager: z.nullable(z.string()),
  cycle_id: z.nullable(z.number()),
  cycle_at: z.nullable(z.string()),
  cycle_state: z.nullable(z.enum(['started', 'succeeded', 'failed'])),
  cycle_worker_state: z.nullable(z.string()),
  cycle_error: z.nullable(z.string()),
  timeline_version: z.number(),
  created_at: z.string(),
  updated_at: z.string(),
});
export type TaskSummary = z.infer<typeof taskSummaryRow>;

/** Open tasks, and the newest of the finished ones. */
const taskSummaries = query(
  taskSummaryRow,
  `WITH shown AS (
     SELECT id, rowid AS place FROM tasks WHERE state NOT IN ('done', 'failed')
     UNION SELECT id, rowid FROM (SELECT id, rowid FROM tasks WHERE state IN ('done', 'failed') ORDER BY updated_at DESC, rowid DESC LIMIT 20)
   )
   SELECT t.id, t.name, t.goal, t.state, w.name AS worker, m.name AS manager,
     c.id AS cycle_id, coalesce(c.completed_at, c.started_at) AS cycle_at, c.state AS cycle_state,
     json_extract(c.status_json, '$.state') AS cycle_worker_state, c.error AS cycle_error,
     coalesce((SELECT max(e.id) FROM events e WHERE e.task_id = t.id), 0)
       + coalesce((SELECT max(x.rowid) FROM telemetry_events x WHERE x.task_id = t.id), 0)
       + coalesce((SELECT max(y.id) FROM codex_events y WHERE y.session_id = b.worker_session_id), 0) AS timeline_version,
     t.created_at, t.updated_at
   FROM shown JOIN tasks t ON t.id = shown.id
   LEFT JOIN bindings b ON b.task_id = t.id AND b.state IN ('active', 'ending')
   LEFT JOIN sessions w ON w.id = b.worker_session_id
   LEFT JOIN sessions m ON m.id = b.manager_session_id
   LEFT JOIN manager_cycles c ON c.id = (SELECT max(id) FROM manager_cycles WHERE task_id = t.id)
   ORDER BY t.created_at, t.rowid`,
);

const criterionCountRow = z.object({ task_id: z.string(), status: z.enum(criterionStatuses), count: z.number() });
export type CriterionCount = z.infer<typeof criterionCountRow>;
const criterionCounts = query(
  criterionCountRow,
  'SELECT task_id, status, count(*) AS count FROM acceptance_criteria GROUP BY task_id, status',
);

const sessionSummaryRow = z.object({
  id: z.string(),
  name: z.string(),
  role: z.enum(sessionRoles),
  state: z.enum(sessionStates),
  cwd: z.string(),
  pid: z.nullable(z.number()),
  codex_session_id: z.nullable(z.string()),
  tmux_session: z.nullable(z.string()),
  tmux_socket: z.nullable(z.string()),
  pane_id: z.nullable(z.string()),
  task: z.nullable(z.string()),
});
export type SessionSummary = z.infer<typeof sessionSummaryRow>;
const sessionSummaries = query(
  sessionSummaryRow,
  `SELECT s.id, s.name, s.role, s.state, s.cwd, s.pid, s.codex_session_id, s.tmux_session, p.tmux_socket, p.pane_id,
     (SELECT t.name FROM bindings b JOIN tasks t ON t.id = b.task_id
      WHERE b.state IN ('active', 'ending') AND (b.worker_session_id = s.id OR b.manager_session_id = s.id) LIMIT 1) AS task
   FROM sessions s LEFT JOIN panel_sessions p ON p.session_id = s.id
   WHERE s.state = 'active' OR EXISTS (
     SELECT 1 FROM bindings b WHERE b.state IN ('active', 'ending') AND (b.worker_session_id = s.id OR b.manager_session_id = s.id))
   ORDER BY s.registered_at, s.rowid`,
);

const deliverySummaryRow = z.object({
  task_id: z.string(),
  command_id: z.string(),
  target: z.string(),
  state: z.string(),
  reason: z.nullable(z.string()),
  at: z.string(),
});
export type DeliverySummary = z.infer<typeof deliverySummaryRow>;

/** Messages that are on their way, went wrong, or settled since a moment; a queued one may have no delivery yet. */
const deliverySummaries = query(
  deliverySummaryRow,
  `SELECT c.task_id, c.id AS command_id, coalesce(s.name, CASE c.type WHEN 'notify_manager' THEN m.name ELSE w.name END, '?') AS target,
     CASE WHEN d.state IS NOT NULL THEN d.state WHEN c.state = 'pending' THEN 'queued' WHEN c.state = 'attempted' THEN 'claimed'
       WHEN c.state = 'succeeded' THEN 'submitted' ELSE 'undelivered' END AS state,
     coalesce(d.reason, c.error) AS reason, c.updated_at AS at
   FROM commands c
   LEFT JOIN panel_deliveries d ON d.command_id = c.id
   LEFT JOIN sessions s ON s.id = d.session_id
   LEFT JOIN bindings b ON b.task_id = c.task_id AND b.state IN ('active', 'ending')
   LEFT JOIN sessions w ON w.id = b.worker_session_id
   LEFT JOIN sessions m ON m.id = b.manager_session_id
   WHERE c.task_id IS NOT NULL AND c.type IN ('nudge_worker', 'notify_manager', 'continue_iteration')
     AND (c.rowid IN (SELECT rowid FROM commands WHERE state IN ('pending', 'attempted'))
       OR c.rowid IN (SELECT rowid FROM commands WHERE updated_at >= ?))
   ORDER BY c.rowid`,
);

const heartbeatRow = z.object({
  dispatcher_id: z.string(),
  iteration: z.number(),
  processed: z.number(),
  timestamp: z.string(),
});
export type Heartbeat = z.infer<typeof heartbeatRow>;
// Of those that say who beat: anybody may write telemetry, and one row must not take the whole view away.
const newestHeartbeat = query(
  heartbeatRow,
  `SELECT json_extract(correlation_json, '$.dispatcher_id') AS dispatcher_id, json_extract(correlation_json, '$.iteration') AS iteration,
     json_extract(attributes_json, '$.processed_count') AS processed, timestamp
   FROM telemetry_events WHERE event_type = 'dispatch_watch_heartbeat'
     AND json_type(correlation_json, '$.dispatcher_id') = 'text' AND json_type(correlation_json, '$.iteration') = 'integer'
     AND json_type(attributes_json, '$.processed_count') = 'integer'
   ORDER BY rowid DESC LIMIT 1`,
);

export interface PanelRows {
  readonly tasks: readonly TaskSummary[];
  readonly counts: readonly CriterionCount[];
  readonly sessions: readonly SessionSummary[];
  readonly deliveries: readonly DeliverySummary[];
  readonly heartbeat: Heartbeat | null;
}

/** One consistent look at everything the panel shows. `settledSince` is a ledger timestamp. */
export function readPanelRows(ledger: Connection, settledSince: string): PanelRows {
  return ledger.read(() => ({
    tasks: taskSummaries.all(ledger),
    counts: criterionCounts.all(ledger),
    sessions: sessionSummaries.all(ledger),
    deliveries: deliverySummaries.all(ledger, [settledSince]),
    heartbeat: newestHeartbeat.first(ledger),
  }));
}

const signatureRow = z.object({ signature: z.string() });
const workSignature = query(
  signatureRow,
  `SELECT coalesce((SELECT max(id) FROM events), 0) || ':' || coalesce((SELECT max(rowid) FROM telemetry_events), 0) || ':' ||
     coalesce((SELECT max(id) FROM codex_events), 0) || ':' || coalesce((SELECT max(rowid) FROM commands), 0) || ':' ||
     coalesce((SELECT max(id) FROM routed_notifications), 0) || ':' || (SELECT value FROM panel_sequence) AS signature`,
);

/** Differs after any write that somebody may be waiting for; lease renewals and observations leave it alone. */
export function readWorkSignature(ledger: Connection): string {
  return workSignature.first(ledger)?.signature ?? '';
}
