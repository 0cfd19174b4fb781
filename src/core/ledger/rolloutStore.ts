import * as z from 'zod/mini';
import { formatTimestamp } from '../domain/timestamps.ts';
import type { Connection } from './connection.ts';
import { query } from './query.ts';

const rolloutRow = z.object({
  id: z.number(),
  session_id: z.string(),
  path: z.string(),
  head_sha256: z.string(),
  generation: z.number(),
  thread_id: z.nullable(z.string()),
  ingested_offset: z.number(),
  anchor_sha256: z.nullable(z.string()),
  skipped_lines: z.number(),
  registrations: z.number(),
  created_at: z.string(),
  updated_at: z.string(),
});

/** A rollout file that was read for a session, and how far. */
export type Rollout = z.infer<typeof rolloutRow>;

const byHead = query(
  rolloutRow,
  'SELECT * FROM panel_rollouts WHERE session_id = ? AND path = ? AND head_sha256 = ? ORDER BY generation DESC LIMIT 1',
);
const byPath = query(
  rolloutRow,
  'SELECT * FROM panel_rollouts WHERE session_id = ? AND path = ? ORDER BY updated_at DESC, id DESC LIMIT 1',
);
const newestRange = query(
  z.object({ rollout_id: z.number(), incarnation: z.number(), first_event_id: z.number() }),
  `SELECT rollout_id, incarnation, first_event_id FROM panel_event_ranges WHERE session_id = ?
   ORDER BY first_event_id DESC, id DESC LIMIT 1`,
);

const standing = query(
  z.object({
    session_state: z.string(),
    session_path: z.nullable(z.string()),
    session_offset: z.nullable(z.number()),
    registrations: z.number(),
    incarnation: z.number(),
    rollout_id: z.nullable(z.number()),
    generation: z.nullable(z.number()),
    ingested_offset: z.nullable(z.number()),
  }),
  `SELECT s.state AS session_state, s.codex_session_path AS session_path, s.last_ingest_offset AS session_offset,
     coalesce(p.registrations, 0) AS registrations, coalesce(p.incarnation, 1) AS incarnation,
     r.id AS rollout_id, r.generation AS generation, r.ingested_offset AS ingested_offset
   FROM sessions s
     LEFT JOIN panel_sessions p ON p.session_id = s.id
     LEFT JOIN panel_rollouts r ON r.id = (SELECT id FROM panel_rollouts
       WHERE session_id = s.id AND path = ? AND head_sha256 = ? ORDER BY generation DESC LIMIT 1)
   WHERE s.id = ?`,
);

/** How far a session's file was read by whoever did: all that a reader compares before it stores what it read. */
export type Standing = NonNullable<ReturnType<typeof standing.first>>;

/** Asked for with every line of every session, so it is one narrow row. */
export function readStanding(ledger: Connection, sessionId: string, path: string, head: string): Standing | null {
  return standing.first(ledger, [path, head, sessionId]);
}

/** The newest generation of the file with this first line. */
export function findRollout(ledger: Connection, sessionId: string, path: string, headSha256: string): Rollout | null {
  return byHead.first(ledger, [sessionId, path, headSha256]);
}

/** What was last read at this path, whatever its first line. */
export function findRolloutAtPath(ledger: Connection, sessionId: string, path: string): Rollout | null {
  return byPath.first(ledger, [sessionId, path]);
}

export interface NewRollout {
  readonly sessionId: string;
  readonly path: string;
  readonly headSha256: string;
  readonly generation: number;
  readonly threadId: string | null;
}

/** Call inside a write transaction; returns the id. */
export function insertRollout(ledger: Connection, rollout: NewRollout, now: number): number {
  const timestamp = formatTimestamp(now);
  return ledger.run(
    `INSERT INTO panel_rollouts (session_id, path, head_sha256, generation, thread_id, created_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    [rollout.sessionId, rollout.path, rollout.headSha256, rollout.generation, rollout.threadId, timestamp, timestamp],
  ).lastId;
}

export interface RolloutProgress {
  readonly offset: number;
  /** Digest of the end of the last line before the offset; null keeps the stored one from being checked. */
  readonly anchorSha256: string | null;
  readonly skippedLines: number;
  readonly registrations: number;
}

export function advanceRollout(ledger: Connection, id: number, progress: RolloutProgress, now: number): void {
  ledger.run(
    `UPDATE panel_rollouts SET ingested_offset = ?, anchor_sha256 = ?, skipped_lines = skipped_lines + ?,
       registrations = ?, updated_at = ? WHERE id = ?`,
    [progress.offset, progress.anchorSha256, progress.skippedLines, progress.registrations, formatTimestamp(now), id],
  );
}

/** Notes that from this event on a session's events come from this rollout and incarnation, unless they did before. */
export function markEventRange(
  ledger: Connection,
  sessionId: string,
  range: { readonly rolloutId: number; readonly incarnation: number; readonly firstEventId: number },
): void {
  const current = newestRange.first(ledger, [sessionId]);
  if (current?.rollout_id === range.rolloutId && current.incarnation === range.incarnation) return;
  ledger.run(
    'INSERT INTO panel_event_ranges (session_id, rollout_id, incarnation, first_event_id) VALUES (?, ?, ?, ?)',
    [sessionId, range.rolloutId, range.incarnation, range.firstEventId],
  );
}

/** The first event of the rollout that a session is at now; null when it was only ever read by the reference. */
export function findRangeStart(ledger: Connection, sessionId: string): number | null {
  return newestRange.first(ledger, [sessionId])?.first_event_id ?? null;
}
