/**
 * Which thread runs in this process tree? Named strategies, each with what it is sure of. They look at our own
 * session's processes only; the shared background server, which holds everyone's files, is passed over.
 */
import { basename, dirname, join } from 'node:path';
import { readdirSync } from 'node:fs';
import type { HostFacts } from '../ports/hostFacts.ts';
import { sessionProcesses } from './codexProcess.ts';
import { readRolloutHead, type RolloutHead } from './rolloutHead.ts';
import { parseRolloutFileName } from './rolloutHeader.ts';
import type { ThreadCandidate } from './threadCandidate.ts';

export interface DiscoveryScope {
  readonly rootPid: number;
  /** Threads created before (wall-clock milliseconds) are somebody else's. Null: any. */
  readonly notBefore: number | null;
}

/** Clocks and whole-second stamps: so much earlier than our own start is still ours (CP-15). */
const CLOCK_SLACK_MILLISECONDS = 5000;

/** Rollouts that the session's processes hold open, newest thread first. Sub-agents' are left out. */
export function threadsByOpenRollout(host: HostFacts, scope: DiscoveryScope): readonly ThreadCandidate[] {
  const found = heldFiles(host, scope.rootPid).flatMap(({ pid, file }): ThreadCandidate[] => {
    if (parseRolloutFileName(basename(file)) === null || !file.includes('/sessions/')) return [];
    const head = headOrNull(file);
    if (head === null || head.header.origin.kind === 'subagent' || isTooOld(head.header.createdAt, scope)) return [];
    const reason = `process ${pid} holds the rollout open`;
    const { threadId } = head.header;
    return [{ threadId, rolloutPath: file, pid, strategy: 'open_rollout', confidence: 'certain', reason }];
  });
  return newestFirst(found);
}

/** Since 0.147 a lock named after the thread is open from the start, before there is a rollout. */
export function threadsByWriterLock(host: HostFacts, scope: DiscoveryScope): readonly ThreadCandidate[] {
  const found = heldFiles(host, scope.rootPid).flatMap(({ pid, file }): ThreadCandidate[] => {
    if (basename(dirname(file)) !== 'thread-writer-locks' || !file.endsWith('.lock')) return [];
    const threadId = basename(file, '.lock');
    const createdAt = threadCreatedAt(threadId);
    if (createdAt !== null && isTooOld(new Date(createdAt).toISOString(), scope)) return [];
    const reason = `process ${pid} holds the thread's writer lock`;
    return [{ threadId, rolloutPath: null, pid, strategy: 'writer_lock', confidence: 'certain', reason }];
  });
  return newestFirst(found);
}

/** With `thread-id` in `tui.terminal_title` the title shows its first 29 characters. */
export function threadsByPaneTitle(title: string): readonly ThreadCandidate[] {
  const threadId = /(?:^|[\s|])([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{6,22})(?:\.\.\.|…|\s|$)/u.exec(title)?.[1];
  if (threadId === undefined) return [];
  const reason = 'Codex shows the thread in its title';
  return [{ threadId, rolloutPath: null, pid: null, strategy: 'pane_title', confidence: 'likely', reason }];
}

/**
 * One answer from all strategies: what the processes hold counts, the title decides between several, and stands alone
 * when nothing is held. Null when nothing is known.
 */
export function discoverThread(host: HostFacts, scope: DiscoveryScope, title: string): ThreadCandidate | null {
  const [shown] = threadsByPaneTitle(title);
  const held = newestFirst([...threadsByOpenRollout(host, scope), ...threadsByWriterLock(host, scope)]);
  const matching = shown === undefined ? held : held.filter(({ threadId }) => threadId.startsWith(shown.threadId));
  const [best] = matching.length > 0 ? matching : held;
  if (best === undefined) return shown ?? null;
  // The same thread by its lock and by its file: the file says more.
  return held.find((one) => one.threadId === best.threadId && one.rolloutPath !== null) ?? best;
}

/**
 * Whether this very thread runs in this process tree, however old it is: its rollout or its lock is open there, or else
 * Codex shows it in its title. Null when nothing says so.
 */
export function findThread(host: HostFacts, rootPid: number, threadId: string, title: string): ThreadCandidate | null {
  const scope = { rootPid, notBefore: null };
  const held = [...threadsByOpenRollout(host, scope), ...threadsByWriterLock(host, scope)];
  const found = held.find((one) => one.threadId === threadId);
  if (found !== undefined) return found;
  return threadsByPaneTitle(title).find((shown) => threadId.startsWith(shown.threadId)) ?? null;
}

/**
 * The rollout of a thread below a Codex home, by its id (or its first characters), in the folders around the day that a
 * version 7 id carries. Null while there is none.
 */
export function findRolloutOfThread(codexHome: string, threadId: string): string | null {
  const createdAt = threadCreatedAt(threadId);
  if (createdAt === null) return null;
  for (const days of [0, -1, 1]) {
    const folder = join(codexHome, 'sessions', dayFolder(new Date(createdAt + days * 86_400_000)));
    const name = listFolder(folder).find((file) => parseRolloutFileName(file)?.threadId.startsWith(threadId) === true);
    if (name !== undefined) return join(folder, name);
  }
  return null;
}

/** Codex names threads by UUIDs, of version 4 up to 0.29 and 7 since. */
export function isThreadId(text: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u.test(text);
}

/** Milliseconds since the epoch, from a version 7 UUID or its beginning; null for others. */
export function threadCreatedAt(threadId: string): number | null {
  const match = /^([0-9a-f]{8})-([0-9a-f]{4})-7/iu.exec(threadId);
  return match === null ? null : Number.parseInt(`${match[1]}${match[2]}`, 16);
}

function heldFiles(host: HostFacts, rootPid: number): readonly { readonly pid: number; readonly file: string }[] {
  return sessionProcesses(host, rootPid).flatMap((pid) => host.openFiles(pid).map((file) => ({ pid, file })));
}

function isTooOld(createdAt: string | null, { notBefore }: DiscoveryScope): boolean {
  if (notBefore === null || createdAt === null) return false;
  const at = Date.parse(createdAt);
  return Number.isFinite(at) && at < notBefore - CLOCK_SLACK_MILLISECONDS;
}

function newestFirst(candidates: readonly ThreadCandidate[]): readonly ThreadCandidate[] {
  const key = ({ rolloutPath, threadId }: ThreadCandidate): string => {
    const createdAt = threadCreatedAt(threadId);
    if (createdAt !== null) return new Date(createdAt).toISOString();
    return rolloutPath === null ? '' : (parseRolloutFileName(basename(rolloutPath))?.localTime ?? '');
  };
  return candidates.toSorted((left, right) => (key(left) < key(right) ? 1 : key(left) > key(right) ? -1 : 0));
}

/** Codex names the folder in the local time of its process. */
export function dayFolder(day: Date): string {
  const two = (part: number): string => String(part).padStart(2, '0');
  return join(String(day.getFullYear()), two(day.getMonth() + 1), two(day.getDate()));
}

function headOrNull(file: string): RolloutHead | null {
  try {
    return readRolloutHead(file);
  } catch {
    return null; // empty, or its first line is still being written
  }
}

function listFolder(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
