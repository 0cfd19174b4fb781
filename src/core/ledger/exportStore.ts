import * as z from 'zod/mini';
import { jsonObject } from './columns.ts';
import type { Connection } from './connection.ts';
import { pagedTable } from './pagedTable.ts';
import { query } from './query.ts';

// What only an export shows: tables of the older way of working.

const promptRow = z.object({
  id: z.number(),
  kind: z.string(),
  content: z.string(),
  content_sha256: z.string(),
  generator_version: z.string(),
  policy: jsonObject,
  source_snapshot: jsonObject,
  artifact_path: z.nullable(z.string()),
  created_at: z.string(),
});
export type Prompt = z.infer<typeof promptRow>;

const prompts = query(
  promptRow,
  `SELECT id, kind, content, content_sha256, generator_version, policy_json AS policy, source_snapshot_json AS source_snapshot,
     artifact_path, created_at FROM prompts WHERE task_id = ? ORDER BY id`,
);

export function listPrompts(ledger: Connection, taskId: string): Prompt[] {
  return prompts.all(ledger, [taskId]);
}

const captureRow = z.object({
  id: z.number(),
  worker_id: z.string(),
  sha256: z.string(),
  content: z.nullable(z.string()),
  captured_at: z.string(),
  changed_at: z.string(),
  history_lines: z.number(),
  byte_count: z.number(),
  line_count: z.number(),
  capture_kind: z.string(),
  retention_class: z.string(),
});
export type WorkerCapture = z.infer<typeof captureRow>;

/** Screens of the workers in folders that were ever bound to a task. */
export const workerCaptures = pagedTable({
  row: captureRow,
  columns: `id, worker_id, sha256, content, captured_at, changed_at, history_lines, byte_count, line_count, capture_kind,
    retention_class`,
  from: 'transcript_captures',
  where: 'worker_id IN (SELECT worker_id FROM bindings WHERE task_id = $taskId)',
  id: 'id',
  orders: { id: { by: ['id'] } },
});
