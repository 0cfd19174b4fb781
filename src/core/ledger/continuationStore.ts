import * as z from 'zod/mini';
import { type JsonObject, ledgerJson } from '../domain/json.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import { jsonObject } from './columns.ts';
import type { Connection } from './connection.ts';
import { query } from './query.ts';
import { sessionRoles, type SessionRole } from './sessionStore.ts';

export const agreements = ['match', 'compatible', 'divergent'] as const;
export const verdicts = ['proceed', 'amend', 'stop'] as const;

const continuationRow = z.object({
  id: z.number(),
  task_id: z.string(),
  proposer: z.enum(sessionRoles),
  payload: jsonObject,
  revision: z.number(),
  created_at: z.string(),
  correlation_id: z.string(),
});

/** What one side thinks should happen next. A turn is what shares a correlation id. */
export type Continuation = z.infer<typeof continuationRow>;

const columns = 'id, task_id, proposer, payload_json AS payload, revision, created_at, correlation_id';
const ofTask = query(
  continuationRow,
  `SELECT ${columns} FROM task_continuations
   WHERE task_id = $taskId AND ($correlationId IS NULL OR correlation_id = $correlationId) ORDER BY id`,
);
const latestOfTurn = query(
  continuationRow,
  `SELECT ${columns} FROM task_continuations WHERE task_id = ? AND proposer = ? AND correlation_id = ?
   ORDER BY revision DESC, id DESC LIMIT 1`,
);
const latestRevision = query(
  z.object({ revision: z.number() }),
  'SELECT coalesce(max(revision), 0) AS revision FROM task_continuations WHERE task_id = ? AND proposer = ?',
);

/** Oldest first; of one turn when a correlation id is given. */
export function listContinuations(ledger: Connection, taskId: string, correlationId: string | null): Continuation[] {
  return ofTask.all(ledger, { taskId, correlationId });
}

/** The latest proposal of a side for a turn, or null. */
export function findContinuation(
  ledger: Connection,
  taskId: string,
  proposer: SessionRole,
  correlationId: string,
): Continuation | null {
  return latestOfTurn.first(ledger, [taskId, proposer, correlationId]);
}

export interface NewContinuation {
  readonly taskId: string;
  readonly proposer: SessionRole;
  readonly payload: JsonObject;
  readonly correlationId: string;
}

/** Appends with the next revision of its side. Call inside a write transaction (CP-26). */
export function insertContinuation(ledger: Connection, given: NewContinuation, now: number): Continuation {
  const record = {
    task_id: given.taskId,
    proposer: given.proposer,
    revision: (latestRevision.first(ledger, [given.taskId, given.proposer])?.revision ?? 0) + 1,
    created_at: formatTimestamp(now),
    correlation_id: given.correlationId,
  };
  const { lastId } = ledger.run(
    `INSERT INTO task_continuations (task_id, proposer, payload_json, revision, created_at, correlation_id)
     VALUES ($task_id, $proposer, $payload, $revision, $created_at, $correlation_id)`,
    { ...record, payload: ledgerJson(given.payload) },
  );
  return { ...record, id: lastId, payload: given.payload };
}

const reviewRow = z.object({
  id: z.number(),
  task_id: z.string(),
  worker_continuation_id: z.number(),
  manager_continuation_id: z.number(),
  agreement: z.enum(agreements),
  verdict: z.enum(verdicts),
  addendum: z.nullable(z.string()),
  rationale: z.string(),
  subagent_run: jsonObject,
  created_at: z.string(),
  correlation_id: z.string(),
});

/** A third party's view of two proposals. */
export type ContinuationReview = z.infer<typeof reviewRow>;

const reviewsOfTask = query(
  reviewRow,
  `SELECT id, task_id, worker_continuation_id, manager_continuation_id, agreement, verdict, addendum, rationale,
     subagent_run_json AS subagent_run, created_at, correlation_id
   FROM continuation_reviews WHERE task_id = ? ORDER BY id`,
);

/** Oldest first. */
export function listContinuationReviews(ledger: Connection, taskId: string): ContinuationReview[] {
  return reviewsOfTask.all(ledger, [taskId]);
}

/** Appends a review and returns that very row (CP-28). Call inside a write transaction. */
export function insertContinuationReview(
  ledger: Connection,
  given: Omit<ContinuationReview, 'id' | 'created_at'>,
  now: number,
): ContinuationReview {
  const record = { ...given, created_at: formatTimestamp(now) };
  const { lastId } = ledger.run(
    `INSERT INTO continuation_reviews (task_id, worker_continuation_id, manager_continuation_id, agreement, verdict, addendum,
       rationale, subagent_run_json, created_at, correlation_id)
     VALUES ($task_id, $worker_continuation_id, $manager_continuation_id, $agreement, $verdict, $addendum, $rationale,
       $subagent_run, $created_at, $correlation_id)`,
    { ...record, subagent_run: ledgerJson(given.subagent_run) },
  );
  return { ...record, id: lastId };
}
