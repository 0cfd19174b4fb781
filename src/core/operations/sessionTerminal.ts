import { refuse } from '../domain/errors.ts';
import { findPanelSession } from '../ledger/panelSessionStore.ts';
import { requireSession } from '../ledger/sessionStore.ts';
import { contradictionsOf } from './confirmations.ts';
import { findOnPath } from './findTools.ts';
import type { OperationContext } from './operationContext.ts';
import { socketOf, tmuxAtOf } from './panes.ts';

/** Where a person's terminal attaches to a session. */
export interface SessionTerminal {
  readonly tmuxPath: string;
  /** Null: the person's own server. */
  readonly socketPath: string | null;
  readonly tmuxSession: string;
}

/**
 * The terminal of a session of the ledger, and of nothing else: on a server that was confirmed or is the caller's, under
 * the name that it was confirmed with. Throws `unknown_session`, `no_tmux_session`, `session_state`, `not_confirmed`,
 * `tmux_missing` and what tmux says.
 */
export async function sessionTerminal(context: OperationContext, name: string): Promise<SessionTerminal> {
  const session = requireSession(context.ledger, name);
  const { tmux_session: tmuxSession, state } = session;
  if (tmuxSession === null) throw refuse('no_tmux_session', `${name} does not run in tmux, so it has no terminal`);
  if (state !== 'active') throw refuse('session_state', `${name} has ended; its history is in the timeline`);
  const panel = findPanelSession(context.ledger, session.id);
  if (contradictionsOf(context)(session, panel)) {
    throw refuse(
      'not_confirmed',
      `the ledger says something else of ${name} than what was confirmed; look at it, then confirm it with "confirm ${name}"`,
    );
  }
  const recorded = panel?.tmux_socket ?? null;
  if (!(await tmuxAtOf(context)(recorded).hasSession(tmuxSession))) {
    throw refuse('tmux_not_running', `the tmux session ${tmuxSession} of ${name} is not there any more`);
  }
  const tmuxPath = findOnPath('tmux', context.variables.PATH);
  if (tmuxPath === null) throw refuse('tmux_missing', 'tmux was not found on PATH');
  return { tmuxPath, socketPath: socketOf(context, recorded) || null, tmuxSession };
}
