import * as z from 'zod/mini';
import { refuse } from '../domain/errors.ts';
import { recordEvent } from '../ledger/auditStore.ts';
import { findBindingOfSession } from '../ledger/bindingStore.ts';
import { describeSession } from '../ledger/confirmation.ts';
import { findPanelSession } from '../ledger/panelSessionStore.ts';
import { findSessionById, listSessions, requireSession, type Session } from '../ledger/sessionStore.ts';
import { optionalPositional } from './argument.ts';
import { confirmBinding, whyUnconfirmed } from './confirmations.ts';
import { defineOperation } from './operation.ts';
import type { OperationContext } from './operationContext.ts';
import { isSandboxed } from './sandbox.ts';

const describedOutput = () =>
  z.object({
    name: z.string(),
    role: z.string(),
    codex_session_id: z.nullable(z.string()),
    tmux_session: z.nullable(z.string()),
    tmux_socket: z.nullable(z.string()),
    pane_id: z.nullable(z.string()),
    /** Null: others may have it acted on. */
    obstacle: z.nullable(z.string()),
  });

/**
 * The person's word that a session, and the binding that it is in, are what the ledger says. Whatever was registered,
 * started or bound outside a sandbox needs none.
 */
export const confirm = defineOperation({
  name: 'confirm',
  summary: 'Say that a session and its binding are what the ledger says; without a name, list those that wait for it.',
  effect: 'writes',
  inputs: { name: optionalPositional('name of the session', 'NAME') },
  output: () => z.object({ confirmed: z.boolean(), sessions: z.array(describedOutput()) }),
  run: (context, { name }) => {
    const { ledger } = context;
    if (name === null) {
      const waiting = listSessions(ledger).filter(
        (session) => session.state === 'active' && whyUnconfirmed(context, session) !== null,
      );
      return { confirmed: false, sessions: waiting.map((session) => describe(context, session)) };
    }
    return { confirmed: true, sessions: confirmSession(context, requireSession(ledger, name)) };
  },
  text: ({ confirmed, sessions }) =>
    sessions.length === 0
      ? 'Nothing waits for your confirmation.\n'
      : sessions.map((session) => `${confirmed ? 'Confirmed' : 'Not confirmed'}: ${line(session)}\n`).join(''),
});

type Described = z.infer<ReturnType<typeof describedOutput>>;

/** The session itself and, where it is bound, the other side: who may have whom acted on is one question. */
function confirmSession(context: OperationContext, session: Session): Described[] {
  const { ledger, clock, confirmations } = context;
  if (isSandboxed(context)) {
    throw refuse('permission_denied', 'a session is confirmed by the person, outside every sandbox, or in VS Code');
  }
  const binding = findBindingOfSession(ledger, session.id);
  const ids = binding === null ? [session.id] : [binding.worker_session_id, binding.manager_session_id];
  const sessions = ids.flatMap((id) => (id === null ? [] : (findSessionById(ledger, id) ?? [])));
  const written = sessions.every((one) =>
    confirmations.confirmSession(describeSession(one, findPanelSession(ledger, one.id))),
  );
  if (!written) {
    throw refuse(
      'state_root_unwritable',
      'what is confirmed cannot be kept: set XDG_DATA_HOME to a folder that you can write and no agent can',
    );
  }
  if (binding !== null) confirmBinding(context, binding);
  const payload = { session: session.name, sessions: sessions.map((one) => one.name) };
  ledger.write(() =>
    recordEvent(ledger, { type: 'session_confirmed', taskId: binding?.task_id ?? null, payload }, clock.now()),
  );
  return sessions.map((one) => describe(context, one));
}

function describe(context: OperationContext, session: Session): Described {
  const { name, role, threadId, tmuxSession, tmuxSocket, paneId } = describeSession(
    session,
    findPanelSession(context.ledger, session.id),
  );
  return {
    name,
    role,
    codex_session_id: threadId,
    tmux_session: tmuxSession,
    tmux_socket: tmuxSocket,
    pane_id: paneId,
    obstacle: whyUnconfirmed(context, session),
  };
}

function line({
  name,
  role,
  codex_session_id: thread,
  tmux_session: tmux,
  pane_id: pane,
  obstacle,
}: Described): string {
  const where = tmux === null ? 'no terminal' : `tmux session ${tmux}${pane === null ? '' : ` (${pane})`}`;
  return `${role} ${name}, ${where}, thread ${thread ?? 'unknown'}${obstacle === null ? '' : ` — ${obstacle}`}`;
}
