import type { Clock } from '../ports/clock.ts';

export interface SerialLoopOptions {
  readonly clock: Clock;
  /** Runs at the latest this long after its last end, also when nobody woke it. Milliseconds. */
  readonly idleMilliseconds: number;
  /** Between the end of a run and the next at least, however often it is woken. None when left out. */
  readonly distanceMilliseconds?: number;
  /** Told what a job threw; the loop goes on. */
  readonly onError: (error: unknown) => void;
}

/**
 * A job that never overlaps with itself: it runs when woken, and now and then for safety. Being woken while it runs
 * means one more run, however often.
 *
 * Owns its timer; `stop` resolves when the running job has ended and nothing is left.
 */
export class SerialLoop {
  readonly #job: (signal: AbortSignal) => Promise<void>;
  readonly #options: SerialLoopOptions;
  readonly #stopping = new AbortController();
  #wakeUp: (() => void) | null = null;
  #isWoken = false;
  #running: Promise<void> | null = null;

  constructor(job: (signal: AbortSignal) => Promise<void>, options: SerialLoopOptions) {
    this.#job = job;
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  wake(): void {
    this.#isWoken = true;
    this.#wakeUp?.();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wakeUp?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      this.#isWoken = false;
      try {
        await this.#job(signal);
      } catch (error) {
        this.#options.onError(error);
      }
      await this.#keepDistance(signal);
      if (!this.#isWoken && !signal.aborted) await this.#rest();
    }
  }

  async #keepDistance(signal: AbortSignal): Promise<void> {
    const { clock, distanceMilliseconds = 0 } = this.#options;
    if (distanceMilliseconds > 0) await clock.sleep(distanceMilliseconds, signal);
  }

  async #rest(): Promise<void> {
    const rest = new AbortController();
    this.#wakeUp = () => rest.abort();
    const { clock, idleMilliseconds, distanceMilliseconds = 0 } = this.#options;
    await clock.sleep(Math.max(0, idleMilliseconds - distanceMilliseconds), rest.signal);
    this.#wakeUp = null;
  }
}
