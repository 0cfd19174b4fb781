import * as z from 'zod/mini';
import { type DeliveryState, deliveryStates, mayFollow } from '../domain/deliveryState.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import { jsonObject } from './columns.ts';
import type { Connection } from './connection.ts';
import { newestEventId } from './panelSessionStore.ts';
import { query } from './query.ts';

const deliveryRow = z.object({
  id: z.number(),
  session_id: z.string(),
  command_id: z.nullable(z.string()),
  notification_id: z.nullable(z.number()),
  state: z.enum(deliveryStates),
  rung: z.nullable(z.string()),
  reason: z.nullable(z.string()),
  text_sha256: z.string(),
  attempts: z.number(),
  watermark_path: z.nullable(z.string()),
  watermark_offset: z.nullable(z.number()),
  watermark_event_id: z.nullable(z.number()),
  seen_event_id: z.nullable(z.number()),
  queued_at: z.string(),
  claimed_at: z.nullable(z.string()),
  typed_at: z.nullable(z.string()),
  submitted_at: z.nullable(z.string()),
  seen_at: z.nullable(z.string()),
  answered_at: z.nullable(z.string()),
  updated_at: z.string(),
});

/** How far a message got, and where the rollout ended before the first key was pressed. */
export type Delivery = z.infer<typeof deliveryRow>;

/** What is delivered: a command of the queue, or a notification. */
export type DeliveryItem = { readonly commandId: string } | { readonly notificationId: number };

const columns = `id, session_id, command_id, notification_id, state, rung, reason, text_sha256, attempts,
  watermark_path, watermark_offset, watermark_event_id, seen_event_id, queued_at, claimed_at, typed_at, submitted_at, seen_at, answered_at, updated_at`;
const ofCommand = query(deliveryRow, `SELECT ${columns} FROM panel_deliveries WHERE command_id = ?`);
const ofNotification = query(deliveryRow, `SELECT ${columns} FROM panel_deliveries WHERE notification_id = ?`);
const unanswered = query(
  deliveryRow,
  `SELECT ${columns} FROM panel_deliveries WHERE state IN ('submitted', 'seen') AND watermark_event_id IS NOT NULL
   ORDER BY id DESC LIMIT 50`,
);
const userTurn = query(
  z.object({ id: z.number(), timestamp: z.string(), type: z.string(), payload: jsonObject }),
  `SELECT id, timestamp, type, payload_json AS payload FROM codex_events
   WHERE session_id = ? AND id > ? AND byte_offset >= ? AND subtype IN ('user_message', 'item_completed') ORDER BY id LIMIT 200`,
);
const turnEnd = query(
  z.object({ id: z.number(), timestamp: z.string() }),
  `SELECT id, timestamp FROM codex_events WHERE session_id = ? AND id > ? AND subtype = 'task_complete' ORDER BY id LIMIT 1`,
);

export function findDelivery(ledger: Connection, item: DeliveryItem): Delivery | null {
  return 'commandId' in item
    ? ofCommand.first(ledger, [item.commandId])
    : ofNotification.first(ledger, [item.notificationId]);
}

/** How far a message got, for whoever waits for it: wire names. */
export interface DeliveryView {
  readonly state: DeliveryState;
  readonly rung: string | null;
  readonly reason: string | null;
  readonly queued_at: string;
  readonly claimed_at: string | null;
  readonly typed_at: string | null;
  readonly submitted_at: string | null;
  readonly seen_at: string | null;
  readonly answered_at: string | null;
}

/** The delivery of a notification, its own or its command's; null when nothing was ever typed or sent for it. */
export function viewDeliveryOf(
  ledger: Connection,
  { id, command_id: commandId }: { readonly id: number; readonly command_id: string | null },
): DeliveryView | null {
  const own = findDelivery(ledger, { notificationId: id });
  const delivery = own ?? (commandId === null ? null : findDelivery(ledger, { commandId }));
  if (delivery === null) return null;
  const { state, rung, reason, queued_at, claimed_at, typed_at, submitted_at, seen_at, answered_at } = delivery;
  return { state, rung, reason, queued_at, claimed_at, typed_at, submitted_at, seen_at, answered_at };
}

