/**
 * Which thread does a Codex have that somebody else started? Strategies from the surest to the least; the first that has
 * an answer decides, and where it has several answers nobody chooses but the person.
 */
import type { HostFacts } from '../ports/hostFacts.ts';
import type { ConnectAppServer } from './appServer.ts';
import { findRolloutOfThread, threadCreatedAt, threadsByPaneTitle, threadsByWriterLock } from './discoverThread.ts';
import { threadsByFolder } from './recentThreads.ts';
import { readRolloutHead } from './rolloutHead.ts';
import { rolloutsHeldOpen } from './rolloutsHeldOpen.ts';
import { isFromStart, type RunningPlace, type ServedThread, threadsByServer } from './serverThreads.ts';
import type { DiscoveryVerdict, ThreadCandidate } from './threadCandidate.ts';

export interface RunningCodex extends RunningPlace {
  readonly pid: number;
  /** What it set as its terminal's title; empty when it has none. */
  readonly title: string;
  readonly codexHome: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly now: number;
  /** Threads that are known to be somebody else's: other sessions of the ledger that run. */
  readonly taken: ReadonlySet<string>;
}

export interface DiscoveryPorts {
  readonly host: HostFacts;
  readonly connect: ConnectAppServer;
}

export async function findRunningThread(ports: DiscoveryPorts, codex: RunningCodex): Promise<DiscoveryVerdict> {
  const held = byOwnFiles(ports.host, codex);
  if (held.length > 0) return judge(held);
  const served = await threadsByServer(ports.connect, codex.codexHome);
  const shown = byTitle(codex, served);
  if (shown.length > 0) return judge(shown);
  // It shows one that nothing knows the rest of: whatever else is found is another one.
  if (threadsByPaneTitle(codex.title).length > 0) return { kind: 'none' };
  const isFree = ({ threadId }: ThreadCandidate) => !codex.taken.has(threadId);
  const here = served.filter((thread) => isFree(thread) && codex.cwd !== null && thread.cwd === codex.cwd);
  if (here.length > 0) return judgeByStart(here, codex);
  return judgeByStart(byFolder(ports.host, codex).filter(isFree), codex);
}

/** Its own processes hold the rollout (after `/new` the newest counts: the old one stays open), or the lock that is there before. */
function byOwnFiles(host: HostFacts, { pid, variables, codexHome }: RunningCodex): readonly ThreadCandidate[] {
  const files = rolloutsHeldOpen(host, pid, variables).map((rolloutPath): ThreadCandidate => {
    const { threadId } = readRolloutHead(rolloutPath).header;
    const reason = `process ${pid} or one below it holds the rollout open`;
    return { threadId, rolloutPath, pid, strategy: 'open_rollout', confidence: 'certain', reason };
  });
  // A lock beside a file may be a sub-agent's; one of before the first message is alone.
  if (files.length > 0) return files;
  const locks = threadsByWriterLock(host, { rootPid: pid, notBefore: null });
  return locks.map((lock) => ({ ...lock, rolloutPath: findRolloutOfThread(codexHome, lock.threadId) }));
}

/** The title cuts the id: the server, or else the name of the file, has the rest of it. */
function byTitle({ title, codexHome }: RunningCodex, served: readonly ServedThread[]): readonly ThreadCandidate[] {
  return threadsByPaneTitle(title).flatMap((shown): ThreadCandidate[] => {
    const whole = served.find(({ threadId }) => threadId.startsWith(shown.threadId));
    const rolloutPath = findRolloutOfThread(codexHome, shown.threadId);
    if (whole !== undefined) return [{ ...shown, threadId: whole.threadId, rolloutPath }];
    return rolloutPath === null
      ? []
      : [{ ...shown, threadId: readRolloutHead(rolloutPath).header.threadId, rolloutPath }];
  });
}

/** What another process has open is that one's; the server holds everybody's. */
function byFolder(host: HostFacts, { codexHome, cwd, startedAt, now }: RunningCodex): readonly ThreadCandidate[] {
  const days = [new Date(now), ...(startedAt === null ? [] : [new Date(startedAt)])];
  return threadsByFolder(codexHome, cwd, days).filter(({ rolloutPath }) =>
    rolloutPath === null ? false : host.openedBy([rolloutPath]).length === 0,
  );
}

/** Of several in one folder, the one that began when this process did; when that is none or more than one, nobody knows. */
function judgeByStart(candidates: readonly ThreadCandidate[], { startedAt }: RunningCodex): DiscoveryVerdict {
  if (candidates.length === 0) return { kind: 'none' };
  const fitting = candidates.filter(({ threadId }) => isFromStart(threadCreatedAt(threadId), startedAt));
  const [only, second] = fitting;
  if (only !== undefined && second === undefined) {
    return { kind: 'found', candidate: { ...only, reason: `${only.reason}, when this process began` } };
  }
  return { kind: 'ambiguous', candidates };
}

function judge(candidates: readonly ThreadCandidate[]): DiscoveryVerdict {
  const [only, second] = candidates;
  if (only === undefined) return { kind: 'none' };
  return second === undefined ? { kind: 'found', candidate: only } : { kind: 'ambiguous', candidates };
}
