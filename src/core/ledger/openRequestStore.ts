import * as z from 'zod/mini';
import { formatTimestamp } from '../domain/timestamps.ts';
import type { Connection } from './connection.ts';
import { type LeaseHost, momentOf } from './leaseStore.ts';
import { query } from './query.ts';

const requestRow = z.object({
  id: z.string(),
  session_id: z.string(),
  boot_id: z.string(),
  expires_monotonic: z.number(),
  state: z.enum(['asked', 'taken', 'opened', 'refused', 'expired']),
  taken_by: z.nullable(z.string()),
  reason: z.nullable(z.string()),
});
/** A wish that a window shows the terminal of a session. Anybody who writes the ledger can make one. */
export type OpenRequest = z.infer<typeof requestRow>;

const columns = 'id, session_id, boot_id, expires_monotonic, state, taken_by, reason';
const byId = query(requestRow, `SELECT ${columns} FROM panel_open_requests WHERE id = ?`);
const asked = query(
  requestRow,
  `SELECT ${columns} FROM panel_open_requests WHERE state = 'asked' ORDER BY rowid LIMIT 50`,
);

/** The longest that a request may wait; one that claims more is none of ours. Milliseconds. */
export const openRequestLifetime = 10_000;
const keptFor = 24 * 60 * 60_000;

export function insertOpenRequest(
  ledger: Connection,
  at: LeaseHost,
  { id, sessionId }: { readonly id: string; readonly sessionId: string },
): void {
  const now = at.clock.now();
  const { bootId, monotonic } = momentOf(at);
  ledger.run("DELETE FROM panel_open_requests WHERE state <> 'asked' AND requested_at < ?", [
    formatTimestamp(now - keptFor),
  ]);
  ledger.run(
    'INSERT INTO panel_open_requests (id, session_id, requested_at, boot_id, expires_monotonic) VALUES (?, ?, ?, ?, ?)',
    [id, sessionId, formatTimestamp(now), bootId, monotonic + openRequestLifetime],
  );
}

export function findOpenRequest(ledger: Connection, id: string): OpenRequest | null {
  return byId.first(ledger, [id]);
}

/** What is asked for, for this window alone: no other gets it any more. What has waited too long is over. */
export function takeOpenRequests(ledger: Connection, at: LeaseHost, windowId: string): OpenRequest[] {
  if (asked.readable(ledger).length === 0) return [];
  return ledger.write(() => {
    const { bootId, monotonic } = momentOf(at);
    const found = asked.readable(ledger);
    const isOpen = ({ boot_id: boot, expires_monotonic: expires }: OpenRequest) =>
      boot === bootId && monotonic < expires && expires - monotonic <= openRequestLifetime;
    for (const request of found) {
      ledger.run('UPDATE panel_open_requests SET state = ?, taken_by = ? WHERE id = ?', [
        isOpen(request) ? 'taken' : 'expired',
        windowId,
        request.id,
      ]);
    }
    return found.filter(isOpen);
  });
}

/** What came of it: null when it is shown, else why not. Only its window can say. */
export function settleOpenRequest(
  ledger: Connection,
  { id, windowId, reason }: { readonly id: string; readonly windowId: string; readonly reason: string | null },
): void {
  ledger.run("UPDATE panel_open_requests SET state = ?, reason = ? WHERE id = ? AND state = 'taken' AND taken_by = ?", [
    reason === null ? 'opened' : 'refused',
    reason,
    id,
    windowId,
  ]);
}

/** Nobody waits for it any more. False when a window has taken it. */
export function withdrawOpenRequest(ledger: Connection, id: string): boolean {
  const { changes } = ledger.run("UPDATE panel_open_requests SET state = 'expired' WHERE id = ? AND state = 'asked'", [
    id,
  ]);
  return changes > 0;
}
