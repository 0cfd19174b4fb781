import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { type JsonObject, ledgerJson } from '../domain/json.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import { type CaptureMode, paneLines, segmentOf, type TranscriptSegment } from '../domain/transcriptSegment.ts';
import { recordAgentObservation } from './agentObservationStore.ts';
import { recordEvent } from './auditStore.ts';
import type { Connection } from './connection.ts';
import { query } from './query.ts';
import type { SessionRole } from './sessionStore.ts';
import { recordTelemetry } from './telemetryStore.ts';

const captureRow = z.object({ id: z.number(), content: z.nullable(z.string()), content_sha256: z.string() });

const latest = query(
  captureRow,
  'SELECT id, content, content_sha256 FROM terminal_captures WHERE task_id = ? AND role = ? ORDER BY id DESC LIMIT 1',
);

/** The last capture of a task's side, or null. */
export function findLatestCapture(
  ledger: Connection,
  taskId: string,
  role: SessionRole,
): z.infer<typeof captureRow> | null {
  return latest.first(ledger, [taskId, role]);
}

export interface NewTerminalCapture {
  readonly taskId: string;
  readonly role: SessionRole;
  readonly tmuxSession: string;
  readonly paneId: string;
  readonly commandId: string | null;
  readonly historyLines: number;
  readonly content: string;
  readonly classifier: JsonObject;
  readonly source: 'finish_task_pre_stop' | 'transcript_capture';
  readonly mode: CaptureMode;
}

export interface RecordedCapture {
  readonly capture_id: number;
  readonly content_sha256: string;
  readonly history_lines: number;
  readonly line_count: number;
  readonly observation_id: number;
  readonly previous_capture_id: number | null;
  readonly role: SessionRole;
  readonly source: string;
  /** Null when the pane shows nothing that was not captured before. */
  readonly transcript_segment: RecordedSegment | null;
}

interface RecordedSegment {
  readonly id: number;
  readonly kind: TranscriptSegment['kind'];
  readonly line_count: number;
  readonly retention_class: 'hot';
}

/** Keeps what a pane showed, the part of it that is new, and their audit. Call inside a write transaction. */
export function recordTerminalCapture(ledger: Connection, given: NewTerminalCapture, now: number): RecordedCapture {
  const previous = findLatestCapture(ledger, given.taskId, given.role);
  const sha256 = createHash('sha256').update(given.content).digest('hex');
  const lineCount = paneLines(given.content).length;
  const id = insertCapture(ledger, given, { sha256, lineCount }, now);
  const segment = segmentOf(previous?.content ?? null, given.content, given.mode);
  const isSame = previous?.content_sha256 === sha256;
  const kept =
    segment === null || (isSame && given.mode !== 'metadata')
      ? null
      : insertSegment(ledger, given, { id, previousId: previous?.id ?? null, sha256, segment }, now);
  const subject = { capture_id: id, content_sha256: sha256, history_lines: given.historyLines, source: given.source };
  const observationId = recordAgentObservation(
    ledger,
    {
      taskId: given.taskId,
      role: given.role,
      type: 'capture',
      captureId: id,
      commandId: given.commandId,
      message: `Captured the ${given.role}'s terminal.`,
      payload: {
        content_sha256: sha256,
        history_lines: given.historyLines,
        source: given.source,
        transcript_segment_id: kept?.id ?? null,
      },
    },
    now,
  );
  const type = `${given.role}_terminal_captured`;
  recordEvent(ledger, { type, taskId: given.taskId, commandId: given.commandId, payload: subject }, now);
  return {
    ...subject,
    line_count: lineCount,
    observation_id: observationId,
    previous_capture_id: previous?.id ?? null,
    role: given.role,
    transcript_segment: kept,
  };
}

function insertCapture(
  ledger: Connection,
  given: NewTerminalCapture,
  { sha256, lineCount }: { readonly sha256: string; readonly lineCount: number },
  now: number,
): number {
  const byteCount = Buffer.byteLength(given.content);
  const { lastId } = ledger.run(
    `INSERT INTO terminal_captures (task_id, role, tmux_session, tmux_pane_id, command_id, captured_at, history_lines,
       content_sha256, content, byte_count, line_count, classifier_json, source)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      given.taskId,
      given.role,
      given.tmuxSession,
      given.paneId,
      given.commandId,
      formatTimestamp(now),
      given.historyLines,
      sha256,
      given.content,
      byteCount,
      lineCount,
      ledgerJson(given.classifier),
      given.source,
    ],
  );
  recordTelemetry(
    ledger,
    {
      type: 'terminal_capture_recorded',
      summary: `Terminal of the ${given.role} captured.`,
      taskId: given.taskId,
      correlation: {
        capture_id: lastId,
        command_id: given.commandId,
        manager_id: null,
        role: given.role,
        source: given.source,
        worker_id: null,
      },
      attributes: {
        byte_count: byteCount,
        classifier: given.classifier,
        content_path: null,
        history_lines: given.historyLines,
        line_count: lineCount,
        tmux_pane_id: given.paneId,
        tmux_session: given.tmuxSession,
      },
    },
    now,
  );
  return lastId;
}

interface SegmentOfCapture {
  readonly id: number;
  readonly previousId: number | null;
  readonly sha256: string;
  readonly segment: TranscriptSegment;
}

function insertSegment(
  ledger: Connection,
  given: NewTerminalCapture,
  { id, previousId, sha256, segment }: SegmentOfCapture,
  now: number,
): RecordedSegment {
  const timestamp = formatTimestamp(now);
  const { lastId } = ledger.run(
    `INSERT INTO transcript_segments (task_id, role, source_capture_id, previous_capture_id, captured_at, content_sha256,
       segment_text, segment_start_line, segment_end_line, byte_count, line_count, retention_class, segment_kind, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'hot', ?, ?)`,
    [
      given.taskId,
      given.role,
      id,
      previousId,
      timestamp,
      sha256,
      segment.text,
      segment.startLine,
      segment.endLine,
      segment.byteCount,
      segment.lineCount,
      segment.kind,
      timestamp,
    ],
  );
  recordTelemetry(
    ledger,
    {
      type: 'transcript_segment_recorded',
      summary: `Transcript segment of the ${given.role} recorded.`,
      taskId: given.taskId,
      correlation: {
        previous_capture_id: previousId,
        role: given.role,
        segment_id: lastId,
        source_capture_id: id,
      },
      attributes: {
        byte_count: segment.byteCount,
        line_count: segment.lineCount,
        retention_class: 'hot',
        segment_end_line: segment.endLine,
        segment_kind: segment.kind,
        segment_start_line: segment.startLine,
      },
    },
    now,
  );
  return { id: lastId, kind: segment.kind, line_count: segment.lineCount, retention_class: 'hot' };
}
