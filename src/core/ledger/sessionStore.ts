import * as z from 'zod/mini';
import { unknownSession, wrongRole } from '../domain/errors.ts';
import { newIdentifier } from '../domain/identifiers.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import type { Connection } from './connection.ts';
import { query } from './query.ts';

export const sessionRoles = ['worker', 'manager'] as const;
export const sessionStates = ['active', 'gone'] as const;

/** The wire form of a session, in the ledger and in every output. */
export const sessionRow = z.object({
  id: z.string(),
  name: z.string(),
  role: z.enum(sessionRoles),
  identity_token: z.string(),
  tmux_session: z.nullable(z.string()),
  tmux_pane_id: z.nullable(z.string()),
  codex_session_path: z.nullable(z.string()),
  codex_session_id: z.nullable(z.string()),
  pid: z.nullable(z.number()),
  cwd: z.string(),
  registered_at: z.string(),
  last_heartbeat_at: z.nullable(z.string()),
  state: z.enum(sessionStates),
  last_ingest_offset: z.nullable(z.number()),
});

/** A registered Codex session, as the ledger has it. */
export type Session = z.infer<typeof sessionRow>;
export type SessionRole = Session['role'];

const columns =
  'id, name, role, identity_token, tmux_session, tmux_pane_id, codex_session_path, codex_session_id, pid, cwd, registered_at, last_heartbeat_at, state, last_ingest_offset';
const byName = query(sessionRow, `SELECT ${columns} FROM sessions WHERE name = ?`);
const byId = query(sessionRow, `SELECT ${columns} FROM sessions WHERE id = ?`);
const everySession = query(sessionRow, `SELECT ${columns} FROM sessions ORDER BY registered_at, rowid`);

export function findSession(ledger: Connection, name: string): Session | null {
  return byName.first(ledger, [name]);
}

export function findSessionById(ledger: Connection, id: string): Session | null {
  return byId.first(ledger, [id]);
}

/** The session with this name; throws `unknown_session`, or `wrong_role` when a role is asked for. */
export function requireSession(ledger: Connection, name: string, role?: SessionRole): Session {
  const session = findSession(ledger, name);
  if (session === null) throw unknownSession(name);
  if (role !== undefined && session.role !== role) throw wrongRole(name, session.role, role);
  return session;
}

const byThread = query(sessionRow, `SELECT ${columns} FROM sessions WHERE codex_session_id = ? AND state = 'active'`);

/** The role of the session that runs this thread; null when it is nobody's. */
export function findRoleOfThread(ledger: Connection, threadId: string): SessionRole | null {
  return byThread.first(ledger, [threadId])?.role ?? null;
}

/** The session that has this thread and is not gone; null when it is nobody's. */
export function findSessionOfThread(ledger: Connection, threadId: string): Session | null {
  return byThread.first(ledger, [threadId]);
}

/** Every session, oldest registration first. */
export function listSessions(ledger: Connection): Session[] {
  return everySession.all(ledger);
}

/** Those that are not gone, without rows that can't be read: the engine goes on for the others. */
export function listWatchedSessions(ledger: Connection): Session[] {
  return everySession.readable(ledger).filter(({ state }) => state === 'active');
}

/** What registering a session states about it. `undefined` keeps what is stored. */
export interface Registration {
  readonly name: string;
  readonly role: SessionRole;
  readonly tmuxSession?: string | null;
  readonly codexSessionPath: string | null;
  readonly codexSessionId: string | null;
  readonly pid: number | null;
  readonly cwd: string;
}

/**
 * Inserts or revives the row of a name. Id, token and time of the first registration stay; so does the tmux session
 * when none is given (CP-10), and the ingest offset while the rollout is the same one (CP-9).
 */
export function upsertSession(ledger: Connection, registration: Registration, now: number): Session {
  const timestamp = formatTimestamp(now);
  const known = findSession(ledger, registration.name);
  if (known !== null && known.role !== registration.role) throw wrongRole(known.name, known.role, registration.role);
  const sameRollout = known !== null && known.codex_session_path === registration.codexSessionPath;
  const session: Session = {
    id: known?.id ?? newIdentifier('session'),
    name: registration.name,
    role: registration.role,
    identity_token: known?.identity_token ?? newIdentifier('session-token'),
    tmux_session: registration.tmuxSession === undefined ? (known?.tmux_session ?? null) : registration.tmuxSession,
    // The reference cannot target `session:%pane` (OD-17), so the pane id stays in a table of ours.
    tmux_pane_id: known?.tmux_pane_id ?? null,
    codex_session_path: registration.codexSessionPath,
    codex_session_id: registration.codexSessionId,
    pid: registration.pid,
    cwd: registration.cwd,
    registered_at: known?.registered_at ?? timestamp,
    last_heartbeat_at: timestamp,
    state: 'active',
    last_ingest_offset: sameRollout ? known.last_ingest_offset : null,
  };
  ledger.run(
    `INSERT INTO sessions (${columns}) VALUES ($id, $name, $role, $identity_token, $tmux_session, $tmux_pane_id,
       $codex_session_path, $codex_session_id, $pid, $cwd, $registered_at, $last_heartbeat_at, $state, $last_ingest_offset)
     ON CONFLICT (id) DO UPDATE SET tmux_session = excluded.tmux_session, codex_session_path = excluded.codex_session_path,
       codex_session_id = excluded.codex_session_id, pid = excluded.pid, cwd = excluded.cwd,
       last_heartbeat_at = excluded.last_heartbeat_at, state = excluded.state, last_ingest_offset = excluded.last_ingest_offset`,
    session,
  );
  return session;
}

export function markSessionGone(ledger: Connection, id: string, now: number): void {
  ledger.run("UPDATE sessions SET state = 'gone', last_heartbeat_at = ? WHERE id = ?", [formatTimestamp(now), id]);
}

/** Takes back that a session is gone: what was to end it failed. */
export function reviveSession(ledger: Connection, id: string, now: number): void {
  ledger.run("UPDATE sessions SET state = 'active', last_heartbeat_at = ? WHERE id = ?", [formatTimestamp(now), id]);
}

/** Learns the rollout of a session whose thread was known before its file existed, or that went on in another file. */
export function setSessionRollout(ledger: Connection, id: string, path: string | null, threadId: string): void {
  ledger.run('UPDATE sessions SET codex_session_path = ?, codex_session_id = ? WHERE id = ?', [path, threadId, id]);
}

/** How far a session's rollout was read: the reference goes on from there. */
export function setSessionIngested(ledger: Connection, id: string, offset: number): void {
  ledger.run('UPDATE sessions SET last_ingest_offset = ? WHERE id = ?', [offset, id]);
}

/** Somebody looked at the session. */
export function touchSession(ledger: Connection, id: string, now: number): void {
  ledger.run('UPDATE sessions SET last_heartbeat_at = ? WHERE id = ?', [formatTimestamp(now), id]);
}
