import type { HeldLease, LeaseKind } from '../domain/lease.ts';
import type { Connection } from '../ledger/connection.ts';
import {
  acquireLease,
  type LeaseHost,
  leadershipLease,
  readLease,
  releaseLease,
  renewLease,
} from '../ledger/leaseStore.ts';

/** How long leadership lasts without renewal, and how often it is renewed. Milliseconds. */
export const leadershipTerm = 10_000;
export const leadershipRenewal = 3_000;

/**
 * Who watches rollouts and runs the loop: one engine for a ledger, a window before a headless watcher.
 *
 * Every wake-up of the engine calls `tick`; `release` hands over at once instead of after the term.
 */
export class Leadership {
  readonly #ledger: Connection;
  readonly #at: LeaseHost;
  readonly #holder: string;
  readonly #kind: Extract<LeaseKind, 'window' | 'headless'>;
  #held: HeldLease | null = null;

  constructor(ledger: Connection, at: LeaseHost, holder: string, kind: Extract<LeaseKind, 'window' | 'headless'>) {
    this.#ledger = ledger;
    this.#at = at;
    this.#holder = holder;
    this.#kind = kind;
  }

  get isLeader(): boolean {
    return this.#held !== null;
  }

  /** Renews what is held, or takes what is free. Returns whether this engine leads now. */
  tick(): boolean {
    if (this.#held !== null && !renewLease(this.#ledger, this.#at, leadershipLease, this.#held, leadershipTerm)) {
      this.#held = null;
    }
    if (this.#held === null) {
      const request = { holder: this.#holder, kind: this.#kind, milliseconds: leadershipTerm };
      this.#held = acquireLease(this.#ledger, this.#at, leadershipLease, request);
    }
    return this.isLeader;
  }

  /** Whether the ledger still says so: asked right before something that must not be done twice. */
  stillLeads(): boolean {
    const lease = this.#held === null ? null : readLease(this.#ledger, leadershipLease);
    return (
      lease !== null && this.#held !== null && lease.holder === this.#held.holder && lease.fence === this.#held.fence
    );
  }

  release(): void {
    if (this.#held !== null) releaseLease(this.#ledger, this.#at, leadershipLease, this.#held);
    this.#held = null;
  }
}
