import * as z from 'zod/mini';
import { ledgerJson } from '../domain/json.ts';
import { jsonObject } from './columns.ts';
import type { Connection, SqlValue } from './connection.ts';
import { pagedTable } from './pagedTable.ts';
import { query } from './query.ts';

export const telemetryActors = ['dispatch', 'manager', 'operator', 'system', 'worker', 'workerctl'] as const;
export const telemetrySeverities = ['debug', 'info', 'warning', 'error'] as const;

const telemetryRow = z.object({
  id: z.string(),
  run_id: z.nullable(z.string()),
  task_id: z.nullable(z.string()),
  timestamp: z.string(),
  actor: z.enum(telemetryActors),
  event_type: z.string(),
  severity: z.enum(telemetrySeverities),
  summary: z.string(),
  correlation: jsonObject,
  attributes: jsonObject,
});

/** One thing that happened, as it was told to telemetry. */
export type TelemetryRecord = z.infer<typeof telemetryRow>;

/** Every condition that is not null must hold. */
export interface TelemetryFilter {
  readonly taskId?: string | null;
  readonly runId?: string | null;
  readonly actor?: string | null;
  readonly eventType?: string | null;
  readonly severity?: string | null;
  /** Words that must all occur, or the exact type of an event. */
  readonly search?: string | null;
  /** Timestamps, both inclusive. */
  readonly from?: string | null;
  readonly until?: string | null;
}

const columns = `id, run_id, task_id, timestamp, actor, event_type, severity, summary,
  correlation_json AS correlation, attributes_json AS attributes`;
const conditions: Readonly<Record<Exclude<keyof TelemetryFilter, 'search'>, string>> = {
  taskId: 'task_id = $taskId',
  runId: 'run_id = $runId',
  actor: 'actor = $actor',
  eventType: 'event_type = $eventType',
  severity: 'severity = $severity',
  from: 'timestamp >= $from',
  until: 'timestamp <= $until',
};
const searching = `(event_type = $search
  OR id IN (SELECT event_id FROM telemetry_events_fts WHERE telemetry_events_fts MATCH $match))`;
const oldestFirst = 'ORDER BY timestamp, rowid LIMIT $limit';
const newestFirst = 'ORDER BY timestamp DESC, rowid DESC LIMIT $limit';

const ofTask = {
  row: telemetryRow,
  columns,
  from: 'telemetry_events',
  where: 'task_id = $taskId',
  id: 'rowid',
} as const;
const byTime = { by: ['timestamp', 'rowid'] } as const;

/** A task's telemetry, oldest first. */
export const taskTelemetry = pagedTable({ ...ofTask, orders: { time: byTime } });

/** Messages that were typed into a session directly. */
export const sessionNudges = pagedTable({
  ...ofTask,
  // By type, of which there are few.
  where: "+task_id = $taskId AND event_type IN ('session_nudge_succeeded', 'session_nudge_failed')",
  orders: { audit: byTime, page: byTime },
});

export interface TelemetryPage {
  /** Negative for all. */
  readonly limit: number;
  readonly newestFirst: boolean;
}

export function listTelemetry(ledger: Connection, filter: TelemetryFilter, page: TelemetryPage): TelemetryRecord[] {
  const { search = null, ...rest } = filter;
  if (search !== null && isCommon(ledger, search)) {
    const found = listCommon(ledger, search, rest, page);
    if (found !== null) return found;
  }
  const { condition, parameters } = conditionOf(filter);
  const order = page.newestFirst ? newestFirst : oldestFirst;
  return query(telemetryRow, `SELECT ${columns} ${condition} ${order}`).all(ledger, {
    ...parameters,
    limit: page.limit,
  });
}

const countedRow = z.object({ count: z.number() });
const matches = query(
  countedRow,
  'SELECT count(*) AS count FROM telemetry_events_fts WHERE telemetry_events_fts MATCH $match',
);
const manyMatches = 5000;

/** Whether so many events have the words that looking each of them up takes long. */
function isCommon(ledger: Connection, search: string): boolean {
  return (matches.first(ledger, { match: matchPattern(search) })?.count ?? 0) > manyMatches;
}

const sameRows = query(
  countedRow,
  'SELECT (SELECT max(rowid) FROM telemetry_events) = (SELECT max(id) FROM telemetry_events_fts_docsize) AS count',
);

/**
 * Words that are everywhere: events are gone through in their order until the page is full. Null when rows of the index
 * are not numbered as the events are (both programs write one after the other), so that only the slower way finds them.
 */
function listCommon(
  ledger: Connection,
  search: string,
  filter: TelemetryFilter,
  page: TelemetryPage,
): TelemetryRecord[] | null {
  if (page.limit < 0 || (sameRows.first(ledger)?.count ?? 0) === 0) return null;
  const { condition, parameters } = conditionOf(filter);
  const sql = `SELECT ${columns}, rowid AS position ${condition} AND (event_type = $search
      OR +rowid IN (SELECT rowid FROM telemetry_events_fts WHERE telemetry_events_fts MATCH $match))
    ${page.newestFirst ? newestFirst : oldestFirst}`;
  const given = { ...parameters, search: search.trim(), match: matchPattern(search), limit: page.limit };
  const found = query(z.extend(telemetryRow, { position: z.number() }), sql).all(ledger, given);
  const isNumberedAlike = found.every(({ id, position }) => indexedId.first(ledger, [position])?.event_id === id);
  return isNumberedAlike ? found.map(({ position: _position, ...record }) => record) : null;
}

