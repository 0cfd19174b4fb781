import type { HeldLease, Moment } from '../domain/lease.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import { touchSequence } from './commandQueueStore.ts';
import type { Connection } from './connection.ts';
import {
  acquireLease,
  forgetLease,
  inboxClaim,
  type LeaseHost,
  momentOf,
  readLease,
  releaseLease,
} from './leaseStore.ts';
import {
  completionSignal,
  type Notification,
  notificationColumns,
  notificationRow,
  notificationTables,
  requireNotification,
} from './notificationStore.ts';
import { query } from './query.ts';
import { isHeldBy } from '../domain/lease.ts';

/** A reader has so long to write out what it took before it is offered to others again. */
export const readerMilliseconds = 10_000;

/** Whose mail: everything for the session, or only what belongs to one binding (OD-24). */
export interface Mailbox {
  readonly sessionId: string;
  readonly bindingId: string | null;
}

const liveLease = `boot_id = $boot AND renewed_monotonic <= $monotonic AND $monotonic < expires_monotonic`;
// A completion that could not be pushed, or may not have arrived, can be read like any other: it is never lost (OD-23).
const visible = `n.target_session_id = $session AND ($binding IS NULL OR n.binding_id = $binding) AND n.consumed_at IS NULL
  AND (n.state = 'delivered' OR n.signal_type = '${completionSignal}' AND (n.state = 'failed'
    OR n.state = 'pending' AND n.side_effect_started = 0
      AND NOT EXISTS (SELECT 1 FROM panel_leases l WHERE l.name = 'claim:notification:' || n.id AND ${liveLease})
      AND (n.claim_expires_at IS NULL OR n.claim_expires_at <= $now
        OR EXISTS (SELECT 1 FROM panel_leases l WHERE l.name = 'claim:notification:' || n.id))))`;
const unread = query(
  notificationRow,
  `SELECT ${notificationColumns} FROM ${notificationTables} WHERE ${visible} ORDER BY n.id LIMIT $limit`,
);
const takeable = query(
  notificationRow,
  `SELECT ${notificationColumns} FROM ${notificationTables} WHERE ${visible}
     AND NOT EXISTS (SELECT 1 FROM panel_leases l WHERE l.name = 'inbox:' || n.id AND ${liveLease})
   ORDER BY n.id LIMIT 1`,
);

/** What waits to be read, oldest first. Takes no lock and changes nothing. */
export function listInbox(ledger: Connection, at: LeaseHost, mailbox: Mailbox, limit: number): Notification[] {
  return unread.all(ledger, { ...mailboxParameters(mailbox, at), limit });
}

/** An item that a reader has taken but not finished reading. */
export interface TakenItem {
  readonly notification: Notification;
  readonly held: HeldLease;
}

/** Takes the oldest item that no other reader has in hand; null when there is none. Taking is not yet consuming. */
export function takeNext(ledger: Connection, at: LeaseHost, mailbox: Mailbox, reader: string): TakenItem | null {
  const parameters = mailboxParameters(mailbox, at);
  if (takeable.first(ledger, parameters) === null) return null; // without the lock: mostly there is nothing
  return ledger.write(() => {
    const notification = takeable.first(ledger, mailboxParameters(mailbox, at));
    if (notification === null) return null;
    const request = { holder: reader, kind: 'inbox', milliseconds: readerMilliseconds } as const;
    const lease = acquireLease(ledger, at, inboxClaim(notification.id), request);
    return lease === null ? null : { notification, held: { holder: reader, fence: lease.fence } };
  });
}

/** Puts an item back that could not be read. */
export function putBack(ledger: Connection, at: LeaseHost, { notification, held }: TakenItem): void {
  releaseLease(ledger, at, inboxClaim(notification.id), held);
}

/** Marks an item as read by its target. False when the reader took too long and somebody else took it meanwhile. */
export function consume(ledger: Connection, { notification, held }: TakenItem, consumedAt: number): boolean {
  return ledger.write(() => {
    const name = inboxClaim(notification.id);
    const lease = readLease(ledger, name);
    if (lease === null || !isHeldBy(lease, held)) return false;
    const { state } = requireNotification(ledger, notification.id);
    ledger.run(
      `UPDATE routed_notifications SET consumed_at = $at, consumed_by_session_id = target_session_id,
         delivered_at = coalesce(delivered_at, $at), state = 'delivered',
         delivery_mode = CASE WHEN $wasUnpushed THEN 'pull_required' ELSE delivery_mode END
       WHERE id = $id AND consumed_at IS NULL`,
      { id: notification.id, at: formatTimestamp(consumedAt), wasUnpushed: state === 'pending' ? 1 : 0 },
    );
    forgetLease(ledger, name);
    touchSequence(ledger);
    return true;
  });
}

function mailboxParameters({ sessionId, bindingId }: Mailbox, at: LeaseHost) {
  const moment: Moment = momentOf(at);
  return {
    session: sessionId,
    binding: bindingId,
    boot: moment.bootId,
    monotonic: moment.monotonic,
    now: formatTimestamp(at.clock.now()),
  };
}
