import * as z from 'zod/mini';
import { ledgerJson } from '../domain/json.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import { flag, jsonObject } from './columns.ts';
import { touchSequence } from './commandQueueStore.ts';
import type { Connection } from './connection.ts';
import { query } from './query.ts';

export const completionSignal = 'worker_task_complete';

export const notificationRow = z.object({
  id: z.number(),
  task_id: z.string(),
  task_name: z.nullable(z.string()),
  binding_id: z.string(),
  correlation_id: z.string(),
  source_session_id: z.string(),
  source_session_name: z.nullable(z.string()),
  source_session_role: z.nullable(z.string()),
  target_session_id: z.string(),
  target_session_name: z.nullable(z.string()),
  target_session_role: z.nullable(z.string()),
  signal_type: z.string(),
  source_event_id: z.nullable(z.number()),
  source_event_timestamp: z.nullable(z.string()),
  dedupe_key: z.string(),
  command_id: z.nullable(z.string()),
  created_at: z.string(),
  delivered_at: z.nullable(z.string()),
  consumed_manager_cycle_id: z.nullable(z.number()),
  consumed_by_session_id: z.nullable(z.string()),
  consumed_at: z.nullable(z.string()),
  delivery_mode: z.enum(['push', 'pull_required']),
  state: z.enum(['pending', 'delivered', 'failed', 'suppressed']),
  claimed_by: z.nullable(z.string()),
  claimed_at: z.nullable(z.string()),
  claim_expires_at: z.nullable(z.string()),
  side_effect_started: flag,
  side_effect_completed: flag,
  payload: jsonObject,
  error: z.nullable(z.string()),
});

/** A message for one session: the row of a mailbox, pushed or waiting to be read. */
export type Notification = z.infer<typeof notificationRow>;
export type DeliveryMode = Notification['delivery_mode'];

export const notificationColumns = `n.id, n.task_id, t.name AS task_name, n.binding_id, n.correlation_id,
  n.source_session_id, source.name AS source_session_name, source.role AS source_session_role,
  n.target_session_id, target.name AS target_session_name, target.role AS target_session_role,
  n.signal_type, n.source_event_id, n.source_event_timestamp, n.dedupe_key, n.command_id, n.created_at, n.delivered_at,
  n.consumed_manager_cycle_id, n.consumed_by_session_id, n.consumed_at, n.delivery_mode, n.state, n.claimed_by,
  n.claimed_at, n.claim_expires_at, n.side_effect_started, n.side_effect_completed, n.payload_json AS payload, n.error`;
export const notificationJoins = `LEFT JOIN tasks t ON t.id = n.task_id
  LEFT JOIN sessions source ON source.id = n.source_session_id LEFT JOIN sessions target ON target.id = n.target_session_id`;
export const notificationTables = `routed_notifications n ${notificationJoins}`;
const byId = query(notificationRow, `SELECT ${notificationColumns} FROM ${notificationTables} WHERE n.id = ?`);
const byDedupeKey = query(
  notificationRow,
  `SELECT ${notificationColumns} FROM ${notificationTables} WHERE n.dedupe_key = ?`,
);
const byCommand = query(
  notificationRow,
  `SELECT ${notificationColumns} FROM ${notificationTables} WHERE n.command_id = ? ORDER BY n.id DESC LIMIT 1`,
);
const waiting = query(
  notificationRow,
  // Of each target only the first few: what waits for one manager hides nobody else's (OD-13).
  `SELECT ${notificationColumns} FROM ${notificationTables} JOIN (
     SELECT id, row_number() OVER (PARTITION BY target_session_id ORDER BY id) AS place
     FROM routed_notifications
     WHERE state = 'pending' AND signal_type = '${completionSignal}' AND consumed_at IS NULL
   ) q ON q.id = n.id
   WHERE q.place <= ? ORDER BY n.created_at, n.id`,
);
const orphans = query(
  z.object({ id: z.number(), command_state: z.string(), command_error: z.nullable(z.string()) }),
  `SELECT n.id, c.state AS command_state, c.error AS command_error FROM routed_notifications n JOIN commands c ON c.id = n.command_id
   WHERE n.state = 'pending' AND c.state IN ('succeeded', 'failed', 'blocked') LIMIT 100`,
);

export function findNotification(ledger: Connection, id: number): Notification | null {
  return byId.first(ledger, [id]);
}

export function findNotificationByKey(ledger: Connection, dedupeKey: string): Notification | null {
  return byDedupeKey.first(ledger, [dedupeKey]);
}

export function findNotificationOfCommand(ledger: Connection, commandId: string): Notification | null {
  return byCommand.first(ledger, [commandId]);
}

export function requireNotification(ledger: Connection, id: number): Notification {
  const found = findNotification(ledger, id);
  if (found === null) throw new Error(`notification ${id} is gone`);
  return found;
}

/** Completions that are recorded but have not reached their manager, oldest first; so many of each manager. */
export function listWaitingSignals(ledger: Connection, limitOfEach: number): Notification[] {
  return waiting.all(ledger, [limitOfEach]);
}

/** Notifications that still wait although their command is over: their dispatcher died in between (OD-23). */
export function listOrphans(ledger: Connection) {
  return orphans.all(ledger);
}

export interface NewNotification {
  readonly taskId: string;
  readonly bindingId: string;
  readonly correlationId: string;
  readonly sourceSessionId: string;
  readonly targetSessionId: string;
  readonly signalType: string;
  readonly sourceEventId?: number | null;
  readonly sourceEventTimestamp?: string | null;
  readonly dedupeKey: string;
  readonly commandId?: string | null;
  readonly deliveryMode: DeliveryMode;
  readonly payload: object;
}

