import { findRolloutOfThread, threadsByOpenRollout } from '../codex/discoverThread.ts';
import type { FirstRollouts } from '../dispatch/dependencies.ts';
import { findSessionById, findSessionOfThread, type Session, setSessionRollout } from '../ledger/sessionStore.ts';
import { followThread, type FollowPorts } from '../supervise/followThread.ts';

export function firstRollouts(ports: FollowPorts): FirstRollouts {
  const { host, codexHome, ledger } = ports;
  const find = ({ codex_session_id: threadId, pid }: Session) => {
    if (threadId !== null) return { threadId, path: findRolloutOfThread(codexHome, threadId) };
    const [newest] = pid === null ? [] : threadsByOpenRollout(host, { rootPid: pid, notBefore: null });
    return newest === undefined ? null : { threadId: newest.threadId, path: newest.rolloutPath };
  };
  return {
    find: (session) => find(session)?.path ?? null,
    learn: (sessionId) => {
      const session = findSessionById(ledger, sessionId);
      if (session === null || session.codex_session_path !== null) return;
      const found = find(session);
      if (found === null || found.path === null) return;
      const { threadId, path } = found;
      if (threadId === session.codex_session_id) {
        ledger.write(() => setSessionRollout(ledger, session.id, path, threadId));
        return;
      }
      // What is another session's is not this one's, whoever holds it open for a moment.
      if (findSessionOfThread(ledger, threadId) !== null) return;
      followThread(ports, session, { threadId, path, strategy: 'open_rollout' });
    },
  };
}
