import { type FSWatcher, watch } from 'node:fs';

/** Tells that something in a folder has changed, not what. May tell too often, and on some file systems never. */
export interface FolderWatcher {
  /** Ends with `close`. A folder that can't be watched is silent. */
  watch(folder: string, onChange: () => void): { close(): void };
}

/** Watches the folder, not a file in it: SQLite's `-wal` file is replaced, and a watch on it goes deaf. */
export const systemFolderWatcher: FolderWatcher = {
  watch: (folder, onChange) => {
    let watcher: FSWatcher | null = null;
    try {
      watcher = watch(folder, { persistent: false }, onChange);
      watcher.on('error', () => {}); // the folder went away: whoever waits has a slow poll behind this
    } catch {
      // No watches left, or a file system without them.
    }
    return { close: () => watcher?.close() };
  },
};

/** Changes when the test says so. */
export class FakeFolderWatcher implements FolderWatcher {
  readonly #listeners = new Set<() => void>();

  get watching(): number {
    return this.#listeners.size;
  }

  watch(_folder: string, onChange: () => void): { close(): void } {
    this.#listeners.add(onChange);
    return { close: () => this.#listeners.delete(onChange) };
  }

  change(): void {
    for (const listener of this.#listeners) listener();
  }
}
