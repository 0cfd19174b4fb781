import { ageSeconds, parseTimestamp } from '../domain/timestamps.ts';
import { recordEvent } from '../ledger/auditStore.ts';
import { findBinding, findBindingOfSession } from '../ledger/bindingStore.ts';
import { touchSequence } from '../ledger/commandQueueStore.ts';
import { findCommand, finishCommand } from '../ledger/commandStore.ts';
import type { Connection } from '../ledger/connection.ts';
import { findPanelSession } from '../ledger/panelSessionStore.ts';
import {
  type DanglingBinding,
  invalidateBinding,
  listDanglingBindings,
  listLastCycles,
  listOrphanedCommands,
  type OrphanedCommand,
} from '../ledger/reconcileStore.ts';
import { findSessionById, listSessions, markSessionGone, type Session } from '../ledger/sessionStore.ts';
import { findTask, setTaskState } from '../ledger/taskStore.ts';

export interface DeadSession extends Pick<Session, 'name' | 'role' | 'last_heartbeat_at'> {
  readonly pid: number;
  readonly reason: 'process_ended' | 'process_replaced';
}

export interface StuckTask {
  readonly task_name: string;
  readonly binding_id: string;
  readonly last_cycle_at: string;
  readonly age_seconds: number;
}

export interface Drift {
  readonly dead_pid_sessions: DeadSession[];
  readonly dangling_bindings: DanglingBinding[];
  readonly orphaned_commands: OrphanedCommand[];
  readonly stuck_tasks: StuckTask[];
}

/** Where the ledger says something else than the machine, or than itself. */
export interface DriftQuestion {
  /** Null for every task, and sessions of none. */
  readonly taskId: string | null;
  readonly staleCyclesSeconds: number;
  /** False only when that very process has ended; null when nobody can tell. */
  isAlive(session: Session): boolean | null;
  /** Whether anything runs under that number. */
  isTaken(pid: number): boolean;
  readonly now: number;
}

export function findDrift(ledger: Connection, question: DriftQuestion): Drift {
  const { taskId } = question;
  return {
    dead_pid_sessions: findDead(ledger, question).map(({ name, role, pid, reason, last_heartbeat_at }) => ({
      name,
      role,
      pid,
      reason,
      last_heartbeat_at,
    })),
    dangling_bindings: listDanglingBindings(ledger, taskId),
    orphaned_commands: listOrphanedCommands(ledger, taskId),
    stuck_tasks: findStuck(ledger, question),
  };
}

function findDead(ledger: Connection, question: DriftQuestion) {
  return listSessions(ledger)
    .filter(({ state, id }) => state === 'active' && belongsTo(ledger, id, question.taskId))
    .flatMap((session) => {
      const { pid } = session;
      // Nobody stands behind a disposable session; the reference gave it the number of the command that made it (AT-16).
      if (pid === null || isDisposable(ledger, session) || question.isAlive(session) !== false) return [];
      const reason: DeadSession['reason'] = question.isTaken(pid) ? 'process_replaced' : 'process_ended';
      return [{ ...session, pid, reason }];
    });
}

function belongsTo(ledger: Connection, sessionId: string, taskId: string | null): boolean {
  return taskId === null || findBindingOfSession(ledger, sessionId)?.task_id === taskId;
}

export function isDisposable(ledger: Connection, session: Session): boolean {
  if (findPanelSession(ledger, session.id)?.kind === 'disposable') return true;
  return session.codex_session_path?.includes('/disposable-sessions/rollout-') ?? false;
}

function findStuck(ledger: Connection, { taskId, staleCyclesSeconds, now }: DriftQuestion): StuckTask[] {
  return listLastCycles(ledger, taskId).flatMap((task) => {
    const at = parseTimestamp(task.last_cycle_at);
    if (at === null || now - at <= staleCyclesSeconds * 1000) return [];
    return [{ ...task, age_seconds: ageSeconds(task.last_cycle_at, now) ?? 0 }];
  });
}

export interface Mended {
  readonly sessions_marked_gone: string[];
  readonly bindings_marked_invalid: string[];
  readonly commands_failed: string[];
  readonly tasks_paused: string[];
}

/**
 * Makes the ledger say what is so: dead sessions are gone, bindings with them invalid, messages to such a pair failed,
 * and a managed task without a pair paused. Looks again at each session, so that one registered anew meanwhile stays.
 */
export function mendDrift(ledger: Connection, question: DriftQuestion): Mended {
  const dead = findDead(ledger, question);
  const { now, taskId } = question;
  return ledger.write(() => {
    const gone = dead.filter((session) => isUnchanged(ledger, session));
    for (const { id, name, pid, reason } of gone) {
      const boundTo = findBindingOfSession(ledger, id)?.task_id ?? null;
      markSessionGone(ledger, id, now);
      const payload = { name, pid, reason };
      recordEvent(ledger, { type: 'session_marked_gone_by_reconcile', taskId: boundTo, payload }, now);
    }
    const invalid = invalidate(ledger, listDanglingBindings(ledger, taskId), now);
    const failed = failOrphans(ledger, listOrphanedCommands(ledger, taskId), now);
    const paused = pauseUnbound(ledger, invalid, now);
    if (gone.length + invalid.length + failed.length > 0) touchSequence(ledger);
    return {
      sessions_marked_gone: gone.map(({ name }) => name),
      bindings_marked_invalid: invalid.map(({ binding_id }) => binding_id),
      commands_failed: failed,
      tasks_paused: paused,
    };
  });
}

function isUnchanged(ledger: Connection, { id, pid, registered_at }: Session): boolean {
  const current = findSessionById(ledger, id);
  return current?.state === 'active' && current.pid === pid && current.registered_at === registered_at;
}

/** Each binding once, also when both of its sides are gone (AT-16). */
function invalidate(ledger: Connection, sides: readonly DanglingBinding[], now: number): readonly DanglingBinding[] {
  const bindings = sides.filter(
    ({ binding_id: id }, index) => sides.findIndex(({ binding_id }) => binding_id === id) === index,
  );
  for (const { binding_id, task_id, task_name, gone_role, gone_session_name } of bindings) {
    invalidateBinding(ledger, binding_id, now);
    const payload = { binding_id, task_name, gone_role, gone_session_name };
    recordEvent(ledger, { type: 'binding_marked_invalid_by_reconcile', taskId: task_id, payload }, now);
  }
  return bindings;
}

function failOrphans(ledger: Connection, orphans: readonly OrphanedCommand[], now: number): string[] {
  return orphans.flatMap(({ command_id, task_id }) => {
    const command = findCommand(ledger, command_id);
    if (command === null) return [];
    const error = 'the pair that this was meant for was given up by "reconcile"; send it again to the next one';
    finishCommand(ledger, command, { state: 'failed', result: null, error }, now);
    const event = { type: 'command_failed_by_reconcile', taskId: task_id, commandId: command_id };
    recordEvent(ledger, { ...event, payload: { command_type: command.type } }, now);
    return [command_id];
  });
}

/** A task that nobody manages any more does not say that it is managed (AT-16). */
function pauseUnbound(ledger: Connection, invalid: readonly DanglingBinding[], now: number): string[] {
  return invalid.flatMap(({ task_id, task_name }) => {
    if (findTask(ledger, task_id)?.state !== 'managed' || findBinding(ledger, task_id) !== null) return [];
    setTaskState(ledger, task_id, 'paused', now);
    recordEvent(ledger, { type: 'task_paused_by_reconcile', taskId: task_id, payload: { task_name } }, now);
    return [task_name];
  });
}
