import { existsSync, type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';

/** A lost event costs this much. Milliseconds. */
const pollMilliseconds = 1000;

/**
 * Waits for a ledger that another process may make. Owns a watch on the folder above the state root and a slow poll;
 * both end with the arrival or with `close`.
 */
export class LedgerArrival {
  readonly #file: string;
  readonly #onArrived: () => void;
  #watcher: FSWatcher | null = null;
  #poll: NodeJS.Timeout | null = null;

  constructor(file: string, onArrived: () => void) {
    this.#file = file;
    this.#onArrived = onArrived;
  }

  wait(): void {
    const look = () => {
      if (!existsSync(this.#file)) return;
      this.close();
      this.#onArrived();
    };
    this.#poll = setInterval(look, pollMilliseconds);
    try {
      this.#watcher = watch(dirname(dirname(this.#file)), { persistent: false }, look);
      this.#watcher.on('error', () => {}); // the poll stands behind it
    } catch {
      // A folder that cannot be watched is polled.
    }
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = null;
    if (this.#poll !== null) clearInterval(this.#poll);
    this.#poll = null;
  }
}
