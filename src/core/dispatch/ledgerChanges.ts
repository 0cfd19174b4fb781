import { CommitWatch } from '../ledger/commitWatch.ts';
import type { Connection } from '../ledger/connection.ts';
import type { Clock } from '../ports/clock.ts';
import type { FolderWatcher } from '../ports/folderWatcher.ts';

/**
 * Wakes within milliseconds when another process has committed. Holds no lock.
 *
 * Owns a watch on the ledger's folder; `close` ends it.
 */
export class LedgerChanges {
  readonly #clock: Clock;
  readonly #watch: CommitWatch;
  #wake: (() => void) | null = null;
  #isDirty = false;

  constructor(ledger: Connection, clock: Clock, watcher?: FolderWatcher) {
    this.#clock = clock;
    this.#watch = new CommitWatch(
      ledger,
      () => {
        this.#isDirty = true;
        this.#wake?.();
      },
      watcher,
    );
  }

  /** Resolves at the next commit of another connection, after that time, or when the signal aborts. */
  async next(milliseconds: number, signal: AbortSignal): Promise<void> {
    this.#watch.look();
    if (this.#isDirty || signal.aborted) {
      this.#isDirty = false;
      return;
    }
    const rest = new AbortController();
    const stop = () => rest.abort();
    signal.addEventListener('abort', stop, { once: true });
    this.#wake = stop;
    await this.#clock.sleep(milliseconds, rest.signal);
    this.#wake = null;
    signal.removeEventListener('abort', stop);
    this.#isDirty = false;
  }

  close(): void {
    this.#watch.close();
  }
}
