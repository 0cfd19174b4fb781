import * as z from 'zod/mini';
import { newIdentifier } from '../domain/identifiers.ts';
import { type JsonObject, ledgerJson } from '../domain/json.ts';
import type { Connection } from './connection.ts';
import type { NewWorkerStatus } from './legacyWorkerStore.ts';
import { query } from './query.ts';

// What is taken over from the folders of the first generation, each piece once. Moments are texts of the ledger.

const done = query(z.object({ name: z.string() }), 'SELECT name FROM data_migrations WHERE name = ?');

export function isImported(ledger: Connection, key: string): boolean {
  return done.first(ledger, [key]) !== null;
}

export interface Imported {
  readonly key: string;
  readonly source: string;
  readonly sha256: string;
  readonly at: string;
}

/** Call inside a write transaction, with what it stands for. */
export function markImported(ledger: Connection, imported: Imported): void {
  ledger.run(
    'INSERT INTO data_migrations (name, source_path, source_hash, applied_at) VALUES ($key, $source, $sha256, $at)',
    { ...imported },
  );
}

const workerRow = z.object({ id: z.string(), name: z.string() });
const workerByName = query(workerRow, 'SELECT id, name FROM workers WHERE name = ?');
const rival = query(
  workerRow,
  'SELECT id, name FROM workers WHERE name <> $name AND (tmux_session = $tmuxSession OR identity_token = $identityToken)',
);

export interface ImportedWorker {
  readonly name: string;
  readonly cwd: string;
  readonly tmuxSession: string;
  readonly tmuxPaneId: string | null;
  /** Null: it keeps the one it has, or gets one. */
  readonly identityToken: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export function findWorkerId(ledger: Connection, name: string): string | null {
  return workerByName.first(ledger, [name])?.id ?? null;
}

/** Another worker that has the terminal or the token of this one; its name. */
export function findRival(ledger: Connection, { name, tmuxSession, identityToken }: ImportedWorker): string | null {
  return rival.first(ledger, { name, tmuxSession, identityToken })?.name ?? null;
}

/** A worker that is known keeps its state. Call inside a write transaction. */
export function importWorker(ledger: Connection, worker: ImportedWorker): void {
  const id = findWorkerId(ledger, worker.name) ?? newIdentifier('worker');
  const newToken = newIdentifier('workerctl');
  ledger.run(
    `INSERT INTO workers (id, name, tmux_session, tmux_pane_id, identity_token, cwd, state, created_at, updated_at)
     VALUES ($id, $name, $tmuxSession, $tmuxPaneId, coalesce($identityToken, $newToken), $cwd, 'candidate', $createdAt, $updatedAt)
     ON CONFLICT (name) DO UPDATE SET tmux_session = excluded.tmux_session, tmux_pane_id = excluded.tmux_pane_id,
       identity_token = coalesce($identityToken, identity_token), cwd = excluded.cwd, updated_at = excluded.updated_at`,
    { ...worker, id, newToken },
  );
}

/** Call inside a write transaction. */
export function importStatus(ledger: Connection, workerId: string, status: NewWorkerStatus, at: string): void {
  ledger.run(
    `INSERT INTO statuses (worker_id, state, current_task, next_action, blocker, created_at)
     VALUES ($workerId, $state, $current_task, $next_action, $blocker, $at)`,
    { ...status, workerId, at },
  );
}

export interface ImportedCapture {
  readonly sha256: string;
  readonly content: string;
  readonly capturedAt: string;
  readonly changedAt: string;
  readonly historyLines: number;
  readonly byteCount: number;
  readonly lineCount: number;
}

/** Its id. Call inside a write transaction. */
export function importCapture(ledger: Connection, workerId: string, capture: ImportedCapture): number {
  return ledger.run(
    `INSERT INTO transcript_captures (worker_id, sha256, content, captured_at, changed_at, history_lines, byte_count,
       line_count, capture_kind, retention_class)
     VALUES ($workerId, $sha256, $content, $capturedAt, $changedAt, $historyLines, $byteCount, $lineCount, 'changed', 'hot')`,
    { ...capture, workerId },
  ).lastId;
}

export interface ImportedEvent {
  readonly type: string;
  readonly at: string;
  readonly payload: JsonObject;
}

/** Call inside a write transaction. */
export function importEvent(ledger: Connection, workerId: string, { type, at, payload }: ImportedEvent): void {
  ledger.run("INSERT INTO events (created_at, actor, worker_id, type, payload_json) VALUES (?, 'compat', ?, ?, ?)", [
    at,
    workerId,
    type,
    ledgerJson(payload),
  ]);
}
