import * as z from 'zod/mini';
import { attemptStates } from '../domain/attempt.ts';
import { flag, jsonObject, jsonObjectOrNull } from './columns.ts';
import { commandStates } from './commandStore.ts';
import type { Connection } from './connection.ts';
import { query } from './query.ts';

// What a dispatcher has done for a task and what waits: counts by the indexes, and the newest few of everything.

const text = z.string();
const textOrNull = z.nullable(text);
const count = z.number();

const heartbeatRow = z.object({
  dispatcher_id: textOrNull,
  iteration: z.nullable(z.number()),
  processed: z.nullable(z.number()),
  dry_run: z.nullable(z.number()),
  timestamp: text,
});
const newestHeartbeat = query(
  heartbeatRow,
  `SELECT json_extract(correlation_json, '$.dispatcher_id') AS dispatcher_id, json_extract(attributes_json, '$.iteration') AS iteration,
     json_extract(attributes_json, '$.processed_count') AS processed, json_extract(attributes_json, '$.dry_run') AS dry_run, timestamp
   FROM telemetry_events WHERE event_type = 'dispatch_watch_heartbeat' ORDER BY timestamp DESC, id DESC LIMIT 1`,
);

const countRow = z.object({ queued: count, failed: count, stale_claims: count, at_risk: count, suppressed: count });
export type DispatchCounts = z.infer<typeof countRow>;
const counts = query(
  countRow,
  `SELECT
     (SELECT count(*) FROM commands WHERE task_id = $task AND state IN ('pending', 'attempted')) AS queued,
     (SELECT count(*) FROM commands WHERE task_id = $task AND state = 'failed') AS failed,
     (SELECT count(*) FROM commands WHERE task_id = $task AND state = 'attempted' AND claim_expires_at < $now) AS stale_claims,
     (SELECT count(*) FROM commands c JOIN command_attempts a ON a.command_id = c.id
      WHERE c.task_id = $task AND a.side_effect_started = 1 AND a.side_effect_completed = 0) AS at_risk,
     (SELECT count(*) FROM telemetry_events WHERE task_id = $task AND event_type = 'dispatch_signal_suppressed') AS suppressed`,
);

const mailRow = z.object({
  session: text,
  pending: count,
  consumed: count,
  pull_required: count,
  latest_consumed_at: textOrNull,
});
export type MailCounts = z.infer<typeof mailRow>;
const mail = query(
  mailRow,
  `SELECT coalesce(s.name, n.target_session_id) AS session,
     sum(n.consumed_at IS NULL AND n.state IN ('pending', 'delivered')) AS pending, sum(n.consumed_at IS NOT NULL) AS consumed,
     sum(n.consumed_at IS NULL AND n.state IN ('pending', 'delivered') AND n.delivery_mode = 'pull_required') AS pull_required,
     max(n.consumed_at) AS latest_consumed_at
   FROM routed_notifications n LEFT JOIN sessions s ON s.id = n.target_session_id
   WHERE n.task_id = ? GROUP BY n.target_session_id ORDER BY session`,
);

const commandRow = z.object({
  id: text,
  type: text,
  state: z.enum(commandStates),
  created_at: text,
  correlation_id: textOrNull,
  payload: jsonObject,
  result: jsonObjectOrNull,
  delivery_state: textOrNull,
  delivery_reason: textOrNull,
  seen_at: textOrNull,
  answered_at: textOrNull,
});
export type HealthCommand = z.infer<typeof commandRow>;
const commandColumns = `c.id, c.type, c.state, c.created_at, c.correlation_id, c.payload_json AS payload, c.result_json AS result,
  d.state AS delivery_state, d.reason AS delivery_reason, d.seen_at, d.answered_at`;
const newestCommands = query(
  commandRow,
  `SELECT ${commandColumns} FROM commands c LEFT JOIN panel_deliveries d ON d.command_id = c.id
   WHERE c.task_id = ? ORDER BY c.created_at DESC, c.id DESC LIMIT ?`,
);

