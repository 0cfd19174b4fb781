import * as z from 'zod/mini';
import { type JsonObject, ledgerJson } from '../domain/json.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import { jsonObject, stringList } from './columns.ts';
import type { Connection } from './connection.ts';
import { query } from './query.ts';

const handoffRow = z.object({
  id: z.number(),
  task_id: z.string(),
  worker_session_id: z.nullable(z.string()),
  summary: z.string(),
  next_steps: stringList,
  payload: jsonObject,
  created_at: z.string(),
});

/** What a worker leaves for whoever goes on. The latest of a task counts. */
export type Handoff = z.infer<typeof handoffRow>;

const latest = query(
  handoffRow,
  `SELECT id, task_id, worker_session_id, summary, next_steps_json AS next_steps, payload_json AS payload, created_at
   FROM worker_handoffs WHERE task_id = ? ORDER BY id DESC LIMIT 1`,
);

export function findHandoff(ledger: Connection, taskId: string): Handoff | null {
  return latest.first(ledger, [taskId]);
}

export interface NewHandoff {
  readonly taskId: string;
  readonly workerSessionId: string | null;
  readonly summary: string;
  readonly nextSteps: readonly string[];
  readonly payload: JsonObject;
}

/** Appends a handoff and returns that very row (CP-28). Call inside a write transaction. */
export function insertHandoff(ledger: Connection, given: NewHandoff, now: number): Handoff {
  const record = {
    task_id: given.taskId,
    worker_session_id: given.workerSessionId,
    summary: given.summary,
    created_at: formatTimestamp(now),
  };
  const { lastId } = ledger.run(
    `INSERT INTO worker_handoffs (task_id, worker_session_id, summary, next_steps_json, payload_json, created_at)
     VALUES ($task_id, $worker_session_id, $summary, $next_steps, $payload, $created_at)`,
    { ...record, next_steps: ledgerJson(given.nextSteps), payload: ledgerJson(given.payload) },
  );
  return { ...record, id: lastId, next_steps: given.nextSteps, payload: given.payload };
}
