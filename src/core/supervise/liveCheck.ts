import { ConveyorError } from '../domain/errors.ts';
import { ageSeconds } from '../domain/timestamps.ts';
import { findBinding } from '../ledger/bindingStore.ts';
import type { Connection } from '../ledger/connection.ts';
import { findPanelSession } from '../ledger/panelSessionStore.ts';
import { findLegacySide, listUnfinishedCommands, type UnfinishedCommand } from '../ledger/reconcileStore.ts';
import { findSessionById, type Session, type SessionRole } from '../ledger/sessionStore.ts';
import { listTasks, type Task } from '../ledger/taskStore.ts';
import { findLatestCapture } from '../ledger/terminalCaptureStore.ts';
import type { Pane } from '../tmux/pane.ts';
import type { Tmux } from '../tmux/tmux.ts';
import { isDisposable } from './reconcile.ts';

export interface LivePorts {
  readonly ledger: Connection;
  tmuxOn(socket: string | null): Pick<Tmux, 'listPanes'>;
  isAlive(session: Session): boolean | null;
  readonly managerStaleSeconds: number;
  readonly now: number;
}

/** One side of a task, as the ledger and the machine know it. Keys of the output. */
export interface LiveSide {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly session: string | null;
  /** Null: nobody can tell. */
  readonly live: boolean | null;
  readonly recorded_pane_id: string | null;
  readonly tmux_pane_id: string | null;
  readonly last_seen_at: string | null;
  readonly last_seen_age_seconds: number | null;
  readonly last_capture_sha256: string | null;
}

export interface LiveResult {
  readonly task: Pick<Task, 'id' | 'name' | 'state'>;
  readonly worker: LiveSide | null;
  readonly manager: LiveSide | null;
  readonly unfinished_commands: (UnfinishedCommand & {
    readonly task_id: string;
    readonly task_name: string;
    readonly recommended_action: string;
  })[];
  readonly drift: string[];
}

export interface LivenessWarning {
  readonly task_name: string;
  readonly manager: string;
  readonly reason: 'manager_never_seen' | 'manager_seen_stale';
  readonly last_seen_at: string | null;
  readonly age_seconds: number | null;
  readonly stale_seconds: number;
}

export interface LiveCheck {
  readonly ok: boolean;
  readonly results: LiveResult[];
  /** Advice only: a manager that is silent may just be thinking. */
  readonly manager_liveness_warnings: LivenessWarning[];
  /** Why terminals could not be looked at; null when they could. */
  readonly tmux_error: string | null;
}

/** Compares what the ledger says of each task's sessions with what runs. Changes nothing. */
export async function checkLive(ports: LivePorts): Promise<LiveCheck> {
  const look = lookOnce(ports);
  const results: LiveResult[] = [];
  const warnings: LivenessWarning[] = [];
  for (const task of listTasks(ports.ledger, { onlyOpen: false })) {
    const result = await checkTask(ports, look, task);
    results.push(result);
    warnings.push(...managerWarnings(ports, result));
  }
  const ok = results.every(({ drift }) => drift.length === 0);
  return { ok, results, manager_liveness_warnings: warnings, tmux_error: look.error() };
}

async function checkTask(ports: LivePorts, look: Look, task: Task): Promise<LiveResult> {
  const worker = await findSide(ports, look, task, 'worker');
  const manager = await findSide(ports, look, task, 'manager');
  const { id, name, state } = task;
  const commands = listUnfinishedCommands(ports.ledger, id);
  return {
    task: { id, name, state },
    worker: worker?.side ?? null,
    manager: manager?.side ?? null,
    unfinished_commands: commands.map((command) => ({
      ...command,
      task_id: id,
      task_name: name,
      recommended_action: advice(command, name),
    })),
    drift: [
      ...(worker?.drift ?? []),
      ...(manager?.drift ?? []),
      ...(commands.length > 0 ? ['unfinished_commands'] : []),
    ],
  };
}

function advice({ state }: UnfinishedCommand, task: string): string {
  return state === 'pending'
    ? 'deliver it with "dispatch --once", or start a dispatcher'
    : `see how far it came with "commands --task ${task} --attempts"`;
}

interface Known {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly tmuxSession: string | null;
  readonly socket: string | null;
  readonly paneId: string | null;
  readonly lastSeenAt: string | null;
  /** Whether the ledger says that it runs. */
  readonly isExpected: boolean;
  readonly processLives: () => boolean | null;
}

