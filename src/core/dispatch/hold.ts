import { randomUUID } from 'node:crypto';
import { isHeldBy, type HeldLease, type LeaseKind } from '../domain/lease.ts';
import { acquireLease, readLease, releaseLease, renewLease } from '../ledger/leaseStore.ts';
import { type DispatchDependencies, realRepeater } from './dependencies.ts';

/** So long a pane stays reserved for a process that died with its lease in hand. */
export const paneMilliseconds = 15_000;

interface Term extends HeldLease {
  readonly milliseconds: number;
}

/**
 * The leases under which one delivery is made: the claim of its item, and the pane. Renewed while it lasts (OD-19).
 *
 * Owns its timer; `end` gives everything back.
 */
export class Hold {
  readonly holder: string;
  readonly #deps: DispatchDependencies;
  readonly #milliseconds: number;
  readonly #held = new Map<string, Term>();
  #stop: (() => void) | null = null;

  constructor(deps: DispatchDependencies, dispatcherId: string, milliseconds: number) {
    this.#deps = deps;
    this.#milliseconds = milliseconds;
    this.holder = `${dispatcherId}#${randomUUID()}`;
  }

  /** From now on until the end, without being asked. Call it when the claim is committed. */
  keepRenewing(): void {
    const repeat = this.#deps.every ?? realRepeater;
    const shortest = Math.min(this.#milliseconds, paneMilliseconds);
    this.#stop ??= repeat(Math.max(100, Math.floor(shortest / 3)), () => this.#renewQuietly());
  }

  /** False while somebody else holds it; what is held already is confirmed. */
  take(name: string, kind: LeaseKind, milliseconds = this.#milliseconds): boolean {
    if (this.#held.has(name)) return this.confirm();
    const lease = acquireLease(this.#deps.ledger, this.#deps, name, { holder: this.holder, kind, milliseconds });
    if (lease === null) return false;
    this.#held.set(name, { holder: this.holder, fence: lease.fence, milliseconds });
    return true;
  }

  /** Everything is still ours, and for a full term from now. */
  confirm(): boolean {
    const { ledger } = this.#deps;
    return ledger.write(() =>
      [...this.#held].every(([name, held]) => renewLease(ledger, this.#deps, name, held, held.milliseconds)),
    );
  }

  /** Nobody has taken it since, whether or not its term is over. */
  isStillOurs(name: string): boolean {
    const held = this.#held.get(name);
    const lease = held === undefined ? null : readLease(this.#deps.ledger, name);
    return held !== undefined && lease !== null && isHeldBy(lease, held);
  }

  /** Of something that is over: nothing to give back. */
  forget(name: string): void {
    this.#held.delete(name);
  }

  end(): void {
    this.#stop?.();
    for (const [name, held] of this.#held) releaseLease(this.#deps.ledger, this.#deps, name, held);
    this.#held.clear();
  }

  #renewQuietly(): void {
    try {
      this.confirm();
    } catch {
      // A ledger that can't be written now is met again, and reported, by whoever asks before the next key.
    }
  }
}
