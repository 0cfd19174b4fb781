import {
  bindingContradictions,
  type ConfirmedBinding,
  type ConfirmedSession,
  sessionContradictions,
} from '../domain/confirmed.ts';
import { type ConveyorError, refuse } from '../domain/errors.ts';
import type { Confirmations } from '../ports/confirmations.ts';
import { type Binding, findBindingOfSession } from './bindingStore.ts';
import type { Connection } from './connection.ts';
import type { PanelSession } from './panelSessionStore.ts';
import type { Session } from './sessionStore.ts';

/** A session as the ledger has it, in the terms of what is confirmed. */
export function describeSession(session: Session, panel: PanelSession | null): ConfirmedSession {
  return {
    sessionId: session.id,
    name: session.name,
    role: session.role,
    threadId: session.codex_session_id,
    tmuxSession: session.tmux_session,
    tmuxSocket: panel?.tmux_socket ?? null,
    paneId: panel?.pane_id ?? session.tmux_pane_id,
  };
}

/** Null for a binding that lacks one of its sessions: there is nothing to confirm. */
export function describeBinding(binding: Binding): ConfirmedBinding | null {
  const { id, task_id: taskId, worker_session_id: worker, manager_session_id: manager } = binding;
  if (worker === null || manager === null) return null;
  return { bindingId: id, taskId, workerSessionId: worker, managerSessionId: manager };
}

export interface ConfirmedView {
  readonly ledger: Connection;
  readonly confirmations: Confirmations;
}

/**
 * What speaks against acting on a session because rows say so: any sandboxed agent of the ledger can write them. Null
 * when the session, and the binding that makes it somebody's business, are as they were confirmed outside every sandbox.
 */
export function refusalForOthers(
  { ledger, confirmations }: ConfirmedView,
  session: Session,
  panel: PanelSession | null,
  binding: Binding | null = findBindingOfSession(ledger, session.id),
): ConveyorError | null {
  const confirmed = confirmations.session(session.id);
  if (confirmed === null) return notConfirmed(session, 'was never confirmed outside a sandbox');
  const changed = sessionContradictions(confirmed, describeSession(session, panel));
  if (changed.length > 0) return notConfirmed(session, `is not as it was confirmed (${changed.join(', ')})`);
  if (binding === null || isConfirmed(confirmations, binding)) return null;
  return notConfirmed(session, 'is in a binding that was not confirmed outside a sandbox');
}

function isConfirmed(confirmations: Confirmations, binding: Binding): boolean {
  const current = describeBinding(binding);
  const confirmed = confirmations.binding(binding.id);
  return current !== null && confirmed !== null && bindingContradictions(confirmed, current).length === 0;
}

/** What a person's own act stumbles over: somebody changed the row since. Not having been confirmed is no obstacle. */
export function refusalForPerson(
  { confirmations }: ConfirmedView,
  session: Session,
  panel: PanelSession | null,
): ConveyorError | null {
  const confirmed = confirmations.session(session.id);
  if (confirmed === null) return null;
  const changed = sessionContradictions(confirmed, describeSession(session, panel));
  return changed.length === 0 ? null : notConfirmed(session, `is not as it was confirmed (${changed.join(', ')})`);
}

function notConfirmed({ name }: Session, what: string): ConveyorError {
  return refuse(
    'not_confirmed',
    `session '${name}' ${what}: a row of the ledger alone moves nothing; look at it and run "conveyor confirm ${name}" outside a sandbox, or confirm it in VS Code`,
    { facts: { session: name } },
  );
}
