/** How long an item that failed rests before it is tried again: doubling, up to a limit. */
export interface BackoffPolicy {
  readonly firstMilliseconds: number;
  readonly longestMilliseconds: number;
}

/** Somebody types, a dialog is open: it may be over any moment, and a person waits for it. */
export const deferralPolicy: BackoffPolicy = { firstMilliseconds: 1000, longestMilliseconds: 15_000 };
/** The terminal is gone: it may come back, but not by looking at it. */
export const failurePolicy: BackoffPolicy = { firstMilliseconds: 2000, longestMilliseconds: 60_000 };

/** `failures` counts this one. */
export function backoffDelay(failures: number, { firstMilliseconds, longestMilliseconds }: BackoffPolicy): number {
  return Math.min(longestMilliseconds, firstMilliseconds * 2 ** Math.min(30, Math.max(0, failures - 1)));
}

/** Between half of a delay and all of it: those who failed together do not come back together. `share` is 0 to below 1. */
export function jittered(delay: number, share: number): number {
  return Math.round(delay * (0.5 + share / 2));
}
