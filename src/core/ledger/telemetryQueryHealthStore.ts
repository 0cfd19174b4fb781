import * as z from 'zod/mini';
import { jsonObject, jsonObjectOrNull } from './columns.ts';
import { commandColumns, commandRow } from './commandStore.ts';
import type { Connection } from './connection.ts';
import { query } from './query.ts';

// What the views of telemetry count and list beyond telemetry itself: cycles, commands, criteria, storage, drift.

/** Conditions that are null hold always. A run is tied to cycles by spans and to commands by what they say. */
export interface HealthFilter {
  readonly taskId: string | null;
  readonly runId?: string | null;
  /** Timestamp, inclusive. */
  readonly from?: string | null;
  /** Nothing of tasks that are done or failed. */
  readonly onlyOpen?: boolean;
}

/** Only what is asked for is a condition, so that the index of the narrowest is used. */
function conditionOf(filter: HealthFilter, sql: Readonly<Record<keyof HealthFilter, string>>) {
  const { taskId, runId = null, from = null, onlyOpen = false } = filter;
  const values = { taskId, runId, from };
  const parameters = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
  const names = (['taskId', 'runId', 'from'] as const).filter((name) => values[name] !== null);
  const conditions = [...names.map((name) => sql[name]), ...(onlyOpen ? [sql.onlyOpen] : [])];
  return { condition: conditions.join(' AND ') || '1', parameters };
}

const openTasks = "SELECT id FROM tasks WHERE state IN ('candidate', 'managed', 'paused')";

const countRow = z.object({ key: z.string(), count: z.number() });

const cycleRow = z.object({
  id: z.number(),
  task_id: z.string(),
  task_name: z.string(),
  manager_id: z.nullable(z.string()),
  started_at: z.string(),
  completed_at: z.nullable(z.string()),
  state: z.enum(['started', 'succeeded', 'failed']),
  decision: z.nullable(z.string()),
  error: z.nullable(z.string()),
  health: jsonObjectOrNull,
  status: jsonObjectOrNull,
});
/** An observation of a worker, with what it found. */
export type CycleRow = z.infer<typeof cycleRow>;

const cycleColumns = `c.id, c.task_id, t.name AS task_name, c.manager_id, c.started_at, c.completed_at, c.state, c.decision,
  c.error, c.health_json AS health, c.status_json AS status`;
const cycleConditions = {
  taskId: 'c.task_id = $taskId',
  runId: 'EXISTS (SELECT 1 FROM manager_cycle_spans s WHERE s.manager_cycle_id = c.id AND s.run_id = $runId)',
  from: 'coalesce(c.completed_at, c.started_at) >= $from',
  onlyOpen: `c.task_id IN (${openTasks})`,
};

/** A session without a terminal has none to fail: its cycles say that nothing was degraded (AT-12). */
const paneFailed = `json_extract(c.status_json, '$.pane_signal.captured') = 0 AND json_extract(c.status_json, '$.pane_signal.degraded') = 1`;
const kinds = {
  any: '1',
  failed: "c.state = 'failed'",
  succeeded: "c.state = 'succeeded'",
  pane_failed: paneFailed,
  ingest_failed: `c.state = 'failed' AND (json_extract(c.status_json, '$.failure_phase') = 'ingest_rollout' OR c.error LIKE '%ingest%')`,
} as const;
export type CycleKind = keyof typeof kinds;

/** Newest first. */
export function listCycles(ledger: Connection, kind: CycleKind, filter: HealthFilter, limit: number): CycleRow[] {
  const { condition, parameters } = conditionOf(filter, cycleConditions);
  const sql = `SELECT ${cycleColumns} FROM manager_cycles c JOIN tasks t ON t.id = c.task_id
    WHERE ${condition} AND ${kinds[kind]} ORDER BY c.id DESC LIMIT $limit`;
  return query(cycleRow, sql).all(ledger, { ...parameters, limit });
}

export function countCycles(ledger: Connection, kind: CycleKind, filter: HealthFilter): number {
  const { condition, parameters } = conditionOf(filter, cycleConditions);
  const sql = `SELECT '' AS key, count(*) AS count FROM manager_cycles c WHERE ${condition} AND ${kinds[kind]}`;
  return query(countRow, sql).first(ledger, parameters)?.count ?? 0;
}

/** By when they were begun. */
const begun = { ...cycleConditions, from: 'c.started_at >= $from' };
const paneOutcome = `CASE WHEN json_extract(c.status_json, '$.pane_signal.captured') = 1 THEN 'succeeded'
  WHEN ${paneFailed} THEN 'failed'
  WHEN json_extract(c.status_json, '$.pane_signal.captured') = 0 THEN 'not_applicable' ELSE 'unknown' END`;

function countBegun(ledger: Connection, key: string, filter: HealthFilter): Record<string, number> {
  const { condition, parameters } = conditionOf(filter, begun);
  const sql = `SELECT ${key} AS key, count(*) AS count FROM manager_cycles c WHERE ${condition} GROUP BY 1`;
  return asRecord(query(countRow, sql).all(ledger, parameters));
}

