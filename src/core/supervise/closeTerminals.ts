import { ConveyorError, refuse } from '../domain/errors.ts';
import { reviveSession, markSessionGone } from '../ledger/sessionStore.ts';
import type { Task } from '../ledger/taskStore.ts';
import { type EndedTask, type EndOutput, recordFailure, recordSuccess } from './endRecords.ts';
import type { EndPorts, EndRequest, MessageResult } from './endRequest.ts';
import type { FoundSession } from './sessionIdentity.ts';

/**
 * Closes what was to be closed, after the task has ended. The manager comes last, and after its last commit: it may well
 * be the one who runs this (CP-2).
 */
export async function closeTerminals(
  ports: EndPorts,
  request: EndRequest,
  stopping: readonly FoundSession[],
  ended: EndedTask,
): Promise<EndOutput> {
  const message = await sayGoodbye(ports, request, stopping);
  const isLast = (found: FoundSession) => found.session.role === 'manager' || ports.isOwnSession(found);
  const last = stopping.filter(isLast);
  let output: EndOutput = { ...ended.output, ...(message === null ? {} : { message_result: message }) };
  for (const found of stopping.filter((one) => !isLast(one))) {
    const killed = await kill(ports, request, { ...ended, output }, found);
    output = { ...output, ...killedFlag(found, killed) };
  }
  for (const found of last) output = { ...output, ...killedFlag(found, found.pane !== null) };
  settle(ports, request, stopping, { ...ended, output });
  for (const found of last) {
    if (ports.isOwnSession(found)) ports.killAfterwards(found);
    else await kill(ports, request, { ...ended, output }, found);
  }
  return output;
}

function settle(ports: EndPorts, request: EndRequest, stopping: readonly FoundSession[], ended: EndedTask): void {
  const { ledger, clock } = ports;
  const now = clock.now();
  ledger.write(() => {
    for (const { session } of stopping.filter((found) => found.session.tmux_session !== null)) {
      markSessionGone(ledger, session.id, now);
    }
    recordSuccess(ledger, request.kind, ended, now);
  });
}

async function sayGoodbye(
  ports: EndPorts,
  { message }: EndRequest,
  stopping: readonly FoundSession[],
): Promise<MessageResult | null> {
  const worker = stopping.find(({ session, pane }) => session.role === 'worker' && pane !== null);
  return message === null || worker === undefined ? null : ports.tell(worker.session, message);
}

/** True when there was something to close. A failure goes on record: the task is over, its terminal is not. */
async function kill(ports: EndPorts, request: EndRequest, ended: EndedTask, found: FoundSession): Promise<boolean> {
  const target = found.session.tmux_session;
  if (target === null || found.pane === null) return false;
  try {
    return await ports.tmuxOn(found.panel?.tmux_socket ?? null).killSession(target);
  } catch (error) {
    if (!(error instanceof ConveyorError)) throw error;
    const refusal = stillOpen(ended.task, found, error);
    const output = { ...ended.output, ...killedFlag(found, false) };
    ports.ledger.write(() => {
      reviveSession(ports.ledger, found.session.id, ports.clock.now());
      recordFailure(ports.ledger, request.kind, { ...ended, output }, refusal, ports.clock.now());
    });
    throw refusal;
  }
}

function stillOpen(task: Task, { session }: FoundSession, error: ConveyorError): ConveyorError {
  return refuse(
    error.code,
    `task '${task.name}' is done, but the terminal of '${session.name}' could not be closed: ${error.message}; repeat with "finish-task ${task.name} --stop-${session.role}"`,
    { cause: error },
  );
}

function killedFlag({ session }: FoundSession, killed: boolean): Partial<EndOutput> {
  return session.role === 'worker' ? { killed_worker: killed } : { killed_manager: killed };
}
