import * as z from 'zod/mini';
import { backoffDelay, type BackoffPolicy } from '../domain/backoff.ts';
import type { Moment } from '../domain/lease.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import type { Connection } from './connection.ts';
import { type LeaseHost, momentOf } from './leaseStore.ts';
import { query } from './query.ts';

const backoffRow = z.object({
  failures: z.number(),
  boot_id: z.string(),
  retry_monotonic: z.number(),
  retry_at: z.string(),
  reason: z.string(),
});

/** An item at rest after a failure: `reason` is a closed word, never what somebody typed. */
export type Backoff = z.infer<typeof backoffRow>;

const byItem = query(
  backoffRow,
  'SELECT failures, boot_id, retry_monotonic, retry_at, reason FROM panel_backoffs WHERE item = ?',
);

export const commandItem = (commandId: string) => `command:${commandId}`;
export const notificationItem = (notificationId: number) => `notification:${notificationId}`;

export function findBackoff(ledger: Connection, item: string): Backoff | null {
  return byItem.first(ledger, [item]);
}

export function isResting(backoff: Pick<Backoff, 'boot_id' | 'retry_monotonic'>, now: Moment): boolean {
  return backoff.boot_id === now.bootId && now.monotonic < backoff.retry_monotonic;
}

/** Lets an item rest, longer with every failure. `isNews` is false when it failed for the same reason as before. */
export function backOff(
  ledger: Connection,
  at: LeaseHost,
  item: string,
  reason: string,
  policy: BackoffPolicy,
): { readonly retryAt: string; readonly failures: number; readonly isNews: boolean } {
  const known = findBackoff(ledger, item);
  const failures = (known?.failures ?? 0) + 1;
  const delay = backoffDelay(failures, policy);
  const now = momentOf(at);
  const retryAt = formatTimestamp(at.clock.now() + delay);
  ledger.run(
    `INSERT OR REPLACE INTO panel_backoffs (item, failures, boot_id, retry_monotonic, retry_at, reason)
     VALUES (?, ?, ?, ?, ?, ?)`,
    [item, failures, now.bootId, now.monotonic + delay, retryAt, reason],
  );
  return { retryAt, failures, isNews: known?.reason !== reason };
}

export function clearBackoff(ledger: Connection, item: string): void {
  ledger.run('DELETE FROM panel_backoffs WHERE item = ?', [item]);
}

/** Ends the rest of everything that waits for this session: what stood in the way may be gone. True when something waited. */
export function endRestsFor(ledger: Connection, sessionId: string): boolean {
  const { changes } = ledger.run(
    `UPDATE panel_backoffs SET retry_monotonic = 0 WHERE retry_monotonic > 0 AND item IN (
       SELECT 'command:' || command_id FROM panel_deliveries WHERE session_id = $sessionId AND state = 'deferred'
       UNION ALL
       SELECT 'notification:' || notification_id FROM panel_deliveries WHERE session_id = $sessionId AND state = 'deferred')`,
    { sessionId },
  );
  return changes > 0;
}
