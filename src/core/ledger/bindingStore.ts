import * as z from 'zod/mini';
import { noBinding, refuse } from '../domain/errors.ts';
import { newIdentifier } from '../domain/identifiers.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import type { Connection } from './connection.ts';
import { newestEventId } from './panelSessionStore.ts';
import { query } from './query.ts';
import { findSessionById, type Session } from './sessionStore.ts';
import type { Task } from './taskStore.ts';

const bindingRow = z.object({
  id: z.string(),
  task_id: z.string(),
  worker_session_id: z.nullable(z.string()),
  manager_session_id: z.nullable(z.string()),
  state: z.enum(['active', 'ending', 'ended', 'invalid']),
  created_at: z.string(),
  ended_at: z.nullable(z.string()),
});

/** A worker and a manager tied to a task. `active` and `ending` count as bound. */
export type Binding = z.infer<typeof bindingRow>;

// The newest is the one that was made last: a wall clock that was set back must not make it an older one.
const columns = 'id, task_id, worker_session_id, manager_session_id, state, created_at, ended_at';
const live = "state IN ('active', 'ending')";
const ofTask = query(
  bindingRow,
  `SELECT ${columns} FROM bindings WHERE task_id = ? AND ${live} ORDER BY rowid DESC LIMIT 1`,
);
const newestOfTask = query(bindingRow, `SELECT ${columns} FROM bindings WHERE task_id = ? ORDER BY rowid DESC LIMIT 1`);
const ofSession = query(
  bindingRow,
  `SELECT ${columns} FROM bindings WHERE (worker_session_id = $id OR manager_session_id = $id) AND ${live}
   ORDER BY rowid DESC LIMIT 1`,
);
const lastOfWorker = query(
  z.object({ task_id: z.string(), first_event_id: z.number() }),
  `SELECT b.task_id, coalesce(p.worker_first_event_id, 0) AS first_event_id
   FROM bindings b LEFT JOIN panel_bindings p ON p.binding_id = b.id
   WHERE b.worker_session_id = ? ORDER BY b.rowid DESC LIMIT 1`,
);
const start = query(
  z.object({ worker_first_event_id: z.number() }),
  'SELECT worker_first_event_id FROM panel_bindings WHERE binding_id = ?',
);
const everyLive = query(bindingRow, `SELECT ${columns} FROM bindings WHERE ${live} ORDER BY created_at, rowid`);

/** The live binding of a task, whether or not both sessions are there. */
export function findBinding(ledger: Connection, taskId: string): Binding | null {
  return ofTask.first(ledger, [taskId]);
}

/** The newest binding of a task in any state. */
export function findNewestBinding(ledger: Connection, taskId: string): Binding | null {
  return newestOfTask.first(ledger, [taskId]);
}

export function findBindingOfSession(ledger: Connection, sessionId: string): Binding | null {
  return ofSession.first(ledger, { id: sessionId });
}

export function listLiveBindings(ledger: Connection): Binding[] {
  return everyLive.all(ledger);
}

/** A live binding with both of its sessions. */
export interface SessionBinding {
  readonly binding: Binding;
  readonly worker: Session;
  readonly manager: Session;
}

/** The live binding of a task with its sessions, or null. */
export function findSessionBinding(ledger: Connection, taskId: string): SessionBinding | null {
  const binding = findBinding(ledger, taskId);
  return binding === null ? null : withSessions(ledger, binding);
}

/** The live binding of a task with its sessions; throws `no_binding`, naming the task as it was given. */
export function requireSessionBinding(ledger: Connection, task: Task, reference: string): SessionBinding {
  const found = findSessionBinding(ledger, task.id);
  if (found === null) throw noBinding(reference);
  return found;
}

export function withSessions(ledger: Connection, binding: Binding): SessionBinding | null {
  if (binding.worker_session_id === null || binding.manager_session_id === null) return null;
  const worker = findSessionById(ledger, binding.worker_session_id);
  const manager = findSessionById(ledger, binding.manager_session_id);
  return worker === null || manager === null ? null : { binding, worker, manager };
}

