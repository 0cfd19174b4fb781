import { isJsonObject, type JsonObject, type JsonValue } from '../domain/json.ts';
import type { MeasuredCapture, WholeCapture, WholeSegment } from '../ledger/screenTables.ts';
import { hiddenText } from './redact.ts';
import { collapse, type ReplayEntry, textOf } from './replayEntry.ts';

/** What a terminal showed. */
export function wholeCaptureEntry(row: WholeCapture): ReplayEntry {
  return captureEntry(row, excerptOf(row.content ?? ''));
}

/** The same without its words (AT-2). */
export function measuredCaptureEntry(row: MeasuredCapture): ReplayEntry {
  return captureEntry(row, hiddenText(row.byte_count, row.line_count));
}

function captureEntry(capture: Omit<WholeCapture, 'content'>, excerpt: string): ReplayEntry {
  const { id, role, captured_at: timestamp, content_sha256, line_count, byte_count, source } = capture;
  const shown = excerpt === '' ? '' : ` | ${excerpt}`;
  return {
    timestamp,
    kind: 'capture',
    actor: role,
    summary: `${role} terminal capture: ${classification(capture.classifier, line_count)}${shown}`,
    source: 'terminal_captures',
    source_id: id,
    details: { byte_count, capture_id: id, content_sha256, line_count, role, source },
  };
}

function classification(classifier: JsonObject, lines: number): string {
  const pattern = isJsonObject(classifier.busy_wait) ? textOf(classifier.busy_wait.pattern) : null;
  const startup = startupOf(classifier.startup);
  const parts = [
    pattern === null || pattern === 'approval_prompt' ? null : busyWait(pattern),
    startup === null ? null : `startup=${startup}`,
  ].filter((part) => part !== null);
  return parts.length === 0 ? `${lines} lines` : parts.join(', ');
}

function busyWait(pattern: string): string {
  return pattern === 'rate_limit_prompt' ? 'waiting_for_model_choice' : `busy_wait=${pattern}`;
}

/** The reference keeps state and reason as a pair. */
function startupOf(value: JsonValue | undefined): string | null {
  if (Array.isArray(value)) return textOf(value[0]);
  return isJsonObject(value) ? textOf(value.startup) : textOf(value);
}

const excerptLimit = 320;
const tellingLine = /^(?:[•›>]|Ran |Edited |Added |Built |Task is complete)/u;

function excerptOf(content: string): string {
  const lines = content
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(-12);
  const telling = lines.filter((line) => tellingLine.test(line));
  return collapse((telling.length > 0 ? telling : lines.slice(-4)).join(' / '), excerptLimit);
}

/** A stored piece of a terminal's history with its text. */
export function wholeSegmentEntry(row: WholeSegment): ReplayEntry {
  return { ...segmentEntry(row), content: row.segment_text };
}

export function segmentEntry(row: Omit<WholeSegment, 'segment_text'>): ReplayEntry {
  const { id, role, captured_at: timestamp, line_count, segment_kind, retention_class, source_capture_id } = row;
  const what = segment_kind === 'metadata' ? `metadata (${segment_kind})` : `segment (${line_count} lines)`;
  return {
    timestamp,
    kind: 'transcript_segment',
    actor: role,
    summary: `${role} transcript ${what}`,
    source: 'transcript_segments',
    source_id: id,
    details: { line_count, retention_class, role, segment_id: id, segment_kind, source_capture_id },
  };
}
