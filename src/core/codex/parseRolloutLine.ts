import { isUtf8 } from 'node:buffer';
import { isDeeperThan, isJsonObject, type JsonObject } from '../domain/json.ts';
import type { RolloutLine } from './rolloutLines.ts';

/**
 * How a rollout's lines are to be read. `envelope` (Codex 0.36 and later): `{timestamp, type, payload}`.
 * `flat` (before): the item itself, a head without `type`, fillers that say only `record_type`.
 */
export type RolloutGrammar = 'envelope' | 'flat';

export type RolloutSkipReason = 'oversized' | 'not_utf8' | 'not_json' | 'not_object' | 'no_type' | 'too_deep';

export interface RolloutRecord {
  readonly kind: 'record';
  /** As the line has it; null when it has none, or something that is no text. */
  readonly timestamp: string | null;
  readonly type: string;
  /** `payload.type`, for `event_msg` only: the column `subtype` of the ledger. */
  readonly subtype: string | null;
  readonly payload: JsonObject;
  readonly byteOffset: number;
  readonly endOffset: number;
}

export interface RolloutSkip {
  readonly kind: 'skip';
  readonly reason: RolloutSkipReason;
  readonly byteOffset: number;
  readonly endOffset: number;
}

/** SQLite refuses JSON that is nested deeper (`json_valid`, 1000); one such line must not stop a whole ingest. */
const MAX_DEPTH = 1000;
const NO_PAYLOAD: JsonObject = {};

/** Hot path: no schema library, one pass, hand-written guards. */
export function parseRolloutLine(line: RolloutLine, grammar: RolloutGrammar = 'envelope'): RolloutRecord | RolloutSkip {
  const { byteOffset, endOffset } = line;
  const value = readJsonObject(line);
  if (typeof value === 'string') return { kind: 'skip', reason: value, byteOffset, endOffset };
  if (grammar === 'flat' && !isEnveloped(value)) return flatRecord(value, byteOffset, endOffset);

  const { type, timestamp } = value;
  if (typeof type !== 'string') return { kind: 'skip', reason: 'no_type', byteOffset, endOffset };
  const payload = isJsonObject(value.payload) ? value.payload : NO_PAYLOAD;
  return {
    kind: 'record',
    timestamp: readTimestamp(timestamp),
    type,
    subtype: type === 'event_msg' && typeof payload.type === 'string' ? payload.type : null,
    payload,
    byteOffset,
    endOffset,
  };
}

/** Decides by the first line of the file. Everything that is not clearly the old head is read as the new grammar. */
export function detectRolloutGrammar(firstLine: RolloutLine): RolloutGrammar {
  const value = readJsonObject(firstLine);
  return typeof value !== 'string' && isFlatHead(value) ? 'flat' : 'envelope';
}

/** The first line up to 0.29: `{id, timestamp, instructions, git}`, without `type`, `payload` or `cwd`. */
export function isFlatHead(value: JsonObject): boolean {
  return (
    typeof value.id === 'string' &&
    typeof value.timestamp === 'string' &&
    'instructions' in value &&
    !('type' in value) &&
    !('payload' in value) &&
    !('cwd' in value)
  );
}

/** A file of an old Codex that a newer one went on with would hold both kinds of line. */
function isEnveloped(value: JsonObject): boolean {
  return typeof value.type === 'string' && isJsonObject(value.payload);
}

function flatRecord(value: JsonObject, byteOffset: number, endOffset: number): RolloutRecord | RolloutSkip {
  const record = (type: string, timestamp: string | null): RolloutRecord => ({
    kind: 'record',
    timestamp,
    type,
    subtype: null,
    payload: value,
    byteOffset,
    endOffset,
  });
  if (typeof value.type === 'string') return record('response_item', null);
  if (typeof value.record_type === 'string') return record('record_state', null);
  if (isFlatHead(value)) return record('session_meta', readTimestamp(value.timestamp));
  return { kind: 'skip', reason: 'no_type', byteOffset, endOffset };
}

/** Empty or not text counts as missing: the reader's own time stands in (OD-6). */
function readTimestamp(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function readJsonObject({ bytes, byteOffset }: RolloutLine): JsonObject | RolloutSkipReason {
  if (bytes === null) return 'oversized';
  if (!isUtf8(bytes)) return 'not_utf8';
  const start = byteOffset === 0 && startsWithByteOrderMark(bytes) ? 3 : 0;
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8', start));
  } catch {
    return 'not_json';
  }
  if (!isJsonObject(value)) return 'not_object';
  // Each level costs at least two characters, so a short line needs no walk.
  if (bytes.length > 2 * MAX_DEPTH && isDeeperThan(value, MAX_DEPTH)) return 'too_deep';
  return value;
}

function startsWithByteOrderMark(bytes: Buffer): boolean {
  return bytes.length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}
