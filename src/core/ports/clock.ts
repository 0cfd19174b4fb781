/** Time. `now` is the wall clock (for people and for upstream's columns); `monotonic` never goes back and decides expiry. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds since the machine booted; comparable between processes of one boot. */
  monotonic(): number;
  /** Resolves after that many milliseconds, or at once when the signal aborts. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  // hrtime counts from boot on Linux and macOS, so a lease written by another process can be judged with it.
  monotonic: () => Number(process.hrtime.bigint() / 1_000_000n),
  sleep: (milliseconds, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      signal?.addEventListener('abort', done, { once: true });
    }),
};

/** A clock that moves only when told to. */
export class FakeClock implements Clock {
  wall: number;
  uptime: number;

  constructor(wall = Date.UTC(2026, 0, 2, 3, 4, 5), uptime = 1_000_000) {
    this.wall = wall;
    this.uptime = uptime;
  }

  now(): number {
    return this.wall;
  }

  monotonic(): number {
    return this.uptime;
  }

  advance(milliseconds: number): void {
    this.wall += milliseconds;
    this.uptime += milliseconds;
  }

  sleep(milliseconds: number): Promise<void> {
    this.advance(milliseconds);
    return Promise.resolve();
  }
}
