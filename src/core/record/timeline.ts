import { isJsonObject, type JsonValue, printedJson } from '../domain/json.ts';
import type { Connection } from '../ledger/connection.ts';
import {
  countTimeline,
  listTimelineKeys,
  readTimelineFacts,
  type TimelineKey,
  type TimelinePosition,
} from '../ledger/timelineStore.ts';
import { collapse } from './replayEntry.ts';
import { presentFacts, type Presented } from './timelineEntries.ts';

/** One entry of a task's timeline, for the person who looks at it: with words. The shape is the panel's contract. */
export interface TimelineEntry {
  /** `<table>:<row id>`: an entry that changed comes again under the same id. */
  readonly id: string;
  readonly at: string;
  readonly kind: string;
  readonly actor: string;
  /** The role that a message is carried to; null for everything else. */
  readonly toward: 'worker' | 'manager' | null;
  readonly summary: string;
  readonly state: string | null;
  readonly severity: 'info' | 'warning' | 'error';
  readonly correlationId: string | null;
  readonly details: readonly { readonly label: string; readonly value: string }[];
}

export interface TimelinePage {
  /** Oldest first. */
  readonly entries: readonly TimelineEntry[];
  /** What `before` takes for the page before this one; null at the beginning. */
  readonly olderCursor: string | null;
  /** What `after` takes for what comes later than this page; null when it is empty. */
  readonly newerCursor: string | null;
  readonly total: number;
}

export interface TimelineRequest {
  readonly before?: string | null;
  readonly after?: string | null;
  readonly limit: number;
  /** Only entries of this actor. A page then reads on until it is full. */
  readonly actor?: string | null;
}

const longestPage = 500;

/** A page of what happened to a task: the newest entries, those before a cursor, or those after one. */
export function readTimeline(ledger: Connection, taskId: string, request: TimelineRequest): TimelinePage {
  const limit = Math.max(1, Math.min(request.limit, longestPage));
  const before = parseCursor(request.before ?? null);
  const after = parseCursor(request.after ?? null);
  return ledger.read(() => {
    const found =
      request.actor == null
        ? onePage(ledger, taskId, { before, after, limit })
        : ofActor(ledger, taskId, { before, after, limit }, request.actor);
    const [oldest] = found.entries;
    const newest = found.entries.at(-1);
    return {
      entries: found.entries.map(({ entry }) => entry),
      olderCursor: oldest === undefined || !found.isMore ? null : cursorOf(oldest.key),
      newerCursor: newest === undefined ? null : cursorOf(newest.key),
      total: countTimeline(ledger, taskId),
    };
  });
}

interface Range {
  readonly before: TimelinePosition | null;
  readonly after: TimelinePosition | null;
  readonly limit: number;
}

interface Placed {
  readonly key: TimelineKey;
  readonly entry: TimelineEntry;
}

/** `isMore`: there are older entries than these. */
function onePage(ledger: Connection, taskId: string, range: Range): { entries: Placed[]; isMore: boolean } {
  if (range.after !== null) return { entries: hydrate(ledger, listTimelineKeys(ledger, taskId, range)), isMore: true };
  const keys = listTimelineKeys(ledger, taskId, { ...range, limit: range.limit + 1 });
  const isMore = keys.length > range.limit;
  return { entries: hydrate(ledger, isMore ? keys.slice(1) : keys), isMore };
}

function ofActor(
  ledger: Connection,
  taskId: string,
  range: Range,
  actor: string,
): { entries: Placed[]; isMore: boolean } {
  const wanted: Placed[] = [];
  let next = range;
  for (;;) {
    const { entries, isMore } = onePage(ledger, taskId, { ...next, limit: longestPage });
    const matching = entries.filter(({ entry }) => entry.actor === actor);
    const edge = range.after === null ? entries[0] : entries.at(-1);
    if (range.after === null) wanted.unshift(...matching);
    else wanted.push(...matching);
    const isDone = edge === undefined || (range.after === null ? !isMore : entries.length < longestPage);
    if (isDone || wanted.length > range.limit) {
      const isCut = wanted.length > range.limit;
      const shown = range.after === null ? wanted.slice(-range.limit) : wanted.slice(0, range.limit);
      return { entries: shown, isMore: range.after !== null || isCut || !isDone };
    }
    next = range.after === null ? { ...next, before: edge.key } : { ...next, after: edge.key };
  }
}

function hydrate(ledger: Connection, keys: readonly TimelineKey[]): Placed[] {
  const facts = new Map(
    [...new Set(keys.map(({ source }) => source))].map((source) => {
      const wanted = keys.filter((key) => key.source === source).map(({ key }) => key);
      return [source, readTimelineFacts(ledger, source, wanted)];
    }),
  );
  return keys.flatMap((key) => {
    const known = facts.get(key.source)?.get(key.key);
    return known === undefined ? [] : [{ key, entry: entryOf(key, presentFacts(key.source, known)) }];
  });
}

function entryOf({ source, key, at }: TimelineKey, shown: Presented): TimelineEntry {
  const { kind, actor, toward, summary, state, severity, correlationId, details } = shown;
  return {
    id: `${source}:${key}`,
    at,
    kind,
    actor,
    toward: toward ?? null,
    summary: collapse(summary),
    state: state ?? null,
    severity: severity ?? 'info',
    correlationId: correlationId ?? null,
    details: Object.entries(details).flatMap(([label, value]) => detail(label, value)),
  };
}

const detailLimit = 16_000;

function detail(label: string, value: JsonValue | undefined): { label: string; value: string }[] {
  if (value === null || value === undefined || value === '') return [];
  if (isJsonObject(value) && Object.keys(value).length === 0) return [];
  const words = typeof value === 'object' ? printedJson(value) : String(value);
  const shown = words.length > detailLimit ? `${words.slice(0, detailLimit)}…` : words;
  return [{ label, value: shown }];
}

function cursorOf({ at, rank, key }: TimelinePosition): string {
  return `${at}|${rank}|${key}`;
}

/** A cursor that nobody gave out reads as none. */
function parseCursor(text: string | null): TimelinePosition | null {
  const match = /^([^|]+)\|(\d+)\|(\d+)$/.exec(text ?? '');
  if (match === null) return null;
  const [, at = '', rank, key] = match;
  return { at, rank: Number(rank), key: Number(key) };
}