const indexedId = query(
  z.object({ event_id: z.string() }),
  'SELECT event_id FROM telemetry_events_fts WHERE rowid = ?',
);

const extentRow = z.object({
  total: z.number(),
  first_timestamp: z.nullable(z.string()),
  last_timestamp: z.nullable(z.string()),
  run_id: z.nullable(z.string()),
  task_id: z.nullable(z.string()),
});
const countRow = z.object({
  actor: z.enum(telemetryActors),
  event_type: z.string(),
  severity: z.enum(telemetrySeverities),
  count: z.number(),
});
export type TelemetryCount = z.infer<typeof countRow>;

/** How much there is: over everything that matches, unless a page is given (AT-8). */
export interface TelemetryExtent extends z.infer<typeof extentRow> {
  readonly counts: readonly TelemetryCount[];
}

export function countTelemetry(
  ledger: Connection,
  filter: TelemetryFilter,
  page: TelemetryPage = { limit: -1, newestFirst: false },
): TelemetryExtent {
  const { condition, parameters } = conditionOf(filter);
  const chosen = `SELECT run_id, task_id, timestamp, actor, event_type, severity ${condition} ${
    page.newestFirst ? newestFirst : oldestFirst
  }`;
  const extent = query(
    extentRow,
    `SELECT count(*) AS total, min(timestamp) AS first_timestamp, max(timestamp) AS last_timestamp,
       CASE WHEN min(coalesce(run_id, '')) = max(coalesce(run_id, '')) THEN min(run_id) END AS run_id,
       CASE WHEN min(coalesce(task_id, '')) = max(coalesce(task_id, '')) THEN min(task_id) END AS task_id
     FROM (${chosen})`,
  );
  const counts = query(
    countRow,
    `SELECT actor, event_type, severity, count(*) AS count FROM (${chosen}) GROUP BY actor, event_type, severity`,
  );
  const given = { ...parameters, limit: page.limit };
  return ledger.read(() => {
    const found = extent.first(ledger, given);
    if (found === null) throw new Error('an aggregate without a row');
    return { ...found, counts: counts.all(ledger, given) };
  });
}

function conditionOf(filter: TelemetryFilter): {
  readonly condition: string;
  readonly parameters: Readonly<Record<string, SqlValue>>;
} {
  const parameters: Record<string, SqlValue> = {};
  const wanted: string[] = [];
  for (const [name, sql] of Object.entries(conditions)) {
    const value = Object.entries(filter).find(([key]) => key === name)?.[1] ?? null;
    if (value === null) continue;
    parameters[name] = value;
    wanted.push(sql);
  }
  const { search = null } = filter;
  if (search !== null) {
    Object.assign(parameters, { search: search.trim(), match: matchPattern(search) });
    wanted.push(searching);
  }
  // Always a WHERE, for whoever adds to it.
  return { condition: `FROM telemetry_events WHERE ${wanted.join(' AND ') || '1'}`, parameters };
}

/**
 * Every word as a phrase of its own, so that nothing in it is an operator. The index holds attributes as JSON in
 * ASCII: a word beyond it is also looked for in that spelling.
 */
function matchPattern(search: string): string {
  return search
    .split(/\s+/u)
    .filter(Boolean)
    .map((word) => {
      const escaped = ledgerJson(word).slice(1, -1);
      return escaped === word ? phrase(word) : `(${phrase(word)} OR ${phrase(escaped)})`;
    })
    .join(' AND ');
}

function phrase(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}

const ingestRow = z.object({ new_events: z.number(), skipped_lines: z.number() });
export type IngestTotals = z.infer<typeof ingestRow>;

/** What was read of rollouts, as the readers told telemetry. */
export function sumIngest(ledger: Connection, filter: TelemetryFilter): IngestTotals {
  const { condition, parameters } = conditionOf({ ...filter, eventType: 'codex_events_ingested' });
  const sums = query(
    ingestRow,
    `SELECT coalesce(sum(json_extract(attributes_json, '$.new_events')), 0) AS new_events,
       coalesce(sum(json_extract(attributes_json, '$.skipped_lines')), 0) AS skipped_lines ${condition}`,
  );
  return sums.first(ledger, parameters) ?? { new_events: 0, skipped_lines: 0 };
}

const troubledIngest = "AND event_type LIKE '%ingest%' AND severity IN ('warning', 'error')";
const skippingIngest =
  "AND event_type = 'codex_events_ingested' AND json_extract(attributes_json, '$.skipped_lines') > 0";

/** The newest troubles with reading rollouts, and the newest reads that passed lines by. */
export function listIngestTroubles(
  ledger: Connection,
  filter: TelemetryFilter,
  limit: number,
): { readonly errors: TelemetryRecord[]; readonly errorCount: number; readonly skipping: TelemetryRecord[] } {
  const { condition, parameters } = conditionOf(filter);
  const list = (extra: string) =>
    query(telemetryRow, `SELECT ${columns} ${condition} ${extra} ${newestFirst}`).all(ledger, { ...parameters, limit });
  const counted = query(z.object({ count: z.number() }), `SELECT count(*) AS count ${condition} ${troubledIngest}`);
  return {
    errors: list(troubledIngest),
    errorCount: counted.first(ledger, parameters)?.count ?? 0,
    skipping: list(skippingIngest),
  };
}
