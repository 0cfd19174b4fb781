import * as z from 'zod/mini';
import { type ConveyorError, refuse } from '../domain/errors.ts';
import { recordEvent } from '../ledger/auditStore.ts';
import { findBindingOfSession } from '../ledger/bindingStore.ts';
import { findPanelSession } from '../ledger/panelSessionStore.ts';
import { findSession, markSessionGone, type Session } from '../ledger/sessionStore.ts';
import type { EndPorts } from '../supervise/endRequest.ts';
import { findLogFolder, findWorkerFolder } from '../supervise/legacyFolder.ts';
import { findRunningSession, type FoundSession, strangerMismatches } from '../supervise/sessionIdentity.ts';
import { identityMismatch, queueStop } from '../supervise/stopSessions.ts';
import { flag, optionalText, positional } from './argument.ts';
import { endPortsOf } from './endTaskPorts.ts';
import { defineOperation } from './operation.ts';
import type { OperationContext } from './operationContext.ts';
import { stopWorker } from './workerMessages.ts';

const output = () =>
  z.object({
    name: z.string(),
    target: z.string(),
    killed: z.boolean(),
    /** The task that the session still is bound to. */
    bound_task_id: z.nullable(z.string()),
    message_result: z.optional(z.object({ delivered: z.boolean(), reason: z.nullable(z.string()) })),
    queued_stop_command_id: z.optional(z.string()),
  });

type Stopped = z.infer<ReturnType<typeof output>>;

/** Closes the terminal of one session. */
export const stop = defineOperation({
  name: 'stop',
  summary: 'Close the terminal of one session.',
  effect: 'acts',
  inputs: {
    name: positional('name of the session', 'NAME'),
    message: optionalText('what to tell it first', { placeholder: 'TEXT' }),
    json: flag('print JSON'),
  },
  output,
  run: async (context, { name, message }): Promise<Stopped> => {
    const ports = endPortsOf(context);
    const session = findSession(context.ledger, name);
    const folder = findWorkerFolder(context.stateRoot, name);
    if (folder !== null && session?.state !== 'active') {
      return { name, target: folder.tmuxSession, bound_task_id: null, ...(await stopWorker(context, folder, message)) };
    }
    if (session === null)
      throw refuse('unknown_session', `Unknown worker: ${name}; list sessions with "sessions --state all"`);
    const target = session.tmux_session;
    if (target === null) throw noTerminal(session);
    const facts = { name, target, bound_task_id: findBindingOfSession(ports.ledger, session.id)?.task_id ?? null };
    if (ports.isSandboxed) return { ...facts, killed: false, ...queue(ports, session, facts.bound_task_id) };
    const closed = await close(ports, session, target, message);
    noteInLog(context, session, message, closed);
    return { ...facts, ...closed };
  },
  text: ({ name, killed, bound_task_id: task, queued_stop_command_id: queued, message_result: told }) => {
    const outcome = killed ? `stopped ${name}` : `${name} was not running`;
    return [
      queued === undefined ? outcome : `${name} will be stopped by the supervisor (${queued})`,
      ...(told?.delivered === false ? [`the message was not delivered: ${told.reason}`] : []),
      ...(task === null
        ? []
        : [`it is still bound to task ${task}; end that with "finish-task", "stop-task" or "unbind"`]),
      '',
    ].join('\n');
  },
});

/** The log of that name tells of its end as well. It is no reason to fail: the session has been stopped by then. */
function noteInLog(
  context: OperationContext,
  { name, role, tmux_session: target }: Session,
  message: string | null,
  { killed, message_result: told }: Pick<Stopped, 'killed' | 'message_result'>,
): void {
  const log = findLogFolder(context.stateRoot, name);
  if (log === null) return;
  const now = context.clock.now();
  try {
    if (told !== undefined && log.exists()) log.appendEvent('stop_message', { message, ...told }, now);
    log.appendEvent('stop', { killed_session: killed, lookup_source: 'session', role, target }, now);
  } catch (error) {
    context.warn(`the log of ${name} could not be written (${error instanceof Error ? error.message : String(error)})`);
  }
}

function noTerminal({ name }: Session): ConveyorError {
  return refuse(
    'no_tmux_session',
    `tmux session is not registered for worker ${name}; end its process yourself, then "deregister ${name}"`,
  );
}

function queue({ ledger, clock }: EndPorts, session: Session, taskId: string | null): Partial<Stopped> {
  if (taskId === null) {
    throw refuse(
      'no_binding',
      `session '${session.name}' is bound to no task, so the supervisor does not stop it for you; run this outside the sandbox`,
    );
  }
  const queued = ledger.write(() => queueStop(ledger, taskId, session, clock.now()));
  return { queued_stop_command_id: queued.id };
}

/** The commit comes before the kill where the kill may end us, and after it where it may fail (CP-2). */
async function close(
  ports: EndPorts,
  session: Session,
  target: string,
  message: string | null,
): Promise<Omit<Stopped, 'name' | 'target' | 'bound_task_id'>> {
  const found = await findRunningSession(ports, session, findPanelSession(ports.ledger, session.id));
  const strangers = strangerMismatches(found.identity);
  if (strangers.length > 0) throw identityMismatch(session.name, strangers);
  const isRunning = found.pane !== null;
  const told = message !== null && isRunning ? await tell(ports, session, target, message) : {};
  if (isRunning && ports.isOwnSession(found)) {
    record(ports, session, target, true);
    ports.killAfterwards(found);
    return { killed: true, ...told };
  }
  const killed = isRunning && (await kill(ports, found, target));
  record(ports, session, target, killed);
  return { killed, ...told };
}

function kill(ports: EndPorts, { panel }: FoundSession, target: string): Promise<boolean> {
  return ports.tmuxOn(panel?.tmux_socket ?? null).killSession(target);
}

async function tell(
  ports: EndPorts,
  session: Session,
  target: string,
  message: string,
): Promise<Pick<Stopped, 'message_result'>> {
  const result = await ports.tell(session, message);
  const taskId = findBindingOfSession(ports.ledger, session.id)?.task_id ?? null;
  const payload = { role: session.role, session: session.name, target, text_length: [...message].length, ...result };
  ports.ledger.write(() =>
    recordEvent(ports.ledger, { type: 'session_stop_message', taskId, payload }, ports.clock.now()),
  );
  return { message_result: result };
}

/** The event belongs to the task that the session works on (CP-47). */
function record({ ledger, clock }: EndPorts, session: Session, target: string, killed: boolean): void {
  const now = clock.now();
  ledger.write(() => {
    markSessionGone(ledger, session.id, now);
    const taskId = findBindingOfSession(ledger, session.id)?.task_id ?? null;
    const payload = { killed_session: killed, role: session.role, session: session.name, target };
    recordEvent(ledger, { type: 'session_stopped', taskId, payload }, now);
  });
}