/** Adds a notification that waits; null when one with this key exists already. */
export function insertNotification(ledger: Connection, given: NewNotification, now: number): Notification | null {
  const { changes, lastId } = ledger.run(
    `INSERT INTO routed_notifications (task_id, binding_id, correlation_id, source_session_id, target_session_id,
       signal_type, source_event_id, source_event_timestamp, dedupe_key, command_id, created_at, delivery_mode, state, payload_json)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending', ?) ON CONFLICT (dedupe_key) DO NOTHING`,
    [
      given.taskId,
      given.bindingId,
      given.correlationId,
      given.sourceSessionId,
      given.targetSessionId,
      given.signalType,
      given.sourceEventId ?? null,
      given.sourceEventTimestamp ?? null,
      given.dedupeKey,
      given.commandId ?? null,
      formatTimestamp(now),
      given.deliveryMode,
      ledgerJson(given.payload),
    ],
  );
  if (changes === 0) return null;
  touchSequence(ledger);
  return requireNotification(ledger, lastId);
}

export interface NotificationChange {
  readonly state?: Notification['state'];
  readonly error?: string | null;
  readonly started?: boolean;
  readonly completed?: boolean;
  readonly deliveryMode?: DeliveryMode;
  readonly claim?: { readonly by: string; readonly at: string; readonly expiresAt: string } | null;
}

/** Changes what is given and nothing else; reaching `delivered` stamps the time. The payload's mode follows the column (OD-38). */
export function changeNotification(ledger: Connection, id: number, change: NotificationChange, now: number): void {
  const known = requireNotification(ledger, id);
  const state = change.state ?? known.state;
  const mode = change.deliveryMode ?? known.delivery_mode;
  const claim =
    change.claim === undefined
      ? { by: known.claimed_by, at: known.claimed_at, expiresAt: known.claim_expires_at }
      : (change.claim ?? { by: null, at: null, expiresAt: null });
  const payload = known.payload.delivery_mode === mode ? known.payload : { ...known.payload, delivery_mode: mode };
  ledger.run(
    `UPDATE routed_notifications SET state = ?, error = ?, side_effect_started = ?, side_effect_completed = ?,
       delivery_mode = ?, payload_json = ?, claimed_by = ?, claimed_at = ?, claim_expires_at = ?,
       delivered_at = CASE WHEN ? THEN coalesce(delivered_at, ?) ELSE delivered_at END
     WHERE id = ?`,
    [
      state,
      change.error === undefined ? known.error : change.error,
      (change.started ?? known.side_effect_started) ? 1 : 0,
      (change.completed ?? known.side_effect_completed) ? 1 : 0,
      mode,
      ledgerJson(payload),
      claim.by,
      claim.at,
      claim.expiresAt,
      state === 'delivered' ? 1 : 0,
      formatTimestamp(now),
      id,
    ],
  );
  touchSequence(ledger);
}

const completionRow = z.object({
  event_id: z.number(),
  timestamp: z.string(),
  payload: jsonObject,
  ingested_at: z.string(),
  binding_id: z.string(),
  task_id: z.string(),
  task_name: z.string(),
  worker_id: z.string(),
  worker_name: z.string(),
  manager_id: z.string(),
  manager_name: z.string(),
  is_push: flag,
});

/** A completed turn of a bound worker that nobody was told of yet. */
export type Completion = z.infer<typeof completionRow>;

const unrouted = query(
  completionRow,
  // What the worker did before this binding, or under this name before it was registered anew, is nobody's business (OD-8).
  `SELECT * FROM (
   SELECT row_number() OVER (PARTITION BY b.id ORDER BY e.id) AS place, e.id AS event_id, e.timestamp, e.payload_json AS payload, e.ingested_at, b.id AS binding_id, t.id AS task_id,
     t.name AS task_name, w.id AS worker_id, w.name AS worker_name, m.id AS manager_id, m.name AS manager_name,
     (m.tmux_session IS NOT NULL AND m.state = 'active') AS is_push
   FROM bindings b
     JOIN tasks t ON t.id = b.task_id AND t.state NOT IN ('done', 'failed')
     JOIN sessions w ON w.id = b.worker_session_id
     JOIN sessions m ON m.id = b.manager_session_id
     LEFT JOIN panel_bindings p ON p.binding_id = b.id
     LEFT JOIN panel_sessions i ON i.session_id = w.id
     JOIN codex_events e ON e.session_id = w.id AND e.subtype = 'task_complete'
   WHERE b.state IN ('active', 'ending')
     AND e.type = 'event_msg'
     AND e.id >= coalesce(p.worker_first_event_id, 0) AND e.id >= coalesce(i.first_event_id, 0)
     AND NOT EXISTS (SELECT 1 FROM routed_notifications n WHERE n.source_event_id = e.id)
     AND NOT EXISTS (SELECT 1 FROM routed_notifications n
                     WHERE n.dedupe_key = b.id || ':${completionSignal}:' || w.id || ':' || e.id)
     -- The reference reads a rollout once more when its session is registered again: one line, two rows (OD-2).
     AND NOT EXISTS (SELECT 1 FROM codex_events d
       WHERE d.session_id = e.session_id AND d.subtype = 'task_complete' AND d.id <> e.id
         AND d.byte_offset = e.byte_offset AND d.timestamp = e.timestamp
         AND json_extract(d.payload_json, '$.turn_id') IS json_extract(e.payload_json, '$.turn_id')
         AND (d.id < e.id OR EXISTS (SELECT 1 FROM routed_notifications n WHERE n.source_event_id = d.id)))
   ) WHERE place <= ? ORDER BY event_id`,
);

/** Oldest first; so many of each binding. */
export function listUnroutedCompletions(ledger: Connection, limitOfEach: number): Completion[] {
  return unrouted.all(ledger, [limitOfEach]);
}
