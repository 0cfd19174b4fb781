import * as z from 'zod/mini';
import { isTurnLine } from './codexEventStore.ts';
import { jsonObject } from './columns.ts';
import type { Connection } from './connection.ts';
import { query } from './query.ts';

/**
 * Where the entries of a task's timeline come from, in the order of cause and effect: within one second a turn comes
 * before the cycle that saw it, that before the decision, and so on.
 */
const sources = {
  codex_events: { rank: 1, at: 'e.at' },
  manager_cycles: { rank: 2, at: 'coalesce(e.completed_at, e.started_at)' },
  manager_decisions: { rank: 3, at: 'e.created_at' },
  events: { rank: 4, at: 'e.created_at' },
  task_acknowledgements: { rank: 5, at: 'e.created_at' },
  worker_handoffs: { rank: 6, at: 'e.created_at' },
  task_continuations: { rank: 7, at: 'e.created_at' },
  continuation_reviews: { rank: 8, at: 'e.created_at' },
  epilogue_runs: { rank: 9, at: 'coalesce(e.finished_at, e.started_at)' },
  commands: { rank: 10, at: 'e.created_at' },
  command_attempts: { rank: 11, at: 'e.started_at' },
  routed_notifications: { rank: 12, at: 'coalesce(e.delivered_at, e.created_at)' },
} as const;

export type TimelineSource = keyof typeof sources;
export const timelineSources = Object.keys(sources).filter((name): name is TimelineSource => name in sources);

/** Turns of the sessions that were bound to the task, while they were. A time that sorts as text, or that of reading. */
const turnsOfTask = `SELECT c.id AS rowid, c.*, b.task_id, s.role, s.name AS session_name,
    CASE WHEN c.timestamp GLOB '????-??-??T??:??:??*Z' THEN c.timestamp ELSE c.ingested_at END AS at
  FROM bindings b
    JOIN sessions s ON s.id IN (b.worker_session_id, b.manager_session_id)
    LEFT JOIN panel_bindings p ON p.binding_id = b.id AND s.id = b.worker_session_id
    JOIN codex_events c ON c.session_id = s.id
  WHERE b.task_id = $task AND c.${isTurnLine.replaceAll(' subtype', ' c.subtype')} AND c.subtype <> 'task_started'
    AND c.id >= coalesce(p.worker_first_event_id, 0) AND (p.binding_id IS NOT NULL OR c.ingested_at >= b.created_at)
    AND (b.ended_at IS NULL OR c.ingested_at <= b.ended_at)
    AND (c.subtype <> 'item_completed' OR json_extract(c.payload_json, '$.item.type') = 'UserMessage')`;

/** The log, but for what commands, decisions and the rest tell with more detail. */
const toldByEvents = `e.type NOT IN ('manager_decision_recorded', 'worker_ack_recorded', 'manager_ack_recorded',
  'worker_handoff_recorded', 'task_continuation_recorded', 'continuation_review_recorded', 'epilogue_step_recorded', 'manager_permission_checked')
  AND e.type NOT LIKE 'finish_task%'`;

function rowsOf(source: TimelineSource): string {
  switch (source) {
    case 'codex_events':
      return `(${turnsOfTask}) e`;
    case 'command_attempts':
      return '(SELECT a.*, c.task_id, a.id AS rowid FROM command_attempts a JOIN commands c ON c.id = a.command_id WHERE c.task_id = $task) e';
    case 'events':
      return `(SELECT e.*, e.id AS rowid FROM events e WHERE e.task_id = $task AND ${toldByEvents}) e`;
    default:
      return `(SELECT t.*, t.rowid AS rowid FROM ${source} t WHERE t.task_id = $task) e`;
  }
}

const keyRow = z.object({ source: z.string(), key: z.number(), at: z.string(), rank: z.number() });

/** Where an entry stands among all. */
export interface TimelineKey {
  readonly source: TimelineSource;
  readonly key: number;
  readonly at: string;
  readonly rank: number;
}

const allKeys = timelineSources
  .map(
    (name) =>
      `SELECT '${name}' AS source, e.rowid AS key, ${sources[name].at} AS at, ${sources[name].rank} AS rank FROM ${rowsOf(name)}`,
  )
  .join(' UNION ALL ');
const place = '(at, rank, key)';
const bound = '($at, $rank, $key)';
const newestKeys = query(keyRow, `SELECT * FROM (${allKeys}) ORDER BY at DESC, rank DESC, key DESC LIMIT $limit`);
const olderKeys = query(
  keyRow,
  `SELECT * FROM (${allKeys}) WHERE ${place} < ${bound} ORDER BY at DESC, rank DESC, key DESC LIMIT $limit`,
);
const newerKeys = query(
  keyRow,
  `SELECT * FROM (${allKeys}) WHERE ${place} > ${bound} ORDER BY at, rank, key LIMIT $limit`,
);
const counted = query(z.object({ count: z.number() }), `SELECT count(*) AS count FROM (${allKeys})`);

export interface TimelinePosition {
  readonly at: string;
  readonly rank: number;
  readonly key: number;
}

