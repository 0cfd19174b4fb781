import { dirname } from 'node:path';
import type { Connection } from '../ledger/connection.ts';
import type { Clock } from '../ports/clock.ts';
import { type FolderWatcher, systemFolderWatcher } from '../ports/folderWatcher.ts';

/**
 * Wakes within milliseconds when another process has committed. Holds no lock.
 *
 * Owns a watch on the ledger's folder; `close` ends it.
 */
export class LedgerChanges {
  readonly #ledger: Connection;
  readonly #clock: Clock;
  readonly #watch: { close(): void };
  #version: number;
  #wake: (() => void) | null = null;
  #isDirty = false;

  constructor(ledger: Connection, clock: Clock, watcher: FolderWatcher = systemFolderWatcher) {
    this.#ledger = ledger;
    this.#clock = clock;
    this.#watch = watcher.watch(dirname(ledger.file), () => this.#look());
    // After the watch: what is committed in between is noticed by one of the two.
    this.#version = ledger.dataVersion();
  }

  /** Resolves at the next commit of another connection, after that time, or when the signal aborts. */
  async next(milliseconds: number, signal: AbortSignal): Promise<void> {
    this.#look();
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

  /** The folder changes for many reasons; only a commit is one. */
  #look(): void {
    const version = this.#ledger.dataVersion();
    if (version === this.#version) return;
    this.#version = version;
    this.#isDirty = true;
    this.#wake?.();
  }
}
