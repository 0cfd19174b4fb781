import * as z from 'zod/mini';
import { ledgerJson, type JsonObject } from '../domain/json.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import { jsonObject } from './columns.ts';
import { touchSequence } from './commandQueueStore.ts';
import type { Connection } from './connection.ts';
import { forgetLease, inboxClaim, type LeaseHost } from './leaseStore.ts';
import { type Mailbox, putBack, type TakenItem, takeNext } from './inboxStore.ts';
import { query } from './query.ts';

const divergenceRow = z.object({
  id: z.number(),
  task_id: z.string(),
  started_at: z.string(),
  completed_at: z.nullable(z.string()),
  state: z.enum(['started', 'succeeded', 'failed']),
  notable_pane_pattern: z.string(),
  status: jsonObject,
});

/** A cycle that saw something notable on the worker's screen. */
export type Divergence = z.infer<typeof divergenceRow>;

const divergences = query(
  divergenceRow,
  `SELECT id, task_id, started_at, completed_at, state, json_extract(status_json, '$.notable_pane_pattern') AS notable_pane_pattern,
     status_json AS status
   FROM manager_cycles
   WHERE task_id = ? AND state = 'succeeded' AND json_extract(status_json, '$.notable_pane_pattern') IS NOT NULL
   ORDER BY id DESC LIMIT ?`,
);
const unfinished = query(
  z.object({ id: z.number() }),
  "SELECT id FROM manager_cycles WHERE task_id = ? AND state = 'started' AND started_at < ? ORDER BY id",
);
const taskDeliveries = query(
  z.object({
    command_id: z.string(),
    command_type: z.string(),
    state: z.string(),
    reason: z.nullable(z.string()),
    rung: z.nullable(z.string()),
    queued_at: z.string(),
    claimed_at: z.nullable(z.string()),
    typed_at: z.nullable(z.string()),
    submitted_at: z.nullable(z.string()),
    seen_at: z.nullable(z.string()),
    answered_at: z.nullable(z.string()),
    updated_at: z.string(),
  }),
  `SELECT c.id AS command_id, c.type AS command_type, d.rung, d.claimed_at, d.typed_at, d.submitted_at, d.seen_at, d.answered_at,
     CASE WHEN d.state IS NOT NULL THEN d.state WHEN c.state = 'pending' THEN 'queued' WHEN c.state = 'attempted' THEN 'claimed'
       WHEN n.delivery_mode = 'pull_required' AND n.consumed_at IS NULL AND c.state = 'succeeded' THEN 'in_mailbox'
       WHEN c.state = 'succeeded' THEN 'submitted' ELSE 'undelivered' END AS state,
     coalesce(d.reason, c.error) AS reason, c.created_at AS queued_at, coalesce(d.updated_at, c.updated_at) AS updated_at
   FROM commands c
     LEFT JOIN panel_deliveries d ON d.command_id = c.id
     LEFT JOIN routed_notifications n ON n.command_id = c.id
   WHERE c.task_id = $task AND c.type IN ('nudge_worker', 'notify_manager', 'continue_iteration')
     AND (c.state IN ('pending', 'attempted') OR coalesce(d.updated_at, c.updated_at) >= $since)
   ORDER BY c.rowid`,
);

const lastReading = query(
  z.object({ at: z.nullable(z.string()) }),
  `SELECT max(c.started_at) AS at FROM bindings b JOIN manager_cycles c ON c.task_id = b.task_id AND c.state = 'succeeded'
   WHERE b.worker_session_id = ? AND b.state IN ('active', 'ending')`,
);

/** When the newest cycle began that told somebody what this worker wrote; null when there was none yet. */
export function findLastReading(ledger: Connection, sessionId: string): string | null {
  return lastReading.first(ledger, [sessionId])?.at ?? null;
}

/** Newest first. A negative limit means all, as in the reference. */
export function listDivergences(ledger: Connection, taskId: string, limit: number): Divergence[] {
  return divergences.all(ledger, [taskId, limit]);
}

/** Messages of a task that are on their way, or were settled since a moment; oldest first. */
export function listTaskDeliveries(ledger: Connection, taskId: string, since: number) {
  return taskDeliveries.all(ledger, { task: taskId, since: formatTimestamp(since) });
}

/** Opens the record of an observation; returns its id. Call inside a write transaction. */
export function insertCycle(ledger: Connection, taskId: string, now: number): number {
  return ledger.run("INSERT INTO manager_cycles (task_id, started_at, state) VALUES (?, ?, 'started')", [
    taskId,
    formatTimestamp(now),
  ]).lastId;
}

export interface CycleEnd {
  readonly state: 'succeeded' | 'failed';
  readonly status: JsonObject;
  readonly error?: string;
}

/** Closes the record. Call inside a write transaction. */
export function finishCycle(ledger: Connection, id: number, { state, status, error }: CycleEnd, now: number): void {
  ledger.run('UPDATE manager_cycles SET state = ?, completed_at = ?, status_json = ?, error = ? WHERE id = ?', [
    state,
    formatTimestamp(now),
    ledgerJson(status),
    error ?? null,
    id,
  ]);
}

/** Cycles that were begun before a moment and never ended: whoever ran them is gone. */
export function listUnfinishedCycles(ledger: Connection, taskId: string, before: number): number[] {
  return unfinished.all(ledger, [taskId, formatTimestamp(before)]).map(({ id }) => id);
}

/** Takes everything that waits in a mailbox, oldest first, for a reader who has yet to show it. */
export function takeAll(ledger: Connection, at: LeaseHost, mailbox: Mailbox, reader: string): TakenItem[] {
  const taken: TakenItem[] = [];
  for (let next = takeNext(ledger, at, mailbox, reader); next !== null; next = takeNext(ledger, at, mailbox, reader)) {
    taken.push(next);
  }
  return taken;
}

export function putAllBack(ledger: Connection, at: LeaseHost, items: readonly TakenItem[]): void {
  for (const item of items) putBack(ledger, at, item);
}

/** Marks what a cycle showed as read by that cycle. */
export function consumeByCycle(ledger: Connection, items: readonly TakenItem[], cycleId: number, now: number): void {
  if (items.length === 0) return;
  ledger.write(() => {
    for (const { notification } of items) {
      ledger.run(
        `UPDATE routed_notifications SET consumed_at = $at, consumed_manager_cycle_id = $cycle, state = 'delivered',
           delivered_at = coalesce(delivered_at, $at) WHERE id = $id AND consumed_at IS NULL`,
        { id: notification.id, cycle: cycleId, at: formatTimestamp(now) },
      );
      forgetLease(ledger, inboxClaim(notification.id));
    }
    touchSequence(ledger);
  });
}
