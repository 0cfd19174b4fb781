import * as z from 'zod/mini';
import { measured, segmentColumns, segmentRow, sizes } from './screenTables.ts';
import { recordEvent } from './auditStore.ts';
import type { Connection } from './connection.ts';
import { query } from './query.ts';
import type { SessionRole } from './sessionStore.ts';

const chosen = `FROM transcript_segments WHERE task_id = $taskId AND ($role IS NULL OR role = $role)
  ORDER BY id DESC LIMIT $limit`;
const measuredRow = z.extend(segmentRow, sizes);
const textRow = z.extend(segmentRow, { segment_text: z.nullable(z.string()) });
const measuredSegments = query(measuredRow, `SELECT ${segmentColumns}, ${measured('segment_text')} ${chosen}`);
const textSegments = query(textRow, `SELECT ${segmentColumns}, segment_text ${chosen}`);

export type MeasuredSegment = z.infer<typeof measuredRow>;
export type TextSegment = z.infer<typeof textRow>;

export interface SegmentChoice {
  readonly taskId: string;
  /** Null for both sides. */
  readonly role: SessionRole | null;
  /** How many of the newest; null for all. */
  readonly limit: number | null;
}

/** The newest segments of a task, oldest first, with the size of their text. */
export function listNewestMeasured(ledger: Connection, choice: SegmentChoice): MeasuredSegment[] {
  return measuredSegments.all(ledger, parameters(choice)).toReversed();
}

/** The newest segments of a task, oldest first, with their text. */
export function listNewestWithText(ledger: Connection, choice: SegmentChoice): TextSegment[] {
  return textSegments.all(ledger, parameters(choice)).toReversed();
}

function parameters({ taskId, role, limit }: SegmentChoice) {
  return { taskId, role, limit: limit ?? -1 };
}

/** What is older than the newest ones that are kept, of one kind: ids, and bytes of text that go with them. */
export interface Prunable {
  readonly ids: readonly number[];
  readonly bytes: number;
}

const prunableRow = z.object({ id: z.number(), bytes: z.number() });

/** Rows of a table that still hold text, but for the newest ones of each group. */
const beyond = (table: string, column: string, group: string, condition: string) =>
  query(
    prunableRow,
    `SELECT id, bytes FROM (
       SELECT id, byte_count AS bytes,
         row_number() OVER (PARTITION BY ${group} ORDER BY id DESC) AS place
       FROM ${table} WHERE ${column} IS NOT NULL AND ${condition}
     ) WHERE place > $keepLatest ORDER BY id`,
  );
const ofTask = '($taskId IS NULL OR task_id = $taskId)';
const oldSegments = beyond('transcript_segments', 'segment_text', 'task_id, role', ofTask);
const oldScreens = beyond('terminal_captures', 'content', 'task_id, role', ofTask);
const oldWorkerCaptures = beyond('transcript_captures', 'content', 'worker_id', '1');

export function findPrunableSegments(ledger: Connection, taskId: string, keepLatest: number): Prunable {
  return prunable(oldSegments.all(ledger, { taskId, keepLatest }));
}

/** Whole screens, each told apart by task and side; null for every task. */
export function findPrunableScreens(ledger: Connection, taskId: string | null, keepLatest: number): Prunable {
  return prunable(oldScreens.all(ledger, { taskId, keepLatest }));
}

/** Captures of workers that are kept in folders. */
export function findPrunableWorkerCaptures(ledger: Connection, keepLatest: number): Prunable {
  return prunable(oldWorkerCaptures.all(ledger, { keepLatest }));
}

function prunable(rows: readonly z.infer<typeof prunableRow>[]): Prunable {
  return { ids: rows.map(({ id }) => id), bytes: rows.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** Drops text, keeps its measure. Call inside a write transaction. */
export function dropSegments(ledger: Connection, ids: readonly number[]): void {
  for (const id of ids) {
    ledger.run(
      "UPDATE transcript_segments SET segment_text = NULL, retention_class = 'cold', segment_kind = 'metadata' WHERE id = ?",
      [id],
    );
  }
}

/** Call inside a write transaction. */
export function dropScreens(ledger: Connection, ids: readonly number[]): void {
  for (const id of ids) ledger.run('UPDATE terminal_captures SET content = NULL WHERE id = ?', [id]);
}

/** Call inside a write transaction. */
export function dropWorkerCaptures(ledger: Connection, ids: readonly number[]): void {
  for (const id of ids) {
    ledger.run(
      "UPDATE transcript_captures SET content = NULL, capture_kind = 'metadata_only', retention_class = 'warm' WHERE id = ?",
      [id],
    );
  }
}

export function recordPruned(
  ledger: Connection,
  type: 'transcript_segments_pruned' | 'transcript_captures_pruned',
  { taskId, ...payload }: { readonly taskId: string | null; readonly keep_latest: number } & Record<string, unknown>,
  now: number,
): void {
  recordEvent(ledger, { type, taskId, payload }, now);
}
