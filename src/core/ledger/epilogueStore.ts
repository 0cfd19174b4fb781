import * as z from 'zod/mini';
import { newIdentifier } from '../domain/identifiers.ts';
import { ledgerJson } from '../domain/json.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import { jsonObjectOrNull } from './columns.ts';
import type { Connection } from './connection.ts';
import { query } from './query.ts';

const epilogueRow = z.object({
  id: z.number(),
  task_id: z.string(),
  step_name: z.string(),
  state: z.enum(['pending', 'running', 'succeeded', 'failed', 'skipped']),
  started_at: z.string(),
  finished_at: z.nullable(z.string()),
  result: jsonObjectOrNull,
  error: z.nullable(z.string()),
  correlation_id: z.nullable(z.string()),
});

/** One try of a step that ends a task. The latest of a step counts. */
export type EpilogueRun = z.infer<typeof epilogueRow>;

const ofTask = query(
  epilogueRow,
  `SELECT id, task_id, step_name, state, started_at, finished_at, result_json AS result, error, correlation_id
   FROM epilogue_runs WHERE task_id = ? ORDER BY id`,
);

/** Oldest first. */
export function listEpilogueRuns(ledger: Connection, taskId: string): EpilogueRun[] {
  return ofTask.all(ledger, [taskId]);
}

export interface NewEpilogueRun {
  readonly taskId: string;
  readonly stepName: string;
  readonly state: 'succeeded' | 'failed';
  readonly startedAt: number;
  readonly result: object | null;
  readonly error: string | null;
  readonly correlationId: string | null;
}

/** Call inside a write transaction. */
export function insertEpilogueRun(ledger: Connection, given: NewEpilogueRun, now: number): number {
  return ledger.run(
    `INSERT INTO epilogue_runs (task_id, step_name, state, started_at, finished_at, result_json, error, correlation_id)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      given.taskId,
      given.stepName,
      given.state,
      formatTimestamp(given.startedAt),
      formatTimestamp(now),
      given.result === null ? null : ledgerJson(given.result),
      given.error,
      given.correlationId ?? newIdentifier('epilogue'),
    ],
  ).lastId;
}

const counts = query(
  z.object({ commands: z.number(), events: z.number() }),
  `SELECT (SELECT count(*) FROM commands WHERE task_id = $taskId) AS commands,
     (SELECT count(*) FROM events WHERE task_id = $taskId) AS events`,
);

/** How much is on record about a task. */
export function countTaskRecords(
  ledger: Connection,
  taskId: string,
): { readonly commands: number; readonly events: number } {
  return counts.first(ledger, { taskId }) ?? { commands: 0, events: 0 };
}
