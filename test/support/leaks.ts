import { chmodSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { RootHookObject } from 'mocha';

/**
 * What stands for Python's ResourceWarning gate: after a run, nothing that its tests opened, started or made may be left.
 * Use it as `mocha --require test/support/leaks.ts …`.
 */
interface Held {
  /** Files, sockets and watches that are open. */
  readonly open: readonly string[];
  /** Processes that we started, with what they run. */
  readonly processes: readonly string[];
  /** What lies in the folder for temporary files. */
  readonly temporary: readonly string[];
  /** What keeps the event loop alive. */
  readonly resources: readonly string[];
}

const patience = 5000;
let before: Held | null = null;

// A folder of this run: what others of this machine have in theirs is none of our business. Short, for the sake of sockets.
const usual = tmpdir();
const folder = mkdtempSync(join(usual, 'cl-'));
// Some tests look from outside, as another user.
chmodSync(folder, 0o755);
process.env['TMPDIR'] = folder;
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

export const mochaHooks: RootHookObject = {
  beforeAll() {
    before = held();
  },
  async afterAll() {
    const deadline = Date.now() + patience;
    // What was told to end takes a moment.
    while (leaks().length > 0 && Date.now() < deadline) await new Promise((done) => setTimeout(done, 50));
    const left = leaks();
    if (left.length > 0) throw new Error(`the tests left behind:\n${left.join('\n')}`);
  },
};

function leaks(): readonly string[] {
  const now = held();
  return (Object.keys(now) as (keyof Held)[]).flatMap((kind) =>
    more(now[kind], before?.[kind] ?? []).map((one) => `  ${kind}: ${one}`),
  );
}

/** What is in one list more often than in the other. */
function more(now: readonly string[], then: readonly string[]): readonly string[] {
  const rest = [...then];
  return now.filter((one) => {
    const place = rest.indexOf(one);
    if (place >= 0) rest.splice(place, 1);
    return place < 0;
  });
}

function held(): Held {
  return {
    open: openFiles(),
    processes: startedHere(),
    temporary: readdirSync(folder),
    resources: process.getActiveResourcesInfo().filter((name) => !/Immediate|Timeout|CloseReq|FSReq/.test(name)),
  };
}

/** Linux only: elsewhere the rest has to do. */
function openFiles(): readonly string[] {
  return entries('/proc/self/fd').flatMap((number) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${number}`);
      // Numbers of pipes and sockets differ from run to run; how many there are does not.
      // Node keeps one inotify for good, once anything was watched.
      const isNodes = /^\/(?:dev|proc)\/|^anon_inode:(?:inotify|\[)/.test(target);
      return isNodes ? [] : [target.replace(/:\[\d+\]$/, '')];
    } catch {
      return [];
    }
  });
}

/** Also those that no longer count as ours, such as a tmux server: they have the folder of this run in their variables. */
function startedHere(): readonly string[] {
  const pids = entries('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const own = entries('/proc/self/task').flatMap((thread) => text(`/proc/self/task/${thread}/children`).split(' '));
  return pids
    .filter((pid) => own.includes(pid) || text(`/proc/${pid}/environ`).includes(folder))
    .map((pid) => `${pid} ${text(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim()}`);
}

function entries(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function text(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
