import { realpathSync } from 'node:fs';
import { readRolloutHead } from '../codex/rolloutHead.ts';
import { ConveyorError } from '../domain/errors.ts';
import type { PanelSession } from '../ledger/panelSessionStore.ts';
import type { Session } from '../ledger/sessionStore.ts';
import type { HostFacts } from '../ports/hostFacts.ts';
import type { Pane } from '../tmux/pane.ts';
import type { Tmux } from '../tmux/tmux.ts';

export type IdentityMismatch =
  | 'session_state_gone'
  | 'tmux_session_missing'
  | 'tmux_pane_mismatch'
  | 'session_identity_missing'
  | 'session_pid_missing'
  | 'session_pid_invalid'
  | 'session_pid_dead'
  | 'codex_session_path_invalid'
  | 'codex_session_id_mismatch'
  | 'codex_session_pid_mismatch'
  | 'session_not_as_confirmed';

/** What was found of a session where the ledger says that it runs. Keys of the output. */
export interface SessionIdentity {
  readonly codex_session_id: string | null;
  readonly codex_session_path: string | null;
  readonly db_pane_id: string | null;
  readonly db_session: string | null;
  readonly delivery_mode: 'push' | 'pull_required';
  readonly live: boolean;
  readonly live_pane_id: string | null;
  readonly mismatches: readonly IdentityMismatch[];
  readonly pid: number | null;
  readonly role: Session['role'];
  readonly session: string;
  readonly state: Session['state'];
}

export interface IdentityPorts {
  readonly host: HostFacts;
  /** True when the rows say otherwise than what was confirmed outside every sandbox: then nothing of them is used. */
  readonly isContradicted: (session: Session, panel: PanelSession | null) => boolean;
  /** The tmux server with that socket; null stands for the usual one. */
  tmuxOn(socket: string | null): Tmux;
}

export interface FoundSession {
  readonly session: Session;
  readonly panel: PanelSession | null;
  readonly identity: SessionIdentity;
  /** The pane that is certainly this session's. */
  readonly pane: Pane | null;
}

/**
 * Looks whether what runs under a session's name is that session. An end is no mismatch to refuse for: dead counts as
 * stopped (CP-3). Somebody else in its place is. Throws `tmux_denied`, `tmux_missing`, `tmux_failed`.
 */
export async function findRunningSession(
  ports: IdentityPorts,
  session: Session,
  panel: PanelSession | null,
): Promise<FoundSession> {
  const paneId = panel?.pane_id ?? session.tmux_pane_id;
  const isContradicted = ports.isContradicted(session, panel);
  const panes =
    session.tmux_session === null || isContradicted ? [] : await panesOf(ports, session.tmux_session, panel);
  const pane = paneId === null ? (panes[0] ?? null) : (panes.find((one) => one.paneId === paneId) ?? null);
  const mismatches: IdentityMismatch[] = session.state === 'gone' ? ['session_state_gone'] : [];
  if (isContradicted) mismatches.push('session_not_as_confirmed');
  else if (session.tmux_session === null) mismatches.push(...processMismatches(ports.host, session, panel));
  else if (panes.length === 0) mismatches.push('tmux_session_missing');
  else if (pane === null) mismatches.push('tmux_pane_mismatch');
  return {
    session,
    panel,
    pane,
    identity: {
      codex_session_id: session.codex_session_id,
      codex_session_path: session.codex_session_path,
      db_pane_id: paneId,
      db_session: session.tmux_session,
      delivery_mode: session.tmux_session === null ? 'pull_required' : 'push',
      live: panes.length > 0,
      live_pane_id: panes[0]?.paneId ?? null,
      mismatches,
      pid: session.pid,
      role: session.role,
      session: session.name,
      state: session.state,
    },
  };
}

/** Mismatches that mean an end, not a stranger. */
const ENDED: readonly IdentityMismatch[] = [
  'session_state_gone',
  'tmux_session_missing',
  'session_pid_missing',
  'session_pid_invalid',
  'session_pid_dead',
];

/** What speaks against stopping: something runs there, and it is not this session. */
export function strangerMismatches({ mismatches }: SessionIdentity): readonly IdentityMismatch[] {
  return mismatches.some((one) => one.startsWith('session_pid_'))
    ? []
    : mismatches.filter((one) => !ENDED.includes(one));
}

async function panesOf(ports: IdentityPorts, name: string, panel: PanelSession | null): Promise<readonly Pane[]> {
  try {
    return await ports.tmuxOn(panel?.tmux_socket ?? null).listPanes(name);
  } catch (error) {
    if (ConveyorError.is(error, 'tmux_not_running')) return [];
    throw error;
  }
}

function processMismatches(host: HostFacts, session: Session, panel: PanelSession | null): readonly IdentityMismatch[] {
  // Nobody stands behind a disposable session, so there is nobody to mistake it for (CP-5).
  if (panel?.kind === 'disposable') return [];
  const { pid, codex_session_id: threadId, codex_session_path: path } = session;
  if (threadId === null || path === null) return ['session_identity_missing'];
  if (pid === null) return ['session_pid_missing'];
  if (!Number.isInteger(pid) || pid <= 0) return ['session_pid_invalid'];
  if (!isSameProcess(host, pid, panel)) return ['session_pid_dead'];
  const rollout = rolloutMismatch(path, threadId);
  const mismatches: IdentityMismatch[] = rollout === null ? [] : [rollout];
  return belongsTo(host, pid, path) ? mismatches : [...mismatches, 'codex_session_pid_mismatch'];
}

/** A number that another process got since, or that was given out before a reboot, is no sign of life (CP-7). */
function isSameProcess(host: HostFacts, pid: number, panel: PanelSession | null): boolean {
  if (!host.isAlive(pid)) return false;
  if (panel === null || panel.process_start === null) return true;
  if (panel.boot_id !== null && panel.boot_id !== host.bootId) return false;
  return host.startTime(pid) === panel.process_start;
}

function rolloutMismatch(path: string, threadId: string): IdentityMismatch | null {
  try {
    return readRolloutHead(path).header.threadId === threadId ? null : 'codex_session_id_mismatch';
  } catch (error) {
    if (ConveyorError.is(error)) return 'codex_session_path_invalid';
    throw error;
  }
}

/**
 * The process itself or anything below it holds the rollout (CP-6). A Codex that holds none may have left it to the
 * server that all sessions of its home share (facts/codex.md, section 2): its name has to do.
 */
function belongsTo(host: HostFacts, pid: number, path: string): boolean {
  const file = realPath(path);
  const tree = [pid];
  for (const one of tree) {
    if (host.openFiles(one).some((open) => open === path || open === file)) return true;
    tree.push(...host.children(one).filter((child) => !tree.includes(child)));
  }
  const [program = '', script = ''] = host.commandLine(pid);
  return [program, script].some((word) => /(?:^|\/)codex(?:$|[.-])/.test(word));
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
