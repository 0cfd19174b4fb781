import { isJsonObject, type JsonObject, type JsonValue } from '../domain/json.ts';
import type { ModelError, ModelErrorKind } from '../domain/turnEvent.ts';

const KINDS: Readonly<Record<string, ModelErrorKind>> = {
  usage_limit_exceeded: 'usage_limit',
  rate_limit_exceeded: 'rate_limit',
  server_overloaded: 'overloaded',
  internal_server_error: 'server_error',
  context_window_exceeded: 'context_window',
  unauthorized: 'auth',
};

/**
 * Reads `{message, codex_error_info}`. The info is a name, or an object with one key (the name) that may carry the
 * HTTP status. Versions up to 0.140 say `other` for errors that later got a name; there only the sentence tells.
 */
export function readModelError({ message, codex_error_info: info }: JsonObject): ModelError {
  const sentence = typeof message === 'string' ? message : '';
  return { kind: kindOfInfo(info) ?? kindOfSentence(sentence) ?? 'other', message: sentence };
}

function kindOfInfo(info: JsonValue | undefined): ModelErrorKind | null {
  if (typeof info === 'string') return KINDS[info] ?? null;
  if (!isJsonObject(info)) return null;
  const [entry] = Object.entries(info);
  if (entry === undefined) return null;
  const [name, details] = entry;
  const status = isJsonObject(details) ? details.http_status_code : undefined;
  return KINDS[name] ?? (typeof status === 'number' ? kindOfStatus(status) : null);
}

/** What Codex writes on the screen, and in versions that have no name for the error. Null when it tells nothing. */
export function kindOfSentence(sentence: string): ModelErrorKind | null {
  const status = /\bstatus:? (\d{3})\b/u.exec(sentence);
  if (status !== null) return kindOfStatus(Number(status[1]));
  return SENTENCES.find(([, text]) => text.test(sentence))?.[0] ?? null;
}

const SENTENCES: readonly (readonly [ModelErrorKind, RegExp])[] = [
  ['usage_limit', /\bhit your usage limit\b|\bquota exceeded\b|\bexceeded your current quota\b/iu],
  ['context_window', /\bran out of room in the model.s context window\b|\bexceeds the context window\b/iu],
  ['rate_limit', /\brate limit (?:reached|exceeded)\b/iu],
  ['overloaded', /\bmodel is at capacity\b/iu],
  ['server_error', /\bexperiencing high demand\b/iu],
];

function kindOfStatus(status: number): ModelErrorKind | null {
  if (status === 401 || status === 403) return 'auth';
  if (status === 429) return 'rate_limit';
  if (status === 503 || status === 529) return 'overloaded';
  return status >= 500 ? 'server_error' : null;
}