type BegunFilter = Pick<HealthFilter, 'taskId' | 'from'>;

export function countCycleStates(ledger: Connection, { taskId, from = null }: BegunFilter): Record<string, number> {
  return countBegun(ledger, 'c.state', { taskId, from });
}

export function countPaneCaptures(ledger: Connection, { taskId, from = null }: BegunFilter): Record<string, number> {
  return countBegun(ledger, paneOutcome, { taskId, from });
}

/** Every place where a payload may name the run that it belongs to. */
export function runsNamedIn(column: string): string {
  const places = ['run_id', 'loop_run_id', 'ralph_loop_run_id', 'ralph_loop.run_id', 'loop_policy.run_id'];
  return places.map((place) => `json_extract(${column}, '$.${place}')`).join(', ');
}

const commandRowWithTask = z.extend(commandRow, { task_name: z.nullable(z.string()) });
export type CommandRow = z.infer<typeof commandRowWithTask>;
const commandConditions = {
  taskId: 'task_id = $taskId',
  runId: `$runId IN (${runsNamedIn('payload_json')}, ${runsNamedIn('result_json')})`,
  from: 'updated_at >= $from',
  onlyOpen: `(task_id IS NULL OR task_id IN (${openTasks}))`,
};

function commandsIn(states: readonly string[] | null, filter: HealthFilter) {
  const { condition, parameters } = conditionOf(filter, commandConditions);
  if (states === null) return { source: `FROM commands c WHERE ${condition}`, parameters };
  const inStates = 'state IN (SELECT value FROM json_each($states))';
  return {
    source: `FROM commands c WHERE ${condition} AND ${inStates}`,
    parameters: { ...parameters, states: JSON.stringify(states) },
  };
}

/** Newest first; `null` is any state. */
export function listCommandsInStates(
  ledger: Connection,
  states: readonly string[] | null,
  filter: HealthFilter,
  limit: number,
): CommandRow[] {
  const { source, parameters } = commandsIn(states, filter);
  const sql = `SELECT ${commandColumns}, (SELECT name FROM tasks t WHERE t.id = c.task_id) AS task_name ${source}
    ORDER BY created_at DESC, rowid DESC LIMIT $limit`;
  return query(commandRowWithTask, sql).all(ledger, { ...parameters, limit });
}

export function countCommandsInStates(ledger: Connection, states: readonly string[], filter: HealthFilter): number {
  const { source, parameters } = commandsIn(states, filter);
  return query(countRow, `SELECT '' AS key, count(*) AS count ${source}`).first(ledger, parameters)?.count ?? 0;
}

export function countCommandStates(ledger: Connection, filter: HealthFilter): Record<string, number> {
  const { source, parameters } = commandsIn(null, filter);
  const sql = `SELECT state AS key, count(*) AS count ${source} GROUP BY state`;
  return asRecord(query(countRow, sql).all(ledger, parameters));
}

const typedCountRow = z.object({ type: z.string(), state: z.string(), count: z.number() });
export type TypedCount = z.infer<typeof typedCountRow>;
const countedTypes = {
  commands: {
    source: 'commands c',
    sql: { taskId: 'c.task_id = $taskId', from: 'c.created_at >= $from', runId: '1', onlyOpen: '1' },
    state: 'c.state',
  },
  attempts: {
    source: 'command_attempts a JOIN commands c ON c.id = a.command_id',
    sql: { taskId: 'c.task_id = $taskId', from: 'a.started_at >= $from', runId: '1', onlyOpen: '1' },
    state: 'a.state',
  },
};

export function countByType(
  ledger: Connection,
  what: keyof typeof countedTypes,
  { taskId, from = null }: Pick<HealthFilter, 'taskId' | 'from'>,
): TypedCount[] {
  const { source, sql, state } = countedTypes[what];
  const { condition, parameters } = conditionOf({ taskId, from }, sql);
  const counted = `SELECT c.type, ${state} AS state, count(*) AS count FROM ${source} WHERE ${condition} GROUP BY 1, 2`;
  return query(typedCountRow, counted).all(ledger, parameters);
}

const criterionRow = z.object({
  id: z.number(),
  task_id: z.string(),
  task_name: z.string(),
  status: z.string(),
  source: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
});
export type OpenCriterion = z.infer<typeof criterionRow>;
/** Without a task: of tasks that are still open. What a finished one left open stops nobody any more. */
const criteriaOf = `FROM acceptance_criteria a JOIN tasks t ON t.id = a.task_id
  WHERE (a.task_id = $taskId OR $taskId IS NULL AND t.state IN ('candidate', 'managed', 'paused'))
    AND ($runId IS NULL OR json_extract(a.evidence_json, '$.ralph_loop_run_id') = $runId)`;
