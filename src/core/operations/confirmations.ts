import { endRestsFor } from '../ledger/backoffStore.ts';
import { type Binding, findBindingOfSession } from '../ledger/bindingStore.ts';
import { describeBinding, describeSession, refusalForOthers, refusalForPerson } from '../ledger/confirmation.ts';
import { findPanelSession, type PanelSession } from '../ledger/panelSessionStore.ts';
import { listSessions, type Session } from '../ledger/sessionStore.ts';
import type { IdentityPorts } from '../supervise/sessionIdentity.ts';
import type { OperationContext } from './operationContext.ts';
import { isSandboxed } from './sandbox.ts';

/**
 * Keeps what was registered or started outside every sandbox where no sandbox writes. From inside one nothing is kept:
 * the person confirms, or nobody.
 *
 * Of what the call did not give, only what was confirmed before counts: the row may say anything by now.
 */
export function confirmRegistration(
  context: OperationContext,
  session: Session,
  panel: PanelSession | null,
  given: { readonly tmuxSession: boolean },
): void {
  if (isSandboxed(context)) return;
  const now = describeSession(session, panel);
  const before = context.confirmations.session(session.id);
  if (!given.tmuxSession && before === null && now.tmuxSession !== null) return;
  const { tmuxSession, tmuxSocket, paneId } = given.tmuxSession ? now : (before ?? now);
  context.confirmations.confirmSession({ ...now, tmuxSession, tmuxSocket, paneId });
  endRests(context, [session.id]);
}

/** The thread that a confirmed session has now: found at its own process or pane, from outside. */
export function confirmThread({ confirmations }: OperationContext, sessionId: string, threadId: string): void {
  const known = confirmations.session(sessionId);
  if (known !== null && known.threadId !== threadId) confirmations.confirmSession({ ...known, threadId });
}

export function confirmBinding(context: OperationContext, binding: Binding): void {
  const described = describeBinding(binding);
  if (described === null || isSandboxed(context)) return;
  context.confirmations.confirmBinding(described);
  const { workerSessionId, managerSessionId } = described;
  endRests(context, [workerSessionId, managerSessionId]);
}

/** For whoever looks for a running session: whether the rows were changed since they were confirmed. */
export function contradictionsOf(context: OperationContext): IdentityPorts['isContradicted'] {
  return (session, panel) => refusalForPerson(context, session, panel) !== null;
}

/**
 * Why others can have nothing done to a session, in a few words; null when they can, or when nobody could ask for it: a
 * session that is in no binding, or has no terminal.
 */
export function whyUnconfirmed(context: OperationContext, session: Session): string | null {
  if (session.tmux_session === null || findBindingOfSession(context.ledger, session.id) === null) return null;
  return refusalForOthers(context, session, findPanelSession(context.ledger, session.id))?.message ?? null;
}

/** The same for everybody in a binding, by the session's id. */
export function unconfirmedSessions(context: OperationContext): ReadonlyMap<string, string> {
  const bound = listSessions(context.ledger).filter(({ state }) => state === 'active');
  return new Map(
    bound.flatMap((session): [string, string][] => {
      const why = whyUnconfirmed(context, session);
      return why === null ? [] : [[session.id, why]];
    }),
  );
}

/** Whatever waited for this is tried at once. */
function endRests({ ledger }: OperationContext, sessionIds: readonly string[]): void {
  ledger.write(() => sessionIds.forEach((id) => endRestsFor(ledger, id)));
}
