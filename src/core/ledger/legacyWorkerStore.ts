import * as z from 'zod/mini';
import { newIdentifier } from '../domain/identifiers.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import type { Connection } from './connection.ts';
import { query } from './query.ts';
import { touchSequence } from './commandQueueStore.ts';

export const workerStatusStates = [
  'planning',
  'editing',
  'running_tests',
  'blocked',
  'waiting',
  'done',
  'unknown',
] as const;
export type WorkerStatusState = (typeof workerStatusStates)[number];

const idRow = z.object({ id: z.string() });
const workerByName = query(idRow, 'SELECT id FROM workers WHERE name = ?');

export interface WorkerFacts {
  readonly name: string;
  readonly cwd: string;
  readonly tmuxSession: string;
  readonly tmuxPaneId: string | null;
  readonly identityToken: string;
}

/** The row of a worker that is kept in a folder; its id. Call inside a write transaction. */
export function upsertWorker(
  ledger: Connection,
  facts: WorkerFacts,
  state: 'candidate' | 'active' | 'stopped',
  now: number,
): string {
  const id = workerByName.first(ledger, [facts.name])?.id ?? newIdentifier('worker');
  const timestamp = formatTimestamp(now);
  ledger.run(
    `INSERT INTO workers (id, name, tmux_session, tmux_pane_id, identity_token, cwd, state, created_at, updated_at, last_seen_at)
     VALUES ($id, $name, $tmuxSession, $tmuxPaneId, $identityToken, $cwd, $state, $at, $at, $at)
     ON CONFLICT (name) DO UPDATE SET tmux_session = excluded.tmux_session, tmux_pane_id = excluded.tmux_pane_id,
       identity_token = excluded.identity_token, cwd = excluded.cwd, state = excluded.state,
       updated_at = excluded.updated_at, last_seen_at = excluded.last_seen_at`,
    { ...facts, id, state, at: timestamp },
  );
  return id;
}

const statusRow = z.object({
  id: z.number(),
  state: z.enum(workerStatusStates),
  current_task: z.nullable(z.string()),
  next_action: z.nullable(z.string()),
  blocker: z.nullable(z.string()),
  created_at: z.string(),
});
/** What a worker said it was doing. */
export type WorkerStatusRow = z.infer<typeof statusRow>;
const newestStatus = query(
  statusRow,
  `SELECT s.id, s.state, s.current_task, s.next_action, s.blocker, s.created_at
   FROM statuses s JOIN workers w ON w.id = s.worker_id WHERE w.name = ? ORDER BY s.id DESC LIMIT 1`,
);

export function findNewestStatus(ledger: Connection, workerName: string): WorkerStatusRow | null {
  return newestStatus.first(ledger, [workerName]);
}

export interface NewWorkerStatus {
  readonly state: WorkerStatusState;
  readonly current_task: string | null;
  readonly next_action: string | null;
  readonly blocker: string | null;
}

/** Call inside a write transaction. */
export function insertStatus(ledger: Connection, workerId: string, status: NewWorkerStatus, now: number): void {
  ledger.run(
    `INSERT INTO statuses (worker_id, state, current_task, next_action, blocker, created_at)
     VALUES ($workerId, $state, $current_task, $next_action, $blocker, $at)`,
    { ...status, workerId, at: formatTimestamp(now) },
  );
  touchSequence(ledger);
}

export interface NewTranscriptCapture {
  readonly sha256: string;
  readonly content: string;
  readonly changedAt: string;
  readonly historyLines: number;
  readonly byteCount: number;
  readonly lineCount: number;
}

/** A screen that differs from the one before; its id. Call inside a write transaction. */
export function insertTranscriptCapture(
  ledger: Connection,
  workerId: string,
  capture: NewTranscriptCapture,
  now: number,
): number {
  return ledger.run(
    `INSERT INTO transcript_captures (worker_id, sha256, content, captured_at, changed_at, history_lines, byte_count,
       line_count, capture_kind, retention_class)
     VALUES ($workerId, $sha256, $content, $at, $changedAt, $historyLines, $byteCount, $lineCount, 'changed', 'hot')`,
    { ...capture, workerId, at: formatTimestamp(now) },
  ).lastId;
}