const attemptRow = z.object({
  id: z.number(),
  command_id: text,
  dispatcher_id: text,
  state: z.enum(attemptStates),
  started_at: text,
  result: jsonObjectOrNull,
  side_effect_started: flag,
  side_effect_completed: flag,
});
export type HealthAttempt = z.infer<typeof attemptRow>;
const attempts = query(
  attemptRow,
  `SELECT id, command_id, dispatcher_id, state, started_at, result_json AS result, side_effect_started, side_effect_completed
   FROM command_attempts WHERE command_id IN (SELECT value FROM json_each(?)) ORDER BY id`,
);

const notificationRow = z.object({
  id: z.number(),
  command_id: textOrNull,
  correlation_id: text,
  signal_type: text,
  state: text,
  delivery_mode: text,
  created_at: text,
  delivered_at: textOrNull,
  consumed_at: textOrNull,
  consumed_manager_cycle_id: z.nullable(z.number()),
  source_event_id: z.nullable(z.number()),
  target: textOrNull,
});
export type HealthNotification = z.infer<typeof notificationRow>;
const notifications = query(
  notificationRow,
  `SELECT n.id, n.command_id, n.correlation_id, n.signal_type, n.state, n.delivery_mode, n.created_at, n.delivered_at, n.consumed_at,
     n.consumed_manager_cycle_id, n.source_event_id, s.name AS target
   FROM routed_notifications n LEFT JOIN sessions s ON s.id = n.target_session_id
   WHERE n.task_id = ? ORDER BY n.id DESC LIMIT ?`,
);

const decisionRow = z.object({ id: z.number(), decision: text, manager_cycle_id: z.nullable(z.number()) });
export type HealthDecision = z.infer<typeof decisionRow>;
const decisions = query(
  decisionRow,
  `SELECT id, decision, manager_cycle_id FROM manager_decisions WHERE task_id = ? ORDER BY id DESC LIMIT ?`,
);

const finishRow = z.object({ id: text, state: text, created_at: text });
const newestFinish = query(
  finishRow,
  `SELECT id, state, created_at FROM commands WHERE task_id = ? AND type IN ('finish_task', 'stop_task') ORDER BY created_at DESC LIMIT 1`,
);

export interface DispatchHealthRows {
  readonly counts: DispatchCounts;
  readonly mail: readonly MailCounts[];
  readonly commands: readonly HealthCommand[];
  readonly attempts: readonly HealthAttempt[];
  readonly notifications: readonly HealthNotification[];
  readonly decisions: readonly HealthDecision[];
  readonly finish: z.infer<typeof finishRow> | null;
}

export type NewestHeartbeat = z.infer<typeof heartbeatRow>;

/** The last sign of life of any dispatcher, also of one that only rehearses. */
export function findNewestHeartbeat(ledger: Connection): NewestHeartbeat | null {
  return newestHeartbeat.first(ledger);
}

/** One consistent look; `newest` commands, and a few times as many of what belongs to them. `now` is a ledger timestamp. */
export function readDispatchHealth(
  ledger: Connection,
  taskId: string,
  { newest, now }: { readonly newest: number; readonly now: string },
): DispatchHealthRows {
  return ledger.read(() => {
    const commands = newestCommands.all(ledger, [taskId, newest]);
    const found = counts.first(ledger, { task: taskId, now });
    return {
      counts: found ?? { queued: 0, failed: 0, stale_claims: 0, at_risk: 0, suppressed: 0 },
      mail: mail.all(ledger, [taskId]),
      commands,
      attempts: attempts.all(ledger, [JSON.stringify(commands.map(({ id }) => id))]),
      notifications: notifications.all(ledger, [taskId, newest * 4]),
      decisions: decisions.all(ledger, [taskId, newest * 4]),
      finish: newestFinish.first(ledger, [taskId]),
    };
  });
}
