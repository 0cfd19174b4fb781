import { dirname } from 'node:path';
import { type FolderWatcher, systemFolderWatcher } from '../ports/folderWatcher.ts';
import type { Connection } from './connection.ts';

/**
 * SQLite writes the `-wal` file first and makes the commit visible in shared memory after that, which no folder tells
 * of. Who is quicker than the writer sees nothing yet and has to look again. Milliseconds after the last change.
 */
const laterLooks = [2, 10, 50] as const;

/**
 * Calls back when another connection has committed. Holds no lock.
 *
 * Owns a watch on the ledger's folder and a timer until `close`. An event may still get lost: a slow poll has to stand
 * behind it.
 */
export class CommitWatch {
  readonly #ledger: Connection;
  readonly #onCommitted: () => void;
  readonly #watch: { close(): void };
  #version: number;
  #timer: NodeJS.Timeout | null = null;

  constructor(ledger: Connection, onCommitted: () => void, watcher: FolderWatcher = systemFolderWatcher) {
    this.#ledger = ledger;
    this.#onCommitted = onCommitted;
    this.#watch = watcher.watch(dirname(ledger.file), () => this.#lookUntilSeen(0));
    // After the watch: what is committed in between is noticed by one of the two.
    this.#version = ledger.dataVersion();
  }

  /** True, and called back, when there was a commit since the last look. */
  look(): boolean {
    const version = this.#ledger.dataVersion();
    if (version === this.#version) return false;
    this.#version = version;
    this.#onCommitted();
    return true;
  }

  close(): void {
    this.#watch.close();
    this.#forget();
  }

  /** The folder changes for many reasons; only a commit is one. */
  #lookUntilSeen(looks: number): void {
    this.#forget();
    const delay = laterLooks[looks];
    if (this.look() || delay === undefined) return;
    this.#timer = setTimeout(() => this.#lookUntilSeen(looks + 1), delay);
    this.#timer.unref();
  }

  #forget(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
