import * as z from 'zod/mini';
import { refuse } from '../domain/errors.ts';
import { newIdentifier } from '../domain/identifiers.ts';
import { type JsonObject, ledgerJson } from '../domain/json.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import { recordEvent } from './auditStore.ts';
import { jsonObject } from './columns.ts';
import type { Connection } from './connection.ts';
import { query } from './query.ts';
import type { Task } from './taskStore.ts';

export const runStatuses = ['active', 'finished', 'failed', 'abandoned'] as const;

const runRow = z.object({
  id: z.string(),
  task_id: z.string(),
  name: z.string(),
  purpose: z.nullable(z.string()),
  status: z.enum(runStatuses),
  started_at: z.string(),
  ended_at: z.nullable(z.string()),
  metadata: jsonObject,
});

/** A stretch of work on a task that telemetry is grouped by, or the record of a loop policy. */
export type Run = z.infer<typeof runRow>;
export type RunStatus = Run['status'];

const columns = 'id, task_id, name, purpose, status, started_at, ended_at, metadata_json AS metadata';
const byReference = query(
  runRow,
  `SELECT ${columns} FROM runs WHERE id = $reference OR name = $reference
   ORDER BY id = $reference DESC, started_at DESC, rowid DESC LIMIT 1`,
);
const filtered = query(
  runRow,
  `SELECT ${columns} FROM runs WHERE ($taskId IS NULL OR task_id = $taskId) AND ($status IS NULL OR status = $status)
   ORDER BY started_at DESC, rowid DESC`,
);
const byReferenceOfTask = query(
  runRow,
  `SELECT ${columns} FROM runs WHERE task_id = $taskId AND (id = $reference OR name = $reference)
   ORDER BY id = $reference DESC, started_at DESC, rowid DESC LIMIT 1`,
);
const namesakes = query(
  runRow,
  `SELECT ${columns} FROM runs WHERE task_id = ? AND name = ? ORDER BY started_at DESC, rowid DESC`,
);
const activeOfTask = query(runRow, `SELECT ${columns} FROM runs WHERE task_id = ? AND status = 'active'`);

export function findRun(ledger: Connection, reference: string): Run | null {
  return byReference.first(ledger, { reference });
}

/** The run with this id or name; throws `unknown_run`. */
export function requireRun(ledger: Connection, reference: string): Run {
  const run = findRun(ledger, reference);
  if (run === null) throw refuse('unknown_run', `Unknown run: ${reference}. List runs with "runs --list".`);
  return run;
}

/** The run of this task with this id, else its newest with this name. */
export function findRunOfTask(ledger: Connection, taskId: string, reference: string): Run | null {
  return byReferenceOfTask.first(ledger, { taskId, reference });
}

/** Names are not unique: every run of this task that is called so, newest first. */
export function listNamesakes(ledger: Connection, taskId: string, name: string): Run[] {
  return namesakes.all(ledger, [taskId, name]);
}

export function findActiveRun(ledger: Connection, taskId: string): Run | null {
  return activeOfTask.first(ledger, [taskId]);
}

/** Newest first. */
export function listRuns(
  ledger: Connection,
  { taskId, status }: { readonly taskId: string | null; readonly status: RunStatus | null },
): Run[] {
  return filtered.all(ledger, { taskId, status });
}

export interface NewRun {
  readonly name: string | null;
  readonly purpose: string | null;
  readonly metadata: JsonObject;
}

/** Opens the active run of a task; throws `run_conflict` when there is one. Call inside a write transaction (CP-27). */
export function insertActiveRun(ledger: Connection, task: Task, given: NewRun, now: number): Run {
  const active = findActiveRun(ledger, task.id);
  if (active !== null) {
    throw refuse(
      'run_conflict',
      `task '${task.name}' already has active run '${active.name}' (${active.id}); end it with "runs --finish ${active.id}"`,
    );
  }
  const timestamp = formatTimestamp(now);
  return insertRun(ledger, {
    id: newIdentifier('run'),
    task_id: task.id,
    name: given.name ?? `${task.name}-${timestamp.replaceAll(':', '')}`,
    purpose: given.purpose,
    status: 'active',
    started_at: timestamp,
    ended_at: null,
    metadata: given.metadata,
  });
}

/**
 * Records a loop policy, and in the audit log that its gate was armed (LQ-12). It is finished from the start, so that it
 * never is the active run. Call inside a write transaction.
 */
export function insertPolicyRun(
  ledger: Connection,
  task: Task,
  { name, metadata }: { readonly name: string | null; readonly metadata: JsonObject },
  now: number,
): Run {
  const timestamp = formatTimestamp(now);
  const run = insertRun(ledger, {
    id: newIdentifier('run'),
    task_id: task.id,
    name: name ?? `${task.name}-ralph-loop-${timestamp.replaceAll(':', '')}`,
    purpose: 'ralph_loop',
    status: 'finished',
    started_at: timestamp,
    ended_at: timestamp,
    metadata,
  });
  const { template = null, max_iterations, current_iteration, required_before_continue } = metadata;
  const policy = { template, max_iterations, current_iteration, required_before_continue };
  const payload = { run_id: run.id, name: run.name, ...policy };
  recordEvent(ledger, { type: 'loop_policy_created', taskId: task.id, payload }, now);
  return run;
}

/** Ends a run. Telemetry is the caller's. */
export function endRun(ledger: Connection, run: Run, status: Exclude<RunStatus, 'active'>, now: number): Run {
  const ended = { ...run, status, ended_at: formatTimestamp(now) };
  ledger.run('UPDATE runs SET status = ?, ended_at = ? WHERE id = ?', [ended.status, ended.ended_at, run.id]);
  return ended;
}

function insertRun(ledger: Connection, run: Run): Run {
  ledger.run(
    `INSERT INTO runs (id, task_id, name, purpose, status, started_at, ended_at, metadata_json)
     VALUES ($id, $task_id, $name, $purpose, $status, $started_at, $ended_at, $metadata)`,
    { ...run, metadata: ledgerJson(run.metadata) },
  );
  return run;
}
