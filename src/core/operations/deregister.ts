import * as z from 'zod/mini';
import { refuse } from '../domain/errors.ts';
import { recordEvent } from '../ledger/auditStore.ts';
import { type Binding, findBindingOfSession } from '../ledger/bindingStore.ts';
import { finishCommand, insertCommand, startCommand } from '../ledger/commandStore.ts';
import { markSessionGone, requireSession, type Session } from '../ledger/sessionStore.ts';
import { positional } from './argument.ts';
import { defineOperation } from './operation.ts';
import type { OperationContext } from './operationContext.ts';

/** Marks a session gone. Stops nothing; its name is free for the next session (CP-11). */
export const deregister = defineOperation({
  name: 'deregister',
  summary: 'Mark a session gone; stops nothing.',
  effect: 'writes',
  layout: 'compact',
  inputs: { name: positional('name of the session', 'NAME') },
  output: () => z.object({ name: z.string(), state: z.literal('gone') }),
  run: (context, { name }) => {
    const { ledger } = context;
    const refusal = ledger.write(() => {
      const session = requireSession(ledger, name);
      const binding = findBindingOfSession(ledger, session.id);
      return letGo(context, session, binding);
    });
    // The refusal is recorded first, so it is thrown after the commit.
    if (refusal !== null) throw refusal;
    return { name, state: 'gone' as const };
  },
});

function letGo({ ledger, clock }: OperationContext, session: Session, binding: Binding | null): Error | null {
  const now = clock.now();
  const active = binding === null ? null : { id: binding.id, task_id: binding.task_id };
  const { name } = session;
  const command = insertCommand(
    ledger,
    {
      type: 'deregister_session',
      taskId: binding?.task_id ?? null,
      payload: { active_binding: active, expected_failure: active !== null, name, role: session.role },
    },
    now,
  );
  startCommand(ledger, command, now);
  if (active === null) {
    markSessionGone(ledger, session.id, now);
    recordEvent(ledger, { type: 'session_deregistered', commandId: command.id, payload: { name } }, now);
    finishCommand(
      ledger,
      command,
      { state: 'succeeded', result: { command_id: command.id, name, state: 'gone' } },
      now,
    );
    return null;
  }
  const refusal = refuse(
    'already_bound',
    `session '${name}' is still bound to task ${active.task_id} (binding ${active.id}); unbind it first`,
  );
  const failure = { active_binding: active, expected_failure: true, name };
  finishCommand(
    ledger,
    command,
    { state: 'failed', result: { ...failure, command_id: command.id }, error: refusal.message },
    now,
  );
  recordEvent(
    ledger,
    {
      type: 'session_deregister_failed',
      commandId: command.id,
      taskId: active.task_id,
      payload: { ...failure, error: refusal.message, error_type: refusal.name },
    },
    now,
  );
  return refusal;
}
