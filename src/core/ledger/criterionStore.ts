import * as z from 'zod/mini';
import { type JsonObject, ledgerJson } from '../domain/json.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import { jsonObject } from './columns.ts';
import type { Connection } from './connection.ts';
import { query } from './query.ts';

export const criterionStatuses = ['proposed', 'accepted', 'satisfied', 'deferred', 'rejected'] as const;
export const criterionSources = ['user_requested', 'manager_inferred', 'worker_proposed', 'final_audit'] as const;

const criterionRow = z.object({
  id: z.number(),
  task_id: z.string(),
  criterion: z.string(),
  status: z.enum(criterionStatuses),
  source: z.enum(criterionSources),
  proof: z.nullable(z.string()),
  rationale: z.nullable(z.string()),
  evidence: jsonObject,
  created_at: z.string(),
  updated_at: z.string(),
});

export { criterionRow };

/** Something that must be true, or was put off or turned down, before a task is done. */
export type Criterion = z.infer<typeof criterionRow>;
export type CriterionStatus = Criterion['status'];
export type CriterionSource = Criterion['source'];

const columns =
  'id, task_id, criterion, status, source, proof, rationale, evidence_json AS evidence, created_at, updated_at';
const ofTask = query(criterionRow, `SELECT ${columns} FROM acceptance_criteria WHERE task_id = ? ORDER BY id`);
const oneOfTask = query(criterionRow, `SELECT ${columns} FROM acceptance_criteria WHERE task_id = ? AND id = ?`);
const byText = query(
  criterionRow,
  `SELECT ${columns} FROM acceptance_criteria WHERE task_id = ? AND source = ? AND criterion = ?`,
);
const everyByText = query(
  criterionRow,
  `SELECT ${columns} FROM acceptance_criteria WHERE task_id = ? AND criterion = ? ORDER BY id`,
);

/** All criteria of a task, oldest first. */
export function listCriteria(ledger: Connection, taskId: string): Criterion[] {
  return ofTask.all(ledger, [taskId]);
}

export function findCriterion(ledger: Connection, taskId: string, id: number): Criterion | null {
  return oneOfTask.first(ledger, [taskId, id]);
}

/** The criterion with this very text from this source: there is at most one. */
export function findCriterionByText(
  ledger: Connection,
  taskId: string,
  source: CriterionSource,
  text: string,
): Criterion | null {
  return byText.first(ledger, [taskId, source, text]);
}

/** The criteria with this very text, whoever said it. */
export function listCriteriaByText(ledger: Connection, taskId: string, text: string): Criterion[] {
  return everyByText.all(ledger, [taskId, text]);
}

export interface NewCriterion {
  readonly taskId: string;
  readonly criterion: string;
  readonly status: CriterionStatus;
  readonly source: CriterionSource;
  readonly proof: string | null;
  readonly rationale: string | null;
  readonly evidence: JsonObject;
}

/** Call inside a write transaction, after `findCriterionByText`. */
export function insertCriterion(ledger: Connection, given: NewCriterion, now: number): Criterion {
  const timestamp = formatTimestamp(now);
  const { taskId, evidence, ...rest } = given;
  const record = { ...rest, task_id: taskId, created_at: timestamp, updated_at: timestamp };
  const { lastId } = ledger.run(
    `INSERT INTO acceptance_criteria (task_id, criterion, status, source, proof, rationale, evidence_json, created_at, updated_at)
     VALUES ($task_id, $criterion, $status, $source, $proof, $rationale, $evidence, $created_at, $updated_at)`,
    { ...record, evidence: ledgerJson(evidence) },
  );
  return { ...record, id: lastId, evidence };
}

export interface CriterionChange {
  readonly status: CriterionStatus;
  readonly proof: string | null;
  readonly rationale: string | null;
  readonly evidence: JsonObject;
  /** Left out: as it is. No other criterion of the task with the same text may have it. */
  readonly source?: CriterionSource;
}

export function updateCriterion(ledger: Connection, known: Criterion, change: CriterionChange, now: number): Criterion {
  const record = { source: known.source, ...change, updated_at: formatTimestamp(now) };
  ledger.run(
    `UPDATE acceptance_criteria SET status = $status, proof = $proof, rationale = $rationale, evidence_json = $evidence,
       source = $source, updated_at = $updated_at WHERE id = $id`,
    { ...record, id: known.id, evidence: ledgerJson(change.evidence) },
  );
  return { ...known, ...record };
}

export type CriteriaSummary = Readonly<Record<CriterionStatus, number>>;

export function summarizeCriteria(criteria: readonly Criterion[]): CriteriaSummary {
  const count = (status: CriterionStatus) => criteria.filter((one) => one.status === status).length;
  return {
    proposed: count('proposed'),
    accepted: count('accepted'),
    satisfied: count('satisfied'),
    deferred: count('deferred'),
    rejected: count('rejected'),
  };
}
