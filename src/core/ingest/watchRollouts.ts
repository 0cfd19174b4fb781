import { existsSync, readdirSync, statSync, watch as watchFiles } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import { parseRolloutFileName } from '../codex/rolloutHeader.ts';

/** Watches rollouts. Owns file watches and timers until `close`, after which nothing is called any more. */
export interface RolloutWatch {
  /** Resolves when appends from now on are noticed. */
  readonly ready: Promise<void>;
  /** The rollouts that sessions are known to write, old ones and ones still to come too; replaces the former set. */
  follow(paths: Iterable<string>): void;
  close(): Promise<void>;
}

export interface RolloutWatchOptions {
  /** `$CODEX_HOME/sessions`: files of today appear there. Need not exist yet. */
  readonly sessionsFolder: string;
  /** Called soon after these files appeared or changed. */
  readonly onChanged: (paths: ReadonlySet<string>) => void;
  readonly onError: (error: unknown) => void;
  /** What an operating system's lost event costs at most. */
  readonly pollMilliseconds?: number;
}

/** Long enough that lines written together are read together. */
const settleMilliseconds = 20;
const recentMilliseconds = 48 * 3600 * 1000;
/** `YYYY/MM/DD` below the sessions folder. */
const dayDepth = 3;

/**
 * Tells within milliseconds when a rollout grows. In the sessions folder only the folders of recent days are watched, so
 * that years of history cost nothing; the folder of what is followed is watched however old it is.
 *
 * chokidar finds the folders; the files in them are told of by one watch a folder. chokidar itself would read a folder
 * anew, with a `stat` for each file, once a second while anything in it grows, and drops changes within 50 ms.
 */
export function watchRollouts(options: RolloutWatchOptions): RolloutWatch {
  return new ChokidarRolloutWatch(options);
}

class ChokidarRolloutWatch implements RolloutWatch {
  readonly ready: Promise<void>;
  readonly #options: RolloutWatchOptions;
  /** The folders of days, as they come. */
  readonly #days: FSWatcher;
  /** Folders on the way to something that is not there yet. */
  readonly #missing: FSWatcher;
  readonly #folders = new Map<string, FolderWatch>();
  readonly #known = new Set<string>();
  readonly #changed = new Set<string>();
  /** What a file was like when somebody was last told of it. */
  readonly #signatures = new Map<string, string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #isReady = false;
  #isSettling = false;
  #isClosed = false;

