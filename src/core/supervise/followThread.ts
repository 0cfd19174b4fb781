import { basename } from 'node:path';
import {
  findRolloutOfThread,
  threadCreatedAt,
  threadsByOpenRollout,
  threadsByPaneTitle,
  threadsByWriterLock,
} from '../codex/discoverThread.ts';
import { readRolloutHead } from '../codex/rolloutHead.ts';
import { ConveyorError } from '../domain/errors.ts';
import { recordEvent } from '../ledger/auditStore.ts';
import { findBindingOfSession } from '../ledger/bindingStore.ts';
import type { Connection } from '../ledger/connection.ts';
import { type Session, setSessionRollout } from '../ledger/sessionStore.ts';
import type { Clock } from '../ports/clock.ts';
import type { HostFacts } from '../ports/hostFacts.ts';

export interface FollowPorts {
  readonly ledger: Connection;
  readonly clock: Clock;
  readonly host: HostFacts;
  readonly codexHome: string;
  /** Keeps that the session has this thread now, where no sandbox writes. */
  readonly confirmThread: (sessionId: string, threadId: string) => void;
}

interface PresentThread {
  readonly threadId: string;
  /** Null until its first message. */
  readonly path: string | null;
  readonly strategy: 'pane_title' | 'open_rollout';
}

/**
 * The conversation that a session's Codex has by now, if it is another one than the ledger knows: after `/new`, a fork, a
 * resume in the same TUI, when the thread goes on in a second file, or when it was started before its thread showed. Null when nothing changed, or nothing says so.
 *
 * `looksAtFiles` false asks the title alone, which costs nothing.
 */
export function findPresentThread(
  { host, codexHome }: Pick<FollowPorts, 'host' | 'codexHome'>,
  { pid, codex_session_id: threadId, codex_session_path: path }: Session,
  title: string,
  looksAtFiles: boolean,
): PresentThread | null {
  const [shown] = threadsByPaneTitle(title);
  if (shown !== undefined && threadId?.startsWith(shown.threadId) !== true) {
    const found = findRolloutOfThread(codexHome, shown.threadId);
    if (found !== null) return ownRollout(found, 'pane_title');
    // It has no file before its first message; its lock has the whole of its name.
    const locks = pid === null ? [] : threadsByWriterLock(host, { rootPid: pid, notBefore: null });
    const lock = locks.find((one) => one.threadId.startsWith(shown.threadId));
    return lock === undefined ? null : { threadId: lock.threadId, path: null, strategy: 'pane_title' };
  }
  if (!looksAtFiles || pid === null) return null;
  const held = threadsByOpenRollout(host, { rootPid: pid, notBefore: null });
  const [newest] = held;
  if (newest?.rolloutPath == null) return null;
  const isSameFile = path !== null && basename(newest.rolloutPath) === basename(path);
  if (isSameFile || (newest.threadId === threadId && path === null)) return null;
  // One that has both open has begun the newer one since; one that let go of ours has gone on to what it holds.
  const holdsOurs = threadId !== null && held.some((one) => one.threadId === threadId);
  const isNewer = (threadCreatedAt(newest.threadId) ?? 0) >= (threadCreatedAt(threadId ?? '') ?? 0);
  if (holdsOurs && !isNewer) return null;
  return { threadId: newest.threadId, path: newest.rolloutPath, strategy: 'open_rollout' };
}

function ownRollout(path: string, strategy: PresentThread['strategy']): PresentThread | null {
  try {
    const { header } = readRolloutHead(path);
    return header.origin.kind === 'subagent' ? null : { threadId: header.threadId, path, strategy };
  } catch (error) {
    if (ConveyorError.is(error)) return null; // its first line is being written
    throw error;
  }
}

/**
 * The session goes on with that conversation. What it had was read to its end by then; its events stay, and its state is
 * the new one's from the first line on.
 */
export function followThread(
  { ledger, clock, confirmThread }: Omit<FollowPorts, 'host' | 'codexHome'>,
  session: Session,
  { threadId, path, strategy }: PresentThread,
): void {
  ledger.write(() => {
    setSessionRollout(ledger, session.id, path, threadId);
    const payload = {
      session: session.name,
      from_thread: session.codex_session_id,
      to_thread: threadId,
      codex_session_path: path,
      strategy,
    };
    const taskId = findBindingOfSession(ledger, session.id)?.task_id ?? null;
    recordEvent(ledger, { type: 'session_thread_followed', taskId, payload }, clock.now());
  });
  confirmThread(session.id, threadId);
}