const criterionCounts = query(countRow, `SELECT a.status AS key, count(*) AS count ${criteriaOf} GROUP BY a.status`);
const openAccepted = query(
  criterionRow,
  `SELECT a.id, a.task_id, t.name AS task_name, a.status, a.source, a.created_at, a.updated_at ${criteriaOf}
   AND a.status = 'accepted' ORDER BY a.id LIMIT $limit`,
);
const everyCriterion = query(
  countRow,
  `SELECT status AS key, count(*) AS count FROM acceptance_criteria WHERE $taskId IS NULL OR task_id = $taskId GROUP BY status`,
);

export function countOpenTasksCriteria(ledger: Connection, filter: Omit<HealthFilter, 'from'>): Record<string, number> {
  return asRecord(criterionCounts.all(ledger, { taskId: filter.taskId, runId: filter.runId ?? null }));
}

export function listOpenAccepted(
  ledger: Connection,
  filter: Omit<HealthFilter, 'from'>,
  limit: number,
): OpenCriterion[] {
  return openAccepted.all(ledger, { taskId: filter.taskId, runId: filter.runId ?? null, limit });
}

export function countCriteria(ledger: Connection, taskId: string | null): Record<string, number> {
  return asRecord(everyCriterion.all(ledger, { taskId }));
}

const decisionRow = z.object({
  id: z.number(),
  task_id: z.string(),
  manager_id: z.nullable(z.string()),
  manager_cycle_id: z.nullable(z.number()),
  decision: z.string(),
  reason: z.string(),
  created_at: z.string(),
  payload: jsonObject,
});
const recentDecisions = query(
  decisionRow,
  `SELECT id, task_id, manager_id, manager_cycle_id, decision, reason, created_at, payload_json AS payload
   FROM manager_decisions WHERE task_id = ? ORDER BY id DESC LIMIT ?`,
);

export function listRecentDecisions(ledger: Connection, taskId: string, limit: number) {
  return recentDecisions.all(ledger, [taskId, limit]);
}

const storageRow = z.object({ bytes: z.number(), count: z.number() });
type StorageUse = z.infer<typeof storageRow>;
/** What is really kept: pruned text counts no more (AT-13). */
function storageOf(
  ledger: Connection,
  table: string,
  text: string,
  condition: string,
  taskId: string | null,
): StorageUse {
  // In the words of the indexes on what is kept, which have the size: no text is read to be measured.
  const size = `length(CAST(${text} AS BLOB))`;
  const sql = (where: string) =>
    `SELECT coalesce(sum(${size}), 0) AS bytes, count(*) AS count FROM ${table} WHERE ${text} IS NOT NULL AND ${where}`;
  const all = `SELECT count(*) AS count, 0 AS bytes FROM ${table} WHERE ${taskId === null ? '1' : condition}`;
  const parameters = taskId === null ? {} : { taskId };
  const kept = query(storageRow, sql(taskId === null ? '1' : condition)).first(ledger, parameters);
  return { bytes: kept?.bytes ?? 0, count: query(storageRow, all).first(ledger, parameters)?.count ?? 0 };
}

/** Screens and transcripts that are kept, of one task or of all. */
export function readStorage(ledger: Connection, taskId: string | null) {
  const ofTask = 'task_id = $taskId';
  const ofWorkers = 'worker_id IN (SELECT worker_id FROM bindings WHERE task_id = $taskId)';
  return {
    terminal_captures: storageOf(ledger, 'terminal_captures', 'content', ofTask, taskId),
    transcript_captures: storageOf(ledger, 'transcript_captures', 'content', ofWorkers, taskId),
    transcript_segments: storageOf(ledger, 'transcript_segments', 'segment_text', ofTask, taskId),
  };
}

const lastCycleRow = z.object({
  task_id: z.string(),
  task_name: z.string(),
  binding_id: z.string(),
  last_cycle_id: z.number(),
  last_cycle_at: z.string(),
});
export type LastCycle = z.infer<typeof lastCycleRow>;
const lastCycles = query(
  lastCycleRow,
  `SELECT t.id AS task_id, t.name AS task_name, b.id AS binding_id, c.id AS last_cycle_id, c.completed_at AS last_cycle_at
   FROM bindings b JOIN tasks t ON t.id = b.task_id
   JOIN manager_cycles c ON c.id = (SELECT id FROM manager_cycles WHERE task_id = t.id AND completed_at IS NOT NULL
     ORDER BY coalesce(completed_at, started_at) DESC, id DESC LIMIT 1)
   WHERE b.state IN ('active', 'ending') ORDER BY t.created_at, t.rowid`,
);

/** The newest ended cycle of each bound task. Tasks that nobody has looked at yet are not among them. */
export function listLastCycles(ledger: Connection): LastCycle[] {
  return lastCycles.all(ledger);
}

function asRecord(counts: readonly z.infer<typeof countRow>[]): Record<string, number> {
  return Object.fromEntries(counts.map(({ key, count }) => [key, count]));
}
