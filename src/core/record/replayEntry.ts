import type { JsonObject, JsonValue } from '../domain/json.ts';

/** One thing that happened to a task. Wire names. */
export interface ReplayEntry {
  readonly timestamp: string;
  readonly kind: string;
  readonly actor: string;
  readonly summary: string;
  /** The table it comes from, and its key there. */
  readonly source: string;
  readonly source_id: number | string;
  readonly details: JsonObject;
  /** Of transcript segments, when content was asked for. */
  readonly content?: string | null | undefined;
}

const summaryLimit = 220;

/** On one line, and not longer than a line should be. */
export function collapse(words: unknown, limit = summaryLimit): string {
  const line = typeof words === 'string' ? words.replace(/\s+/g, ' ').trim() : '';
  return line.length <= limit ? line : `${line.slice(0, limit - 3)}...`;
}

/** By time; what one second cannot tell apart, by table and key, as the reference does. */
export function compareEntries(left: ReplayEntry, right: ReplayEntry): number {
  return (
    compareKeys(left.timestamp, right.timestamp) ||
    compareKeys(left.source, right.source) ||
    compareKeys(left.source_id, right.source_id)
  );
}

function compareKeys(left: number | string, right: number | string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** Where an entry stands among all: what `--before` takes. */
export function cursorOf({ timestamp, source, source_id }: ReplayEntry): string {
  return `${timestamp}/${source}/${source_id}`;
}

export function textOf(value: JsonValue | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