  constructor(options: RolloutWatchOptions) {
    this.#options = options;
    const { sessionsFolder, onError } = options;
    this.#days = watch([], { depth: dayDepth - 1, ignored: (_path, stats) => stats?.isFile() === true });
    this.#days.on('addDir', (path) => {
      if (relative(sessionsFolder, path).split(sep).length === dayDepth) this.#openDay(path);
    });
    this.#missing = watch([], { ignored: (path, stats) => stats?.isFile() === true || !this.#isAwaited(path) });
    this.#missing.on('addDir', (path) => this.#appeared(path));
    for (const watcher of [this.#days, this.#missing]) watcher.on('error', onError);
    const isThere = existsSync(sessionsFolder);
    this.ready = new Promise<void>((resolve) => (isThere ? this.#days : this.#missing).once('ready', resolve)).then(
      () => {
        this.#isReady = true;
      },
    );
    if (isThere) this.#days.add(sessionsFolder);
    else this.#missing.add(nearestExisting(sessionsFolder));
    this.#poll();
  }

  follow(paths: Iterable<string>): void {
    const wanted = new Set(paths);
    for (const path of this.#known) {
      if (wanted.has(path)) continue;
      this.#known.delete(path);
      this.#signatures.delete(path);
    }
    const added = [...wanted].filter((path) => !this.#known.has(path));
    if (added.length === 0) return;
    for (const path of added) {
      this.#known.add(path);
      if (!existsSync(path)) this.#signatures.set(path, absent);
    }
    for (const folder of new Set(added.map((path) => dirname(path)))) this.#openOrAwait(folder);
    // What was written while its folder was being opened.
    for (const delay of [0, 60, 500]) this.#after(delay, () => this.#look(added));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    for (const folder of this.#folders.values()) folder.close();
    this.#folders.clear();
    await Promise.all([this.#days.close(), this.#missing.close()]);
  }

  /** On the way to a folder that is waited for. */
  #isAwaited(path: string): boolean {
    const targets = [this.#options.sessionsFolder, ...[...this.#known].map((known) => dirname(known))];
    return targets.some((target) => target === path || target.startsWith(path === sep ? path : path + sep));
  }

  #appeared(path: string): void {
    if (path === this.#options.sessionsFolder) this.#days.add(path);
    if ([...this.#known].some((known) => dirname(known) === path)) this.#open(path);
  }

  #openOrAwait(folder: string): void {
    if (existsSync(folder)) this.#open(folder);
    else this.#missing.add(nearestExisting(folder));
  }

  #openDay(folder: string): void {
    const found = statSync(folder, { throwIfNoEntry: false });
    if (found === undefined || Date.now() - found.mtimeMs > recentMilliseconds || this.#folders.has(folder)) return;
    this.#open(folder);
    // A day that begins now has its first file already.
    if (this.#isReady) for (const path of rolloutsIn(folder)) this.#tell(path);
  }

  #open(folder: string): void {
    if (this.#isClosed || this.#folders.has(folder)) return;
    const opened = watchFolder(folder, {
      onChanged: (name) => {
        const path = join(folder, name);
        if (this.#known.has(path) || isOfSessions(this.#options.sessionsFolder, path)) this.#tell(path);
      },
      onGone: () => this.#folders.delete(folder),
    });
    if (opened !== null) this.#folders.set(folder, opened);
    void this.#look([...this.#known].filter((path) => dirname(path) === folder)).catch(this.#options.onError);
  }

  #tell(path: string): void {
    this.#changed.add(path);
    if (this.#isSettling) return;
    this.#isSettling = true;
    this.#after(settleMilliseconds, async () => {
      this.#isSettling = false;
      const paths = new Set(this.#changed);
      this.#changed.clear();
      if (this.#isClosed) return;
      this.#options.onChanged(paths);
    });
  }

  /** Tells of files that are not what they were when they were last looked at. */
  async #look(paths: Iterable<string>): Promise<void> {
    for (const path of paths) {
      const signature = await signatureOf(path);
      const before = this.#signatures.get(path);
      this.#signatures.set(path, signature);
      if (before !== undefined && before !== signature) this.#tell(path);
    }
  }

  #poll(): void {
    this.#after(this.#options.pollMilliseconds ?? 5000, async () => {
      for (const folder of new Set([...this.#known].map((path) => dirname(path)))) {
        if (!this.#folders.has(folder) && existsSync(folder)) this.#open(folder);
      }
      await this.#look(this.#known);
      this.#poll();
    });
  }

  #after(milliseconds: number, work: () => Promise<void>): void {
    if (this.#isClosed) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work().catch(this.#options.onError);
    }, milliseconds);
    this.#timers.add(timer);
  }
}

interface FolderWatch {
  close(): void;
}

/** Null when there are no watches left, or the folder is gone: the slow poll is behind it. */
function watchFolder(
  folder: string,
  { onChanged, onGone }: { onChanged(name: string): void; onGone(): void },
): FolderWatch | null {
  try {
    const watcher = watchFiles(folder, { persistent: false }, (_event, name) => {
      if (name === null) return;
      // That the folder itself was removed is told under its own name.
      if (name === basename(folder) && !existsSync(folder)) {
        watcher.close();
        onGone();
      } else onChanged(name);
    });
    watcher.on('error', () => {
      watcher.close();
      onGone();
    });
    return watcher;
  } catch {
    return null;
  }
}

function isOfSessions(sessionsFolder: string, path: string): boolean {
  return path.startsWith(sessionsFolder + sep) && parseRolloutFileName(basename(path)) !== null;
}

function rolloutsIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => parseRolloutFileName(name) !== null)
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}

/** A folder above one that does not exist sees it appear. */
function nearestExisting(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestExisting(dirname(path));
}

const absent = 'absent';

async function signatureOf(path: string): Promise<string> {
  try {
    const { size, mtimeMs, ino } = await stat(path);
    return `${ino}:${size}:${mtimeMs}`;
  } catch {
    return absent;
  }
}