async function findSide(ports: LivePorts, look: Look, task: Task, role: SessionRole) {
  const known = knownSide(ports, task, role);
  if (known === null) return null;
  const panes = known.tmuxSession === null ? null : await look.panes(known.socket, known.tmuxSession);
  const live = isLive(known, panes);
  const found = panes?.find(({ paneId }) => known.paneId === null || paneId === known.paneId);
  const capture = findLatestCapture(ports.ledger, task.id, role);
  const side: LiveSide = {
    id: known.id,
    name: known.name,
    state: known.state,
    session: known.tmuxSession,
    live,
    recorded_pane_id: known.paneId,
    tmux_pane_id: (found ?? panes?.[0])?.paneId ?? null,
    last_seen_at: known.lastSeenAt,
    last_seen_age_seconds: ageSeconds(known.lastSeenAt, ports.now),
    last_capture_sha256: capture?.content_sha256 ?? null,
  };
  const isElsewhere = panes !== null && panes.length > 0 && found === undefined;
  return { side, drift: driftOf(role, { isExpected: known.isExpected, live, isElsewhere }) };
}

/** A terminal outlives the Codex in it, and a process can be known where tmux does not answer. Null: nobody can tell. */
function isLive({ tmuxSession, processLives }: Known, panes: readonly Pane[] | null): boolean | null {
  const process = processLives();
  if (process === false || tmuxSession === null) return process;
  return panes === null ? null : panes.length > 0;
}

function driftOf(
  role: SessionRole,
  side: { readonly isExpected: boolean; readonly live: boolean | null; readonly isElsewhere: boolean },
): string[] {
  if (!side.isExpected) return [`${role}_gone`];
  if (side.live === false) return [`${role}_missing`];
  return side.isElsewhere ? [`${role}_pane_mismatch`] : [];
}

function knownSide(ports: LivePorts, task: Task, role: SessionRole): Known | null {
  const binding = findBinding(ports.ledger, task.id);
  const id = role === 'worker' ? binding?.worker_session_id : binding?.manager_session_id;
  const session = id == null ? null : findSessionById(ports.ledger, id);
  return session === null ? knownLegacySide(ports.ledger, task, role) : knownSession(ports, session);
}

function knownSession(ports: LivePorts, session: Session): Known {
  const panel = findPanelSession(ports.ledger, session.id);
  return {
    id: session.id,
    name: session.name,
    state: session.state,
    tmuxSession: session.tmux_session,
    socket: panel?.tmux_socket ?? null,
    paneId: panel?.pane_id ?? session.tmux_pane_id,
    lastSeenAt: session.last_heartbeat_at,
    isExpected: session.state === 'active',
    processLives: () => (isDisposable(ports.ledger, session) ? null : ports.isAlive(session)),
  };
}

/** What an ended worker or manager of the older tables left in a live binding is gone. */
const legacyRunning: readonly string[] = ['candidate', 'active', 'starting', 'ready', 'stopping'];

function knownLegacySide(ledger: Connection, task: Task, role: SessionRole): Known | null {
  const side = findLegacySide(ledger, task.id, role);
  if (side === null) return null;
  return {
    id: side.id,
    name: side.name,
    state: side.state,
    tmuxSession: side.tmux_session,
    socket: null,
    paneId: side.tmux_pane_id,
    lastSeenAt: side.last_seen_at,
    isExpected: legacyRunning.includes(side.state),
    processLives: () => null,
  };
}

function managerWarnings(ports: LivePorts, { task, manager }: LiveResult): LivenessWarning[] {
  if (manager === null || manager.live === false) return [];
  const { last_seen_at, last_seen_age_seconds: age } = manager;
  const facts = {
    task_name: task.name,
    manager: manager.name,
    last_seen_at,
    age_seconds: age,
    stale_seconds: ports.managerStaleSeconds,
  };
  if (age === null) return [{ ...facts, reason: 'manager_never_seen' }];
  return age > ports.managerStaleSeconds ? [{ ...facts, reason: 'manager_seen_stale' }] : [];
}

interface Look {
  /** Null: tmux did not answer. */
  panes(socket: string | null, session: string): Promise<readonly Pane[] | null>;
  error(): string | null;
}

/** One question for each tmux server, however many tasks there are. */
function lookOnce(ports: LivePorts): Look {
  const servers = new Map<string | null, Promise<readonly Pane[] | null>>();
  let error: string | null = null;
  const ask = async (socket: string | null) => {
    try {
      return await ports.tmuxOn(socket).listPanes();
    } catch (failure) {
      if (!ConveyorError.is(failure)) throw failure;
      if (failure.code === 'tmux_not_running') return [];
      error = failure.message;
      return null;
    }
  };
  return {
    async panes(socket, session) {
      const answer = servers.get(socket) ?? ask(socket);
      servers.set(socket, answer);
      const all = await answer;
      return all?.filter(({ sessionName }) => sessionName === session) ?? null;
    },
    error: () => error,
  };
}
