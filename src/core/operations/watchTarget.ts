import { ConveyorError } from '../domain/errors.ts';
import { refusalForOthers } from '../ledger/confirmation.ts';
import { findPanelSession } from '../ledger/panelSessionStore.ts';
import { findSessionById } from '../ledger/sessionStore.ts';
import { findOnPath } from './findTools.ts';
import type { OperationContext } from './operationContext.ts';
import { socketOf, tmuxAtOf } from './panes.ts';

/** The terminal of a session, as it was confirmed outside every sandbox; or why it is not shown. */
export type WatchTarget =
  | {
      readonly ok: true;
      readonly session: { readonly id: string; readonly name: string; readonly role: 'worker' | 'manager' };
      readonly tmuxPath: string;
      readonly terminal: {
        readonly session: string;
        readonly target: string;
        readonly paneId: string | null;
        readonly socketPath: string | null;
      };
    }
  | { readonly ok: false; readonly message: string };

/**
 * What a window may show of a session because a row or a link asks for it. Anybody can write a row and make a link: so
 * only what was confirmed counts, and the address comes from what was confirmed, not from the row (ADR 6).
 */
export async function watchTarget(context: OperationContext, sessionId: string): Promise<WatchTarget> {
  const { ledger, confirmations, variables } = context;
  const session = findSessionById(ledger, sessionId);
  if (session === null) return refused('no session of this ledger has that id');
  const { id, name, role } = session;
  if (session.state !== 'active') return refused(`session '${name}' is gone`);
  if (session.tmux_session === null) return refused(`session '${name}' does not run in tmux`);
  const refusal = refusalForOthers(context, session, findPanelSession(ledger, id));
  if (refusal !== null) return refused(refusal.message);
  const tmuxPath = findOnPath('tmux', variables.PATH);
  if (tmuxPath === null) return refused('tmux is not installed where VS Code runs');
  const { tmuxSession = null, tmuxSocket = null, paneId = null } = confirmations.session(id) ?? {};
  if (tmuxSession === null) return refused(`session '${name}' does not run in tmux`);
  try {
    await tmuxAtOf(context)(tmuxSocket).findPane({ session: tmuxSession, paneId });
  } catch (error) {
    if (ConveyorError.is(error)) return refused(error.message);
    throw error;
  }
  const socketPath = socketOf(context, tmuxSocket) || null;
  const terminal = { session: tmuxSession, target: `=${tmuxSession}:`, paneId, socketPath };
  return { ok: true, session: { id, name, role }, tmuxPath, terminal };
}

function refused(message: string): WatchTarget {
  return { ok: false, message };
}