/** Ties task, worker and manager; throws `already_bound`. Call inside a write transaction. */
export function insertBinding(ledger: Connection, task: Task, worker: Session, manager: Session, now: number): Binding {
  refuseBound(ledger, task, [worker, manager]);
  const firstEventId = historyBegin(ledger, task, worker);
  const binding: Binding = {
    id: newIdentifier('binding'),
    task_id: task.id,
    worker_session_id: worker.id,
    manager_session_id: manager.id,
    state: 'active',
    created_at: formatTimestamp(now),
    ended_at: null,
  };
  ledger.run(
    `INSERT INTO bindings (${columns}) VALUES ($id, $task_id, $worker_session_id, $manager_session_id, $state, $created_at, $ended_at)`,
    binding,
  );
  ledger.run('INSERT INTO panel_bindings (binding_id, worker_first_event_id) VALUES (?, ?)', [
    binding.id,
    firstEventId,
  ]);
  return binding;
}

/**
 * Where a binding's history begins: what the worker did before, for another task or for nobody, is not its business
 * (OD-8). Bound again to the same task it goes on, so that a completion in between is still told.
 */
function historyBegin(ledger: Connection, task: Task, worker: Session): number {
  const before = lastOfWorker.first(ledger, [worker.id]);
  if (before?.task_id === task.id) return before.first_event_id;
  return newestEventId(ledger) + 1;
}

/** Throws `already_bound`, naming what stands in the way: the task (null while there is none), then each session. */
export function refuseBound(ledger: Connection, task: Task | null, sessions: readonly Session[]): void {
  const current = task === null ? null : findBinding(ledger, task.id);
  if (task !== null && current !== null) {
    throw refuse(
      'already_bound',
      `task '${task.name}' already has an active binding (${current.id}); end it with "unbind --task ${task.name}"`,
    );
  }
  for (const session of sessions) {
    const bound = findBindingOfSession(ledger, session.id);
    if (bound !== null) {
      throw refuse(
        'already_bound',
        `session '${session.name}' is already bound to task ${bound.task_id} (binding ${bound.id}); unbind that first`,
      );
    }
  }
}

/** The first event of the worker that belongs to this binding; 0 when the reference made it. */
export function findBindingStart(ledger: Connection, bindingId: string): number {
  return start.first(ledger, [bindingId])?.worker_first_event_id ?? 0;
}

/** What stood in a rollout when its worker was bound, told by the file's first line and its length. */
export interface UnreadHistory {
  readonly headSha256: string;
  readonly until: number;
}

/** Notes lines that are older than the binding although nobody has read them yet (OD-8). Call with `insertBinding`. */
export function markUnreadHistory(ledger: Connection, bindingId: string, { headSha256, until }: UnreadHistory): void {
  // A binding that goes on with an earlier one of the same task wants them told.
  ledger.run(
    'UPDATE panel_bindings SET unread_head_sha256 = ?, unread_until = ? WHERE binding_id = ? AND worker_first_event_id > ?',
    [headSha256, until, bindingId, newestEventId(ledger)],
  );
}

const unread = query(
  z.object({ binding_id: z.string(), unread_head_sha256: z.string(), unread_until: z.number() }),
  `SELECT p.binding_id, p.unread_head_sha256, p.unread_until FROM panel_bindings p JOIN bindings b ON b.id = p.binding_id
   WHERE b.worker_session_id = ? AND b.${live} AND p.unread_until IS NOT NULL`,
);

/** Lines of a worker's rollout that were just stored, in order. */
export interface ReadLines {
  readonly headSha256: string;
  readonly firstEventId: number;
  readonly offsets: readonly number[];
  readonly endOffset: number;
}

/** Moves the beginning of a worker's live binding behind what it had written before. Call in the transaction that stored it. */
export function settleUnreadHistory(ledger: Connection, workerId: string, read: ReadLines): void {
  for (const { binding_id, unread_head_sha256, unread_until } of unread.all(ledger, [workerId])) {
    const isSameFile = unread_head_sha256 === read.headSha256;
    const older = isSameFile ? read.offsets.filter((offset) => offset < unread_until).length : 0;
    if (older > 0) {
      ledger.run('UPDATE panel_bindings SET worker_first_event_id = ? WHERE binding_id = ?', [
        read.firstEventId + older,
        binding_id,
      ]);
    }
    if (isSameFile && read.endOffset < unread_until) continue;
    ledger.run('UPDATE panel_bindings SET unread_head_sha256 = NULL, unread_until = NULL WHERE binding_id = ?', [
      binding_id,
    ]);
  }
}

/** Ends every live binding of a task; returns how many there were. */
export function endBindings(ledger: Connection, taskId: string, now: number): number {
  return ledger.run(`UPDATE bindings SET state = 'ended', ended_at = ? WHERE task_id = ? AND ${live}`, [
    formatTimestamp(now),
    taskId,
  ]).changes;
}
