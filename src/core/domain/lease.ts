/**
 * Leases: who may do something now, and the number by which a former holder is known to be one.
 *
 * Expiry is judged by boot and monotonic time: a wall clock that jumps neither ends a lease nor keeps it alive.
 */
export interface Lease {
  readonly holder: string;
  readonly kind: LeaseKind;
  /** Grows with every change of hands, so that a holder who was overtaken can be told from the present one. */
  readonly fence: number;
  readonly bootId: string;
  /** Milliseconds of `Clock.monotonic()`. */
  readonly renewedMonotonic: number;
  readonly expiresMonotonic: number;
}

/**
 * What a lease is for. `window` and `headless` are the two that lead: a window takes over from a headless watcher,
 * never the reverse. Whatever else stands in the ledger was written by a later version.
 */
export const leaseKinds = ['window', 'headless', 'pane', 'claim', 'inbox', 'other'] as const;
export type LeaseKind = (typeof leaseKinds)[number];

/** Now, in the terms in which leases are judged. */
export interface Moment {
  readonly bootId: string;
  readonly monotonic: number;
}

export interface LeaseRequest {
  readonly holder: string;
  readonly kind: LeaseKind;
  readonly milliseconds: number;
}

export type LeaseAnswer =
  | { readonly granted: true; readonly lease: Lease }
  | { readonly granted: false; readonly lease: Lease };

export function isLive(lease: Lease, now: Moment): boolean {
  if (lease.bootId !== now.bootId) return false;
  // Renewed in the future of this boot: written under another clock, so its expiry means nothing here.
  return lease.renewedMonotonic <= now.monotonic && now.monotonic < lease.expiresMonotonic;
}

/** Grants what is free, expired, or held by something that must give way. The holder itself renews; it doesn't acquire. */
export function acquire(current: Lease | null, request: LeaseRequest, now: Moment): LeaseAnswer {
  if (current !== null && isLive(current, now) && !outranks(request.kind, current.kind)) {
    return { granted: false, lease: current };
  }
  return { granted: true, lease: leaseFrom(request, (current?.fence ?? 0) + 1, now) };
}

/** The same lease for longer; null when it has changed hands or run out: whoever lets it run out must acquire anew. */
export function renew(current: Lease | null, held: HeldLease, milliseconds: number, now: Moment): Lease | null {
  if (current === null || !isHeldBy(current, held) || !isLive(current, now)) return null;
  return leaseFrom({ holder: held.holder, kind: current.kind, milliseconds }, current.fence, now);
}

/** The lease as nobody's, its number kept; null when it isn't theirs to give back. */
export function release(current: Lease | null, held: HeldLease, now: Moment): Lease | null {
  if (current === null || !isHeldBy(current, held)) return null;
  return { ...current, bootId: now.bootId, renewedMonotonic: now.monotonic, expiresMonotonic: now.monotonic };
}

/** What a holder remembers. */
export interface HeldLease {
  readonly holder: string;
  readonly fence: number;
}

export function isHeldBy(lease: Lease, { holder, fence }: HeldLease): boolean {
  return lease.holder === holder && lease.fence === fence;
}

function outranks(one: LeaseKind, other: LeaseKind): boolean {
  return one === 'window' && other === 'headless';
}

function leaseFrom({ holder, kind, milliseconds }: LeaseRequest, fence: number, now: Moment): Lease {
  return {
    holder,
    kind,
    fence,
    bootId: now.bootId,
    renewedMonotonic: now.monotonic,
    expiresMonotonic: now.monotonic + milliseconds,
  };
}
