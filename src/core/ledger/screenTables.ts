import * as z from 'zod/mini';
import { flag, jsonObject } from './columns.ts';
import { pagedTable, type RowOf } from './pagedTable.ts';

// What terminals showed: whole screens and pieces of transcript, with their text or only with its measure.

const text = z.string();
const textOrNull = z.nullable(text);
const numberOrNull = z.nullable(z.number());

/** Bytes, and lines of which a final line break begins no new one: `measure` in SQL. Null where there is no text. */
export function measured(column: string): string {
  return `length(CAST(${column} AS BLOB)) AS text_byte_count,
    length(${column}) - length(replace(${column}, char(10), ''))
      + (CASE WHEN ${column} IS NULL OR ${column} = '' OR substr(${column}, -1) = char(10) THEN 0 ELSE 1 END) AS text_line_count`;
}
export const sizes = { text_byte_count: numberOrNull, text_line_count: numberOrNull };

const captureRow = z.object({
  id: z.number(),
  task_id: textOrNull,
  worker_id: textOrNull,
  manager_id: textOrNull,
  role: text,
  tmux_session: text,
  tmux_pane_id: textOrNull,
  command_id: textOrNull,
  captured_at: text,
  history_lines: z.number(),
  content_sha256: text,
  content_path: textOrNull,
  byte_count: z.number(),
  line_count: z.number(),
  classifier: jsonObject,
  source: text,
});
const captureColumns = `id, task_id, worker_id, manager_id, role, tmux_session, tmux_pane_id, command_id, captured_at,
  history_lines, content_sha256, content_path, byte_count, line_count, classifier_json AS classifier, source`;
const ofTask = 'task_id = $taskId';
const orders = { audit: { by: ['id'] }, page: { by: ['id'] } } as const;
const screens = {
  from: 'terminal_captures',
  where: ofTask,
  id: 'id',
  orders: {
    ...orders,
    // A story tells each screen of a side once: when it was first seen.
    story: {
      by: ['captured_at', 'id'],
      where: `id IN (SELECT min(id) FROM terminal_captures WHERE ${ofTask} GROUP BY role, content_sha256)`,
    },
  },
} as const;
export const measuredCaptures = pagedTable({
  ...screens,
  row: z.extend(captureRow, sizes),
  columns: `${captureColumns}, ${measured('content')}`,
});
export type MeasuredCapture = RowOf<typeof measuredCaptures>;
export const wholeCaptures = pagedTable({
  ...screens,
  row: z.extend(captureRow, { content: textOrNull }),
  columns: `${captureColumns}, content`,
});
export type WholeCapture = RowOf<typeof wholeCaptures>;

export const segmentRow = z.object({
  id: z.number(),
  task_id: text,
  role: text,
  source_capture_id: z.number(),
  previous_capture_id: numberOrNull,
  captured_at: text,
  created_at: text,
  content_sha256: text,
  segment_start_line: numberOrNull,
  segment_end_line: numberOrNull,
  byte_count: z.number(),
  line_count: z.number(),
  retention_class: text,
  segment_kind: text,
  redacted: flag,
});
export const segmentColumns = `id, task_id, role, source_capture_id, previous_capture_id, captured_at, created_at, content_sha256,
  segment_start_line, segment_end_line, byte_count, line_count, retention_class, segment_kind, redacted`;
const pieces = {
  from: 'transcript_segments',
  where: ofTask,
  id: 'id',
  orders: { ...orders, story: { by: ['captured_at', 'id'] } },
} as const;
export const measuredSegments = pagedTable({
  ...pieces,
  row: z.extend(segmentRow, sizes),
  columns: `${segmentColumns}, ${measured('segment_text')}`,
});
export const wholeSegments = pagedTable({
  ...pieces,
  row: z.extend(segmentRow, { segment_text: textOrNull }),
  columns: `${segmentColumns}, segment_text`,
});
export type WholeSegment = RowOf<typeof wholeSegments>;