/** What Codex took and has not answered yet; the newest ones. */
export function listUnanswered(ledger: Connection): Delivery[] {
  return unanswered.all(ledger);
}

/** What was said in that session since the delivery began, as far as it is ingested. */
export function listUserTurns(ledger: Connection, delivery: Delivery) {
  const { session_id, watermark_event_id, watermark_offset } = delivery;
  return userTurn.all(ledger, [session_id, watermark_event_id ?? 0, watermark_offset ?? 0]);
}

/** The first end of a turn behind that event. */
export function findTurnEnd(ledger: Connection, sessionId: string, eventId: number) {
  return turnEnd.first(ledger, [sessionId, eventId]);
}

/** What a delivery is of; null for a row that says neither. */
export function itemOf({ command_id: commandId, notification_id: notificationId }: Delivery): DeliveryItem | null {
  if (commandId !== null) return { commandId };
  return notificationId === null ? null : { notificationId };
}

export interface DeliveryStart {
  readonly sessionId: string;
  readonly textSha256: string;
}

/** Opens the delivery of an item, or goes on with the one that was opened before. */
export function openDelivery(ledger: Connection, item: DeliveryItem, start: DeliveryStart, now: number): void {
  const timestamp = formatTimestamp(now);
  const known = findDelivery(ledger, item);
  if (known !== null) {
    ledger.run(
      `UPDATE panel_deliveries SET session_id = ?, text_sha256 = ?, rung = NULL, attempts = attempts + 1, updated_at = ? WHERE id = ?`,
      [start.sessionId, start.textSha256, timestamp, known.id],
    );
    moveDelivery(ledger, item, { state: 'claimed' }, now);
    return;
  }
  const [commandId, notificationId] = 'commandId' in item ? [item.commandId, null] : [null, item.notificationId];
  ledger.run(
    `INSERT INTO panel_deliveries (session_id, command_id, notification_id, state, text_sha256, attempts, queued_at, claimed_at, updated_at)
     VALUES (?, ?, ?, 'claimed', ?, 1, ?, ?, ?)`,
    [start.sessionId, commandId, notificationId, start.textSha256, timestamp, timestamp, timestamp],
  );
}

export interface Watermark {
  readonly path: string | null;
  readonly offset: number;
}

/** By which rung it goes, and where the rollout ended before: what decides about this delivery after a crash. */
export function setWatermark(
  ledger: Connection,
  item: DeliveryItem,
  { path, offset, rung }: Watermark & { readonly rung: string },
): void {
  const delivery = findDelivery(ledger, item);
  if (delivery === null) return;
  ledger.run(
    'UPDATE panel_deliveries SET rung = ?, watermark_path = ?, watermark_offset = ?, watermark_event_id = ? WHERE id = ?',
    [rung, path, offset, newestEventId(ledger), delivery.id],
  );
}

export interface DeliveryMove {
  readonly state: DeliveryState;
  readonly reason?: string | null;
  /** Wall-clock milliseconds of the stages that were reached. */
  readonly typedAt?: number | null;
  readonly submittedAt?: number | null;
  readonly seenAt?: number | null;
  readonly answeredAt?: number | null;
  readonly seenEventId?: number;
}

/** Moves a delivery on; a move that its state doesn't allow is left out (something newer is known already). */
export function moveDelivery(ledger: Connection, item: DeliveryItem, move: DeliveryMove, now: number): void {
  const known = findDelivery(ledger, item);
  if (known === null || !mayFollow(known.state, move.state)) return;
  const at = (given: number | null | undefined, before: string | null) =>
    given === undefined || given === null ? before : formatTimestamp(given);
  ledger.run(
    `UPDATE panel_deliveries SET state = ?, reason = ?, claimed_at = ?, typed_at = ?, submitted_at = ?, seen_at = ?,
       answered_at = ?, seen_event_id = ?, updated_at = ? WHERE id = ?`,
    [
      move.state,
      move.reason ?? null,
      move.state === 'claimed' ? formatTimestamp(now) : known.claimed_at,
      at(move.typedAt, known.typed_at),
      at(move.submittedAt, known.submitted_at),
      at(move.seenAt, known.seen_at),
      at(move.answeredAt, known.answered_at),
      move.seenEventId ?? known.seen_event_id,
      formatTimestamp(now),
      known.id,
    ],
  );
}
