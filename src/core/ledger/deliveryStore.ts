import * as z from 'zod/mini';
import { type DeliveryState, deliveryStates, mayFollow } from '../domain/deliveryState.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import type { Connection } from './connection.ts';
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
  watermark_path, watermark_offset, queued_at, claimed_at, typed_at, submitted_at, seen_at, answered_at, updated_at`;
const ofCommand = query(deliveryRow, `SELECT ${columns} FROM panel_deliveries WHERE command_id = ?`);
const ofNotification = query(deliveryRow, `SELECT ${columns} FROM panel_deliveries WHERE notification_id = ?`);
const unanswered = query(
  deliveryRow,
  `SELECT ${columns} FROM panel_deliveries WHERE session_id = ? AND state IN ('submitted', 'seen') ORDER BY id`,
);

export function findDelivery(ledger: Connection, item: DeliveryItem): Delivery | null {
  return 'commandId' in item
    ? ofCommand.first(ledger, [item.commandId])
    : ofNotification.first(ledger, [item.notificationId]);
}

/** What Codex took from us in this session and has not answered yet, oldest first. */
export function listUnanswered(ledger: Connection, sessionId: string): Delivery[] {
  return unanswered.all(ledger, [sessionId]);
}

export interface DeliveryStart {
  readonly sessionId: string;
  readonly textSha256: string;
  readonly rung: 'tmux';
}

/** Opens the delivery of an item, or goes on with the one that was opened before. */
export function openDelivery(ledger: Connection, item: DeliveryItem, start: DeliveryStart, now: number): void {
  const timestamp = formatTimestamp(now);
  const known = findDelivery(ledger, item);
  if (known !== null) {
    ledger.run(
      `UPDATE panel_deliveries SET session_id = ?, text_sha256 = ?, rung = ?, attempts = attempts + 1, updated_at = ? WHERE id = ?`,
      [start.sessionId, start.textSha256, start.rung, timestamp, known.id],
    );
    moveDelivery(ledger, item, { state: 'claimed' }, now);
    return;
  }
  const [commandId, notificationId] = 'commandId' in item ? [item.commandId, null] : [null, item.notificationId];
  ledger.run(
    `INSERT INTO panel_deliveries (session_id, command_id, notification_id, state, rung, text_sha256, attempts, queued_at, claimed_at, updated_at)
     VALUES (?, ?, ?, 'claimed', ?, ?, 1, ?, ?, ?)`,
    [start.sessionId, commandId, notificationId, start.rung, start.textSha256, timestamp, timestamp, timestamp],
  );
}

export interface Watermark {
  readonly path: string | null;
  readonly offset: number;
}

/** Where the rollout ended before the first key: what decides about this delivery after a crash. */
export function setWatermark(ledger: Connection, item: DeliveryItem, { path, offset }: Watermark): void {
  const delivery = findDelivery(ledger, item);
  if (delivery === null) return;
  ledger.run('UPDATE panel_deliveries SET watermark_path = ?, watermark_offset = ? WHERE id = ?', [
    path,
    offset,
    delivery.id,
  ]);
}

export interface DeliveryMove {
  readonly state: DeliveryState;
  readonly reason?: string | null;
  /** Wall-clock milliseconds of the stages that were reached. */
  readonly typedAt?: number | null;
  readonly submittedAt?: number | null;
  readonly seenAt?: number | null;
  readonly answeredAt?: number | null;
}

/** Moves a delivery on; a move that its state doesn't allow is left out (something newer is known already). */
export function moveDelivery(ledger: Connection, item: DeliveryItem, move: DeliveryMove, now: number): void {
  const known = findDelivery(ledger, item);
  if (known === null || !mayFollow(known.state, move.state)) return;
  const at = (given: number | null | undefined, before: string | null) =>
    given === undefined || given === null ? before : formatTimestamp(given);
  ledger.run(
    `UPDATE panel_deliveries SET state = ?, reason = ?, claimed_at = ?, typed_at = ?, submitted_at = ?, seen_at = ?,
       answered_at = ?, updated_at = ? WHERE id = ?`,
    [
      move.state,
      move.reason ?? null,
      move.state === 'claimed' ? formatTimestamp(now) : known.claimed_at,
      at(move.typedAt, known.typed_at),
      at(move.submittedAt, known.submitted_at),
      at(move.seenAt, known.seen_at),
      at(move.answeredAt, known.answered_at),
      formatTimestamp(now),
      known.id,
    ],
  );
}
