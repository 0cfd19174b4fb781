import type { JsonObject } from '../domain/json.ts';
import {
  listCapturesWithContent,
  listMeasuredCaptures,
  listMeasuredSegments,
  listSegmentsWithText,
  readAuditTables,
} from '../ledger/auditQueryStore.ts';
import type { Connection } from '../ledger/connection.ts';
import type { Task } from '../ledger/taskStore.ts';
import { listTelemetry, type TelemetryRecord } from '../ledger/telemetryQueryStore.ts';
import { correlationChains } from './auditChains.ts';
import { shownTask } from './hideColumns.ts';
import { hideTables } from './hideTables.ts';
import { showTelemetry } from './telemetryShown.ts';

/** Everything that the ledger knows of a task, table by table. Without content unless it is asked for (AT-2). */
export function auditTask(ledger: Connection, task: Task, includeContent: boolean) {
  const tables = readAuditTables(ledger, task.id);
  return {
    task: shownTask(task, includeContent),
    ...(includeContent ? tables : hideTables(tables)),
    correlation_chains: correlationChains(tables),
    session_nudges: sessionNudges(ledger, task).map((record) => showTelemetry(record, includeContent)),
    ...(includeContent ? withContent(ledger, task) : withSizes(ledger, task)),
  };
}

export type TaskAudit = ReturnType<typeof auditTask>;

function sessionNudges(ledger: Connection, task: Task): TelemetryRecord[] {
  const page = { limit: -1, newestFirst: false };
  return ['session_nudge_succeeded', 'session_nudge_failed']
    .flatMap((eventType) => listTelemetry(ledger, { taskId: task.id, eventType }, page))
    .toSorted((left, right) => left.timestamp.localeCompare(right.timestamp));
}

function withContent(ledger: Connection, task: Task) {
  return {
    terminal_captures: listCapturesWithContent(ledger, task.id),
    transcript_segments: listSegmentsWithText(ledger, task.id),
  };
}

/** Sizes come from the ledger: thousands of screens are not read to be counted (AT-20). */
function withSizes(ledger: Connection, task: Task) {
  return {
    terminal_captures: listMeasuredCaptures(ledger, task.id).map((row) => sized(row, 'content')),
    transcript_segments: listMeasuredSegments(ledger, task.id).map((row) => sized(row, 'segment_text')),
  };
}

interface Measured {
  readonly text_byte_count: number | null;
  readonly text_line_count: number | null;
}

function sized<Row extends Measured>({ text_byte_count: bytes, text_line_count: lines, ...row }: Row, column: string) {
  return bytes === null ? row : { ...row, ...measured(column, bytes, lines) };
}

function measured(column: string, bytes: number, lines: number | null): JsonObject {
  return { [`${column}_redacted`]: true, [`${column}_byte_count`]: bytes, [`${column}_line_count`]: lines };
}
