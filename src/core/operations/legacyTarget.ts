import { refuse } from '../domain/errors.ts';
import { findSession } from '../ledger/sessionStore.ts';
import { addressOf, type LegacyTarget } from '../supervise/legacyCapture.ts';
import { findWorkerFolder, type WorkerFolder } from '../supervise/legacyFolder.ts';
import type { OperationContext } from './operationContext.ts';
import { tmuxAtOf, tmuxOf } from './panes.ts';

/** A worker in a folder, else a registered session. Throws `unknown_session`. */
export function requireTarget(context: OperationContext, name: string): LegacyTarget {
  const folder = findWorkerFolder(context.stateRoot, name);
  const session = findSession(context.ledger, name);
  if (session !== null && (folder === null || session.state === 'active')) {
    const { address, socket } = addressOf(context.ledger, session);
    const tmux = tmuxAtOf(context)(socket);
    return { name, folder, session, address, tmux };
  }
  if (folder === null) throw unknownWorker(name);
  const address = { session: folder.tmuxSession, paneId: null };
  return { name, folder, session: null, address, tmux: tmuxOf(context) };
}

export function requireFolder(context: OperationContext, name: string): WorkerFolder {
  const folder = findWorkerFolder(context.stateRoot, name);
  if (folder === null) throw unknownWorker(name);
  return folder;
}

function unknownWorker(name: string) {
  return refuse(
    'unknown_session',
    `Unknown worker: ${name}; it is neither a worker's folder ("list") nor a registered session ("sessions")`,
  );
}
