import { isJsonObject, type JsonObject } from '../domain/json.ts';
import { detectRolloutGrammar, parseRolloutLine } from './parseRolloutLine.ts';
import type { RolloutLine } from './rolloutLines.ts';

/** Who started the thread. A sub-agent's rollout is never a session's own. */
export type RolloutOrigin =
  | { readonly kind: 'client'; readonly source: string | null }
  | { readonly kind: 'subagent'; readonly parentThreadId: string | null };

/** What the first line of a rollout says about its thread. Null where that version of Codex does not say it. */
export interface RolloutHeader {
  readonly threadId: string;
  readonly cwd: string | null;
  readonly originator: string | null;
  readonly cliVersion: string | null;
  /** When the thread was created (not: first written), ISO with milliseconds. */
  readonly createdAt: string | null;
  readonly origin: RolloutOrigin;
  readonly forkedFromId: string | null;
  readonly historyMode: string | null;
}

export type RolloutHeaderProblem = 'oversized' | 'not_utf8' | 'not_json' | 'not_session_meta' | 'no_id';

export type RolloutHeaderResult =
  | { readonly ok: true; readonly header: RolloutHeader }
  | { readonly ok: false; readonly reason: RolloutHeaderProblem };

/** Reads the first line of a rollout of any version. */
export function readRolloutHeader(firstLine: RolloutLine): RolloutHeaderResult {
  const record = parseRolloutLine(firstLine, detectRolloutGrammar(firstLine));
  if (record.kind === 'skip') {
    const isUnreadable = record.reason === 'oversized' || record.reason === 'not_utf8' || record.reason === 'not_json';
    return { ok: false, reason: isUnreadable ? record.reason : 'not_session_meta' };
  }
  if (record.type !== 'session_meta') return { ok: false, reason: 'not_session_meta' };
  return headerFromPayload(record.payload);
}

/** The same from a `session_meta` payload that was read already. */
export function headerFromPayload(payload: JsonObject): RolloutHeaderResult {
  const threadId = text(payload.id);
  if (threadId === null) return { ok: false, reason: 'no_id' };
  return {
    ok: true,
    header: {
      threadId,
      cwd: text(payload.cwd),
      originator: text(payload.originator),
      cliVersion: text(payload.cli_version),
      createdAt: text(payload.timestamp),
      origin: readOrigin(payload),
      forkedFromId: text(payload.forked_from_id),
      historyMode: text(payload.history_mode),
    },
  };
}

/** `rollout-2026-11-22T09-39-14-<thread id>.jsonl`, or `.jsonl.zst` after Codex compressed it. */
export interface RolloutFileName {
  /** Creation in the local time of the process that made it: `2026-11-22T09:39:14`, no zone. */
  readonly localTime: string;
  readonly threadId: string;
  readonly isCompressed: boolean;
}

// The dashes within the time are optional: stand-ins of Codex leave them out.
const FILE_NAME =
  /^rollout-(\d{4}-\d{2}-\d{2})T(\d{2})-?(\d{2})-?(\d{2})-([0-9A-Za-z][0-9A-Za-z._-]*)\.jsonl(\.zst)?$/u;

/** Null when the name is not a rollout's. Takes the base name, without folders. */
export function parseRolloutFileName(fileName: string): RolloutFileName | null {
  const match = FILE_NAME.exec(fileName);
  if (match === null) return null;
  const [, date = '', hours = '', minutes = '', seconds = '', threadId = '', suffix] = match;
  return { localTime: `${date}T${hours}:${minutes}:${seconds}`, threadId, isCompressed: suffix !== undefined };
}

/** `source` is text, or `{"subagent": "review"}`, or `{"subagent": {"thread_spawn": {"parent_thread_id": …}}}`. */
function readOrigin({ source, parent_thread_id: parent }: JsonObject): RolloutOrigin {
  if (!isJsonObject(source)) return { kind: 'client', source: text(source) };
  const { subagent } = source;
  const spawn = isJsonObject(subagent) && isJsonObject(subagent.thread_spawn) ? subagent.thread_spawn : {};
  return { kind: 'subagent', parentThreadId: text(spawn.parent_thread_id) ?? text(parent) };
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
