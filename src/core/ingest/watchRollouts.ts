import { existsSync, type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname, sep } from 'node:path';
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
const settleMilliseconds = 8;
/**
 * chokidar drops changes of a file for 50 ms after it told of one, so what it told of is looked at again until that is
 * over: the end of a turn often follows its last line by less.
 */
const laterLooks = [25, 55] as const;
const recentMilliseconds = 48 * 3600 * 1000;

/**
 * Tells within milliseconds when a rollout grows. In the sessions folder only recent files are watched, so that years
 * of history cost nothing; what is followed is watched however old it is.
 */
export function watchRollouts(options: RolloutWatchOptions): RolloutWatch {
  return new ChokidarRolloutWatch(options);
}

class ChokidarRolloutWatch implements RolloutWatch {
  readonly ready: Promise<void>;
  readonly #options: RolloutWatchOptions;
  readonly #watcher: FSWatcher;
  readonly #known = new Set<string>();
  readonly #changed = new Set<string>();
  /** What a file was like when somebody was last told of it. */
  readonly #signatures = new Map<string, string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #isSettling = false;
  #isClosed = false;

  constructor(options: RolloutWatchOptions) {
    this.#options = options;
    this.#watcher = watch([], {
      ignoreInitial: true,
      ignored: (path, stats) => this.#isIgnored(path, stats),
    });
    this.ready = new Promise((resolve) => this.#watcher.once('ready', resolve));
    this.#watcher.on('add', (path) => this.#tell(path));
    this.#watcher.on('change', (path) => this.#tell(path));
    this.#watcher.on('error', options.onError);
    this.#watcher.add(nearestExisting(options.sessionsFolder));
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
    for (const path of added) {
      this.#known.add(path);
      if (!existsSync(path)) this.#signatures.set(path, absent);
    }
    if (added.length === 0) return;
    // What appears while chokidar still scans, it takes for old.
    for (const delay of [0, 60, 500]) this.#after(delay, () => this.#look(added));
    this.#watcher.add([...new Set(added.map(nearestExisting))]);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    await this.#watcher.close();
  }

  #isIgnored(path: string, stats: Stats | undefined): boolean {
    const { sessionsFolder } = this.#options;
    if (this.#known.has(path)) return false;
    const isBelow = path === sessionsFolder || path.startsWith(sessionsFolder + sep);
    if (stats?.isFile()) return !isBelow || !isRecentRollout(path, stats);
    // Folders: of all others only those on the way to something that is watched.
    return !isBelow && ![sessionsFolder, ...this.#known].some((target) => target.startsWith(path + sep));
  }

  #tell(path: string): void {
    this.#changed.add(path);
    if (this.#isSettling) return;
    this.#isSettling = true;
    this.#after(settleMilliseconds, async () => {
      this.#isSettling = false;
      const paths = new Set(this.#changed);
      this.#changed.clear();
      // Noted before anybody reads: what is written from now on will look different.
      for (const changed of paths) this.#signatures.set(changed, await signatureOf(changed));
      if (this.#isClosed) return;
      this.#options.onChanged(paths);
      for (const delay of laterLooks) this.#after(delay, () => this.#look(paths));
    });
  }

  /** Tells of files that are not what they were when they were last told of. */
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

function isRecentRollout(path: string, stats: Stats): boolean {
  return parseRolloutFileName(basename(path)) !== null && Date.now() - stats.mtimeMs < recentMilliseconds;
}

/** chokidar does not wait for what does not exist; a folder above it sees it appear. */
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
