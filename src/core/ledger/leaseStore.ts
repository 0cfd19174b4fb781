import * as z from 'zod/mini';
import {
  acquire,
  type HeldLease,
  isLive,
  type Lease,
  leaseKinds,
  type LeaseRequest,
  type Moment,
  release,
  renew,
} from '../domain/lease.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import type { Clock } from '../ports/clock.ts';
import type { HostFacts } from '../ports/hostFacts.ts';
import type { Connection } from './connection.ts';
import { query } from './query.ts';

const leaseRow = z.pipe(
  z.object({
    holder: z.string(),
    kind: z.string(),
    fence: z.number(),
    boot_id: z.string(),
    renewed_monotonic: z.number(),
    expires_monotonic: z.number(),
    pid: z.nullable(z.number()),
    pid_namespace: z.nullable(z.string()),
  }),
  z.transform((row): StoredLease => ({
    holder: row.holder,
    kind: leaseKinds.find((kind) => kind === row.kind) ?? 'other',
    fence: row.fence,
    bootId: row.boot_id,
    renewedMonotonic: row.renewed_monotonic,
    expiresMonotonic: row.expires_monotonic,
    pid: row.pid,
    pidNamespace: row.pid_namespace,
  })),
);

/** A lease and the process that took it. */
export interface StoredLease extends Lease {
  readonly pid: number | null;
  readonly pidNamespace: string | null;
}

/** The facts that leases are judged and stamped with. */
export interface LeaseHost {
  readonly clock: Clock;
  readonly host: Pick<HostFacts, 'bootId' | 'pidNamespace'>;
}

const byName = query(
  leaseRow,
  `SELECT holder, kind, fence, boot_id, renewed_monotonic, expires_monotonic, pid, pid_namespace
   FROM panel_leases WHERE name = ?`,
);
const upsert = `INSERT INTO panel_leases (name, holder, fence, kind, boot_id, pid_namespace, pid, acquired_at,
    renewed_monotonic, expires_monotonic, expires_at)
  VALUES ($name, $holder, $fence, $kind, $boot_id, $pid_namespace, $pid, $acquired_at, $renewed, $expires, $expires_at)
  ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, fence = excluded.fence, kind = excluded.kind,
    boot_id = excluded.boot_id, pid_namespace = excluded.pid_namespace, pid = excluded.pid,
    acquired_at = CASE WHEN panel_leases.fence = excluded.fence THEN panel_leases.acquired_at ELSE excluded.acquired_at END,
    renewed_monotonic = excluded.renewed_monotonic, expires_monotonic = excluded.expires_monotonic,
    expires_at = excluded.expires_at`;

export const leadershipLease = 'leadership';
export const paneLease = (socket: string | null, pane: string) => `pane:${socket ?? 'default'}:${pane}`;
export const commandClaim = (commandId: string) => `claim:command:${commandId}`;
export const notificationClaim = (notificationId: number) => `claim:notification:${notificationId}`;
export const inboxClaim = (notificationId: number) => `inbox:${notificationId}`;

export function momentOf({ clock, host }: LeaseHost): Moment {
  return { bootId: host.bootId, monotonic: clock.monotonic() };
}

export function readLease(ledger: Connection, name: string): StoredLease | null {
  return byName.first(ledger, [name]);
}

/** The lease when it was granted; null while somebody else holds it. */
export function acquireLease(ledger: Connection, at: LeaseHost, name: string, request: LeaseRequest): Lease | null {
  return ledger.write(() => {
    const answer = acquire(readLease(ledger, name), request, momentOf(at));
    if (!answer.granted) return null;
    storeLease(ledger, at, name, answer.lease);
    return answer.lease;
  });
}

/** False when it has changed hands or run out: its holder must not act any more. */
export function renewLease(
  ledger: Connection,
  at: LeaseHost,
  name: string,
  held: HeldLease,
  milliseconds: number,
): boolean {
  return ledger.write(() => {
    const lease = renew(readLease(ledger, name), held, milliseconds, momentOf(at));
    if (lease !== null) storeLease(ledger, at, name, lease);
    return lease !== null;
  });
}

/** Gives the lease back; harmless when it is not theirs any more. */
export function releaseLease(ledger: Connection, at: LeaseHost, name: string, held: HeldLease): void {
  ledger.write(() => {
    const lease = release(readLease(ledger, name), held, momentOf(at));
    if (lease !== null) storeLease(ledger, at, name, lease);
  });
}

/** Frees a lease whose process is known to be gone; one that might live elsewhere has to run out. */
export function freeDeadLease(
  ledger: Connection,
  at: LeaseHost & { readonly host: Pick<HostFacts, 'isAlive'> },
  name: string,
): void {
  const isDead = (lease: StoredLease | null): lease is StoredLease & { readonly pid: number } =>
    lease !== null &&
    lease.pid !== null &&
    isLive(lease, momentOf(at)) &&
    lease.pidNamespace === at.host.pidNamespace &&
    !at.host.isAlive(lease.pid);
  if (!isDead(readLease(ledger, name))) return;
  ledger.write(() => {
    const lease = readLease(ledger, name);
    const freed = isDead(lease) ? release(lease, lease, momentOf(at)) : null;
    if (freed !== null) storeLease(ledger, at, name, freed);
  });
}

/** For leases of things that are over and will never be leased again. */
export function forgetLease(ledger: Connection, name: string): void {
  ledger.run('DELETE FROM panel_leases WHERE name = ?', [name]);
}

function storeLease(ledger: Connection, { clock, host }: LeaseHost, name: string, lease: Lease): void {
  const now = clock.now();
  ledger.run(upsert, {
    name,
    holder: lease.holder,
    fence: lease.fence,
    kind: lease.kind,
    boot_id: lease.bootId,
    pid_namespace: host.pidNamespace,
    pid: process.pid,
    acquired_at: formatTimestamp(now),
    renewed: lease.renewedMonotonic,
    expires: lease.expiresMonotonic,
    expires_at: formatTimestamp(now + lease.expiresMonotonic - lease.renewedMonotonic),
  });
}
