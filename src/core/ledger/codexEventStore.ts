import * as z from 'zod/mini';
import { formatTimestamp } from '../domain/timestamps.ts';
import { jsonObject } from './columns.ts';
import type { Connection } from './connection.ts';
import { query } from './query.ts';

const codexEventRow = z.object({
  id: z.number(),
  session_id: z.string(),
  timestamp: z.string(),
  type: z.string(),
  subtype: z.nullable(z.string()),
  payload: jsonObject,
  byte_offset: z.number(),
  ingested_at: z.string(),
});

/** One line of a rollout, as the ledger keeps it. */
export type CodexEvent = z.infer<typeof codexEventRow>;

const columns = 'id, session_id, timestamp, type, subtype, payload_json AS payload, byte_offset, ingested_at';
/** In the words of the index on these rows, so that it is used. */
export const isTurnLine = `type = 'event_msg'
  AND subtype IN ('task_started', 'task_complete', 'turn_aborted', 'user_message', 'item_completed', 'error')`;

const newest = query(
  codexEventRow,
  `SELECT ${columns} FROM codex_events WHERE session_id = $session AND ($subtype IS NULL OR subtype = $subtype)
   ORDER BY id DESC LIMIT $limit`,
);
const following = query(
  codexEventRow,
  `SELECT ${columns} FROM codex_events WHERE session_id = ? AND id > ? ORDER BY id LIMIT ?`,
);
const newestSince = query(
  codexEventRow,
  `SELECT ${columns} FROM codex_events WHERE session_id = ? AND id >= ? ORDER BY id DESC LIMIT 1`,
);
const newestBoundary = query(
  z.object({ id: z.number() }),
  `SELECT id FROM codex_events WHERE session_id = ? AND id >= ? AND ${isTurnLine} AND subtype = 'task_started'
   ORDER BY id DESC LIMIT 1`,
);
const eventsSince = query(
  z.object({ count: z.number() }),
  // Of the newest only: nobody wants to know whether there were more.
  `SELECT count(*) AS count FROM (
     SELECT ingested_at FROM codex_events WHERE session_id = ? AND id >= ? ORDER BY id DESC LIMIT 500
   ) WHERE ingested_at >= ?`,
);
const receiptRow = z.object({
  binding_id: z.string(),
  source_event_id: z.number(),
  source_event_timestamp: z.string(),
  source_session_id: z.string(),
  source_session_name: z.string(),
  payload: jsonObject,
});
const receipt = query(
  receiptRow,
  // Of the time that a worker was bound to the task, and of the Codex that has its name now (OD-8).
  `SELECT b.id AS binding_id, e.id AS source_event_id, e.timestamp AS source_event_timestamp, s.id AS source_session_id,
     s.name AS source_session_name, e.payload_json AS payload
   FROM bindings b
     JOIN sessions s ON s.id = b.worker_session_id
     LEFT JOIN panel_bindings p ON p.binding_id = b.id
     LEFT JOIN panel_sessions i ON i.session_id = s.id
     JOIN codex_events e ON e.session_id = s.id AND e.subtype = 'task_complete'
   WHERE b.task_id = ? AND e.type = 'event_msg'
     AND e.id >= coalesce(p.worker_first_event_id, 0) AND e.id >= coalesce(i.first_event_id, 0)
     AND NOT EXISTS (SELECT 1 FROM bindings o JOIN panel_bindings q ON q.binding_id = o.id
       WHERE o.worker_session_id = s.id AND o.id <> b.id AND q.worker_first_event_id <= e.id
         AND q.worker_first_event_id > coalesce(p.worker_first_event_id, 0))
   ORDER BY e.id DESC LIMIT 1`,
);
const heads = query(
  z.object({ id: z.number(), payload: jsonObject }),
  'SELECT id, payload_json AS payload FROM codex_events WHERE session_id = ? AND byte_offset = 0 ORDER BY id',
);
const greatestOffset = query(
  z.object({ byte_offset: z.nullable(z.number()) }),
  'SELECT max(byte_offset) AS byte_offset FROM codex_events WHERE session_id = ? AND id >= ? AND id < ?',
);

/** Newest first. A negative limit means all, as in the reference. */
export function listNewestEvents(
  ledger: Connection,
  sessionId: string,
  { limit, subtype }: { readonly limit: number; readonly subtype: string | null },
): CodexEvent[] {
  return newest.all(ledger, { session: sessionId, limit, subtype });
}

/** Events of a session after an id, oldest first, at most `limit` of them. */
export function listEventsAfter(ledger: Connection, sessionId: string, afterId: number, limit: number): CodexEvent[] {
  return following.all(ledger, [sessionId, afterId, limit]);
}

/** The newest event of a session with at least this id, or null. */
export function findNewestEvent(ledger: Connection, sessionId: string, firstId: number): CodexEvent | null {
  return newestSince.first(ledger, [sessionId, firstId]);
}

/** The newest start of a turn that a line of its own marks, or null. */
export function findNewestBoundary(ledger: Connection, sessionId: string, firstId: number): number | null {
  return newestBoundary.first(ledger, [sessionId, firstId])?.id ?? null;
}

/** How many events were read since a moment. */
export function countEventsSince(ledger: Connection, sessionId: string, firstId: number, since: number): number {
  return eventsSince.first(ledger, [sessionId, firstId, formatTimestamp(since)])?.count ?? 0;
}

/** The last completed turn of a worker for a task, with the binding under which it worked. */
export type Receipt = z.infer<typeof receiptRow>;

export function findReceipt(ledger: Connection, taskId: string): Receipt | null {
  return receipt.first(ledger, [taskId]);
}

/** The events that stand for first lines of files: one for each time that a rollout was read from its start. */
export function listHeadEvents(ledger: Connection, sessionId: string): ReturnType<typeof heads.all> {
  return heads.all(ledger, [sessionId]);
}

/** Where the last line of a stretch of events begins; null when there are none. `beforeId` is not part of it. */
export function findGreatestOffset(
  ledger: Connection,
  sessionId: string,
  fromId: number,
  beforeId: number,
): number | null {
  return greatestOffset.first(ledger, [sessionId, fromId, beforeId])?.byte_offset ?? null;
}

/** A line that is ready to be stored. `payload` is JSON text of an object. */
export interface NewCodexEvent {
  readonly timestamp: string;
  readonly type: string;
  readonly subtype: string | null;
  readonly payload: string;
  readonly byteOffset: number;
}

const insertEvent =
  'INSERT INTO codex_events (session_id, timestamp, type, subtype, payload_json, byte_offset, ingested_at) VALUES (?, ?, ?, ?, ?, ?, ?)';

/** Stores lines in their order; returns the id of the first, 0 when there are none. Call inside a write transaction. */
export function insertCodexEvents(
  ledger: Connection,
  sessionId: string,
  events: readonly NewCodexEvent[],
  now: number,
): number {
  const ingestedAt = formatTimestamp(now);
  let first = 0;
  for (const { timestamp, type, subtype, payload, byteOffset } of events) {
    const { lastId } = ledger.run(insertEvent, [sessionId, timestamp, type, subtype, payload, byteOffset, ingestedAt]);
    first ||= lastId;
  }
  return first;
}
