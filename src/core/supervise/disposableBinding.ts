import { refuse } from '../domain/errors.ts';
import type { JsonObject } from '../domain/json.ts';
import { recordEvent } from '../ledger/auditStore.ts';
import { type Binding, insertBinding, refuseBound } from '../ledger/bindingStore.ts';
import type { Connection } from '../ledger/connection.ts';
import { findPanelSession, registerPanelSession } from '../ledger/panelSessionStore.ts';
import { insertPolicyRun, type Run } from '../ledger/runStore.ts';
import { findSession, type Session, type SessionRole, upsertSession } from '../ledger/sessionStore.ts';
import { findTask, insertTask, setTaskState, type Task } from '../ledger/taskStore.ts';
import { claimRollout, discardRollouts, type DisposableRollout } from './disposableRollouts.ts';
import { refuseEnded } from './taskState.ts';

export interface DisposableRequest {
  readonly task: string;
  readonly goal: string;
  readonly summary: string | null;
  /** Derived from the task's name when null. */
  readonly worker: string | null;
  readonly manager: string | null;
  readonly sessionFolder: string;
  readonly cwd: string;
  /** A loop policy to go with it. */
  readonly run: { readonly name: string | null; readonly metadata: JsonObject } | null;
}

export interface DisposableBinding {
  readonly task: Task;
  readonly created: boolean;
  readonly worker: Session;
  readonly manager: Session;
  readonly binding: Binding;
  readonly run: Run | null;
}

/**
 * Binds a task to a worker and a manager that no process stands behind: sessions without a pid (CP-5), for loops that are
 * driven by inbox alone. Everything is checked before a file is written (CP-48) and again with the rows.
 *
 * Throws `task_state`, `wrong_role`, `already_bound`, `invalid_name`, `state_root_unwritable`.
 */
export function createDisposableBinding(
  ledger: Connection,
  request: DisposableRequest,
  now: () => number,
): DisposableBinding {
  const names = ledger.read(() => checkRequest(ledger, request));
  const claim = (role: SessionRole) =>
    claimRollout(request.sessionFolder, names[role], request.cwd, findSession(ledger, names[role]));
  const rollouts: DisposableRollout[] = [];
  try {
    const worker = claim('worker');
    rollouts.push(worker);
    const manager = claim('manager');
    rollouts.push(manager);
    return ledger.write(() => {
      checkRequest(ledger, request);
      return writeRows(ledger, request, names, { worker, manager }, now());
    });
  } catch (error) {
    discardRollouts(rollouts);
    throw error;
  }
}

type Names = Readonly<Record<SessionRole, string>>;

function checkRequest(ledger: Connection, request: DisposableRequest): Names {
  const task = findTask(ledger, request.task);
  const base = task?.name ?? request.task;
  const names = { worker: request.worker ?? `${base}-worker`, manager: request.manager ?? `${base}-manager` };
  if (task === null && !base.trim()) throw refuse('invalid_name', 'a task needs a name');
  if (!names.worker.trim() || !names.manager.trim()) throw refuse('invalid_name', 'a session needs a name');
  if (names.worker === names.manager) {
    throw refuse('invalid_name', `worker and manager cannot both be '${names.worker}'; give --worker and --manager`);
  }
  if (task !== null) refuseEnded(task);
  const sessions = (['worker', 'manager'] as const).map((role) => {
    const session = findSession(ledger, names[role]);
    if (session !== null && session.role !== role) {
      throw refuse(
        'wrong_role',
        `refusing to re-register session '${session.name}' as a ${role}: it is a ${session.role}`,
      );
    }
    return session;
  });
  refuseBound(
    ledger,
    task,
    sessions.filter((session) => session !== null),
  );
  return names;
}

function writeRows(
  ledger: Connection,
  request: DisposableRequest,
  names: Names,
  rollouts: Readonly<Record<SessionRole, DisposableRollout>>,
  now: number,
): DisposableBinding {
  const known = findTask(ledger, request.task);
  const task = known ?? createTask(ledger, request, now);
  setTaskState(ledger, task.id, 'managed', now);
  const worker = writeSession(ledger, 'worker', names.worker, rollouts.worker, request.cwd, now);
  const manager = writeSession(ledger, 'manager', names.manager, rollouts.manager, request.cwd, now);
  const binding = insertBinding(ledger, task, worker, manager, now);
  const run = request.run === null ? null : insertPolicyRun(ledger, task, request.run, now);
  const payload = { binding_id: binding.id, manager: manager.name, run: run?.id ?? null, worker: worker.name };
  recordEvent(ledger, { type: 'disposable_binding_created', taskId: task.id, payload }, now);
  return { task: { ...task, state: 'managed' }, created: known === null, worker, manager, binding, run };
}

function createTask(ledger: Connection, { task: name, goal, summary }: DisposableRequest, now: number): Task {
  const task = insertTask(ledger, { name, goal, summary }, now);
  recordEvent(ledger, { type: 'task_created', taskId: task.id, payload: { goal, name, summary } }, now);
  return task;
}

function writeSession(
  ledger: Connection,
  role: SessionRole,
  name: string,
  rollout: DisposableRollout,
  cwd: string,
  now: number,
): Session {
  const known = findSession(ledger, name);
  const wasDisposable = known !== null && findPanelSession(ledger, known.id)?.kind === 'disposable';
  const session = upsertSession(
    ledger,
    {
      name,
      role,
      tmuxSession: null,
      codexSessionPath: rollout.path,
      codexSessionId: rollout.threadId,
      pid: null,
      cwd,
    },
    now,
  );
  const startsIncarnation = known !== null && !(wasDisposable && !rollout.isNew);
  const facts = { kind: 'disposable', tmuxSocket: null, paneId: null, processStart: null, startsIncarnation } as const;
  registerPanelSession(ledger, session.id, facts, now);
  return session;
}
