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

function given({ taskId, runId = null, from = null, onlyOpen = false }: HealthFilter) {
  return { taskId, runId, from, onlyOpen: Number(onlyOpen) };
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
const cyclesOf = `FROM manager_cycles c JOIN tasks t ON t.id = c.task_id
  WHERE ($taskId IS NULL OR c.task_id = $taskId) AND ($from IS NULL OR coalesce(c.completed_at, c.started_at) >= $from)
    AND ($runId IS NULL OR EXISTS (SELECT 1 FROM manager_cycle_spans s WHERE s.manager_cycle_id = c.id AND s.run_id = $runId))
    AND ($onlyOpen = 0 OR c.task_id IN (${openTasks}))`;

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
  const sql = `SELECT ${cycleColumns} ${cyclesOf} AND ${kinds[kind]} ORDER BY c.id DESC LIMIT $limit`;
  return query(cycleRow, sql).all(ledger, { ...given(filter), limit });
}

export function countCycles(ledger: Connection, kind: CycleKind, filter: HealthFilter): number {
  const sql = `SELECT '' AS key, count(*) AS count ${cyclesOf} AND ${kinds[kind]}`;
  return query(countRow, sql).first(ledger, given(filter))?.count ?? 0;
}

/** By when they were begun. */
const cycleStates = query(
  countRow,
  `SELECT state AS key, count(*) AS count FROM manager_cycles
   WHERE ($taskId IS NULL OR task_id = $taskId) AND ($from IS NULL OR started_at >= $from) GROUP BY state`,
);
const paneCaptures = query(
  countRow,
  `SELECT CASE WHEN json_extract(c.status_json, '$.pane_signal.captured') = 1 THEN 'succeeded'
       WHEN ${paneFailed} THEN 'failed'
       WHEN json_extract(c.status_json, '$.pane_signal.captured') = 0 THEN 'not_applicable'
       ELSE 'unknown' END AS key, count(*) AS count
   FROM manager_cycles c
   WHERE ($taskId IS NULL OR c.task_id = $taskId) AND ($from IS NULL OR c.started_at >= $from) GROUP BY 1`,
);

export function countCycleStates(ledger: Connection, filter: HealthFilter): Record<string, number> {
  return asRecord(cycleStates.all(ledger, { taskId: filter.taskId, from: filter.from ?? null }));
}

export function countPaneCaptures(ledger: Connection, filter: HealthFilter): Record<string, number> {
  return asRecord(paneCaptures.all(ledger, { taskId: filter.taskId, from: filter.from ?? null }));
}

/** Every place where a payload may name the run that it belongs to. */
export function runsNamedIn(column: string): string {
  const places = ['run_id', 'loop_run_id', 'ralph_loop_run_id', 'ralph_loop.run_id', 'loop_policy.run_id'];
  return places.map((place) => `json_extract(${column}, '$.${place}')`).join(', ');
}

const commandRowWithTask = z.extend(commandRow, { task_name: z.nullable(z.string()) });
export type CommandRow = z.infer<typeof commandRowWithTask>;
const commandsOf = `FROM commands c WHERE ($taskId IS NULL OR task_id = $taskId) AND ($from IS NULL OR updated_at >= $from)
  AND ($runId IS NULL OR $runId IN (${runsNamedIn('payload_json')}, ${runsNamedIn('result_json')}))
  AND ($onlyOpen = 0 OR task_id IS NULL OR task_id IN (${openTasks}))
  AND ($states IS NULL OR state IN (SELECT value FROM json_each($states)))`;
const commands = query(
  commandRowWithTask,
  `SELECT ${commandColumns}, (SELECT name FROM tasks t WHERE t.id = c.task_id) AS task_name ${commandsOf}
   ORDER BY created_at DESC, rowid DESC LIMIT $limit`,
);
const commandCount = query(countRow, `SELECT '' AS key, count(*) AS count ${commandsOf}`);
const commandStates = query(countRow, `SELECT state AS key, count(*) AS count ${commandsOf} GROUP BY state`);

/** Newest first; `null` is any state. */
export function listCommandsInStates(
  ledger: Connection,
  states: readonly string[] | null,
  filter: HealthFilter,
  limit: number,
): CommandRow[] {
  return commands.all(ledger, { ...given(filter), states: jsonOf(states), limit });
}

export function countCommandsInStates(ledger: Connection, states: readonly string[], filter: HealthFilter): number {
  return commandCount.first(ledger, { ...given(filter), states: jsonOf(states) })?.count ?? 0;
}

export function countCommandStates(ledger: Connection, filter: HealthFilter): Record<string, number> {
  return asRecord(commandStates.all(ledger, { ...given(filter), states: null }));
}

const typedCountRow = z.object({ type: z.string(), state: z.string(), count: z.number() });
export type TypedCount = z.infer<typeof typedCountRow>;
const commandsByType = query(
  typedCountRow,
  `SELECT type, state, count(*) AS count FROM commands
   WHERE ($taskId IS NULL OR task_id = $taskId) AND ($from IS NULL OR created_at >= $from) GROUP BY type, state`,
);
const attemptsByType = query(
  typedCountRow,
  `SELECT c.type, a.state, count(*) AS count FROM command_attempts a JOIN commands c ON c.id = a.command_id
   WHERE ($taskId IS NULL OR c.task_id = $taskId) AND ($from IS NULL OR a.started_at >= $from) GROUP BY c.type, a.state`,
);

export function countByType(ledger: Connection, what: 'commands' | 'attempts', filter: HealthFilter): TypedCount[] {
  const counted = what === 'commands' ? commandsByType : attemptsByType;
  return counted.all(ledger, { taskId: filter.taskId, from: filter.from ?? null });
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
const storageOf = (table: string, text: string, task: string) =>
  query(
    storageRow,
    `SELECT coalesce(sum(octet_length(${text})), 0) AS bytes, count(*) AS count FROM ${table} WHERE $taskId IS NULL OR ${task}`,
  );
const terminalCaptures = storageOf('terminal_captures', 'content', 'task_id = $taskId');
const segments = storageOf('transcript_segments', 'segment_text', 'task_id = $taskId');
const transcriptCaptures = storageOf(
  'transcript_captures',
  'content',
  'worker_id IN (SELECT worker_id FROM bindings WHERE task_id = $taskId)',
);
const nothing: StorageUse = { bytes: 0, count: 0 };

/** Screens and transcripts that are kept, of one task or of all. */
export function readStorage(ledger: Connection, taskId: string | null) {
  return {
    terminal_captures: terminalCaptures.first(ledger, { taskId }) ?? nothing,
    transcript_captures: transcriptCaptures.first(ledger, { taskId }) ?? nothing,
    transcript_segments: segments.first(ledger, { taskId }) ?? nothing,
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
   JOIN manager_cycles c ON c.id = (SELECT max(id) FROM manager_cycles WHERE task_id = t.id AND completed_at IS NOT NULL)
   WHERE b.state IN ('active', 'ending') ORDER BY t.created_at, t.rowid`,
);

/** The newest ended cycle of each bound task. Tasks that nobody has looked at yet are not among them. */
export function listLastCycles(ledger: Connection): LastCycle[] {
  return lastCycles.all(ledger);
}

function asRecord(counts: readonly z.infer<typeof countRow>[]): Record<string, number> {
  return Object.fromEntries(counts.map(({ key, count }) => [key, count]));
}

function jsonOf(values: readonly string[] | null): string | null {
  return values === null ? null : JSON.stringify(values);
}