export interface TimelineRange {
  readonly before: TimelinePosition | null;
  readonly after: TimelinePosition | null;
  readonly limit: number;
}

/** Keys of one page, oldest first: the newest ones, those before a place, or those after it. */
export function listTimelineKeys(
  ledger: Connection,
  taskId: string,
  { before, after, limit }: TimelineRange,
): TimelineKey[] {
  const parameters = { task: taskId, limit };
  if (after !== null) return newerKeys.all(ledger, { ...parameters, ...after }).flatMap(withSource);
  const rows =
    before === null ? newestKeys.all(ledger, parameters) : olderKeys.all(ledger, { ...parameters, ...before });
  return rows.toReversed().flatMap(withSource);
}

export function countTimeline(ledger: Connection, taskId: string): number {
  return counted.first(ledger, { task: taskId })?.count ?? 0;
}

function withSource(row: z.infer<typeof keyRow>): TimelineKey[] {
  const source = timelineSources.find((name) => name === row.source);
  return source === undefined ? [] : [{ ...row, source }];
}

const factsRow = z.object({ key: z.number(), facts: jsonObject });

/** Columns of each source that its entries tell of, as pairs of SQLite's `json_object`. JSON columns stay JSON. */
const facts: Readonly<Record<TimelineSource, string>> = {
  codex_events:
    "'subtype', e.subtype, 'session', (SELECT name FROM sessions WHERE id = e.session_id), 'role', (SELECT role FROM sessions WHERE id = e.session_id), 'payload', json(e.payload_json)",
  manager_cycles:
    "'id', e.id, 'state', e.state, 'error', e.error, 'worker', json_extract(e.status_json, '$.worker_session'), 'worker_state', json_extract(e.status_json, '$.state'), 'staleness', json_extract(e.status_json, '$.staleness_seconds'), 'pattern', json_extract(e.status_json, '$.notable_pane_pattern'), 'new_events', json_extract(e.status_json, '$.ingest.new_events'), 'consumed', json_extract(e.status_json, '$.consumed_dispatch_notifications'), 'observed_by', json_extract(e.status_json, '$.observed_by')",
  manager_decisions:
    "'id', e.id, 'decision', e.decision, 'reason', e.reason, 'cycle', e.manager_cycle_id, 'payload', json(e.payload_json)",
  events:
    "'id', e.id, 'type', e.type, 'actor', e.actor, 'correlation_id', e.correlation_id, 'payload', json(e.payload_json)",
  task_acknowledgements:
    "'role', e.role, 'revision', e.revision, 'correlation_id', e.correlation_id, 'payload', json(e.payload_json)",
  worker_handoffs: "'summary', e.summary, 'next_steps', json(e.next_steps_json), 'payload', json(e.payload_json)",
  task_continuations:
    "'proposer', e.proposer, 'revision', e.revision, 'correlation_id', e.correlation_id, 'payload', json(e.payload_json)",
  continuation_reviews:
    "'agreement', e.agreement, 'verdict', e.verdict, 'rationale', e.rationale, 'addendum', e.addendum, 'correlation_id', e.correlation_id",
  epilogue_runs: "'step', e.step_name, 'state', e.state, 'error', e.error, 'correlation_id', e.correlation_id",
  commands:
    "'id', e.id, 'type', e.type, 'state', e.state, 'error', e.error, 'correlation_id', e.correlation_id, 'permission', e.required_permission, 'payload', json(e.payload_json), 'delivery', (SELECT d.state FROM panel_deliveries d WHERE d.command_id = e.id), 'delivery_reason', (SELECT d.reason FROM panel_deliveries d WHERE d.command_id = e.id)",
  command_attempts:
    "'command_id', e.command_id, 'command_type', (SELECT type FROM commands WHERE id = e.command_id), 'state', e.state, 'error', e.error, 'dispatcher', e.dispatcher_id, 'correlation_id', e.correlation_id, 'started', e.started_at, 'finished', e.finished_at",
  routed_notifications:
    "'id', e.id, 'signal', e.signal_type, 'state', e.state, 'mode', e.delivery_mode, 'error', e.error, 'correlation_id', e.correlation_id, 'consumed_at', e.consumed_at, 'source', (SELECT name FROM sessions WHERE id = e.source_session_id), 'target', (SELECT name FROM sessions WHERE id = e.target_session_id), 'target_role', (SELECT role FROM sessions WHERE id = e.target_session_id), 'payload', json(e.payload_json)",
};

const factsOf = Object.fromEntries(
  timelineSources.map((name) => [
    name,
    query(
      factsRow,
      `SELECT e.rowid AS key, json_object(${facts[name]}) AS facts FROM ${name} e WHERE e.rowid IN (SELECT value FROM json_each(?))`,
    ),
  ]),
);

/** What some rows of one source tell, by key. */
export function readTimelineFacts(ledger: Connection, source: TimelineSource, keys: readonly number[]) {
  const rows = factsOf[source]?.all(ledger, [JSON.stringify(keys)]) ?? [];
  return new Map(rows.map((row) => [row.key, row.facts]));
}
