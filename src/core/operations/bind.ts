import * as z from 'zod/mini';
import { readRolloutHead } from '../codex/rolloutHead.ts';
import { refuse } from '../domain/errors.ts';
import { recordEvent } from '../ledger/auditStore.ts';
import { insertBinding, markUnreadHistory, type UnreadHistory } from '../ledger/bindingStore.ts';
import type { Connection } from '../ledger/connection.ts';
import { findSession, requireSession, type Session, type SessionRole } from '../ledger/sessionStore.ts';
import { requireTask } from '../ledger/taskStore.ts';
import { refuseEnded } from '../supervise/taskState.ts';
import { requiredText } from './argument.ts';
import { confirmBinding } from './confirmations.ts';
import { defineOperation } from './operation.ts';

/** Ties a worker and a manager to a task. */
export const bind = defineOperation({
  name: 'bind',
  summary: 'Tie a worker and a manager session to a task.',
  effect: 'writes',
  inputs: {
    task: requiredText('task id or name', { placeholder: 'TASK' }),
    worker: requiredText('name of the worker session', { placeholder: 'NAME' }),
    manager: requiredText('name of the manager session', { placeholder: 'NAME' }),
  },
  output: () => z.object({ binding_id: z.string(), task: z.string(), worker: z.string(), manager: z.string() }),
  run: (context, input) => {
    const { ledger, clock } = context;
    const unread = unreadHistory(findSession(ledger, input.worker));
    // One lock over checks and insert: a concurrent winner is reported, not met on an index (CP-27).
    const { binding, answer } = ledger.write(() => {
      const task = requireTask(ledger, input.task);
      const worker = requireActiveSession(ledger, input.worker, 'worker');
      const manager = requireActiveSession(ledger, input.manager, 'manager');
      refuseEnded(task);
      const made = insertBinding(ledger, task, worker, manager, clock.now());
      if (unread !== null) markUnreadHistory(ledger, made.id, unread);
      const payload = { binding_id: made.id, manager: manager.name, task: input.task, worker: worker.name };
      recordEvent(ledger, { type: 'binding_created', taskId: task.id, payload }, clock.now());
      return { binding: made, answer: payload };
    });
    confirmBinding(context, binding);
    return answer;
  },
});

/** What stands in the worker's rollout by now was written before, whoever reads it when (OD-8). */
function unreadHistory(worker: Session | null): UnreadHistory | null {
  if (worker === null || worker.codex_session_path === null) return null;
  try {
    const { sha256, size } = readRolloutHead(worker.codex_session_path);
    return { headSha256: sha256, until: size };
  } catch {
    // Not written yet, or not readable: whoever ingests it will say so.
    return null;
  }
}

/** A session that can be bound: known, of that role, and not gone (CP-32). */
function requireActiveSession(ledger: Connection, name: string, role: SessionRole): Session {
  const session = requireSession(ledger, name, role);
  if (session.state === 'active') return session;
  throw refuse(
    'session_state',
    `session '${name}' is in state '${session.state}'; register it again with "register-${role} --name ${name}"`,
  );
}
