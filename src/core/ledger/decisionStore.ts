import * as z from 'zod/mini';
import { type JsonObject, ledgerJson } from '../domain/json.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import { jsonObject } from './columns.ts';
import type { Connection } from './connection.ts';
import { query } from './query.ts';

export const decisionKinds = ['wait', 'nudge', 'interrupt', 'escalate', 'stop', 'inspect'] as const;
export type DecisionKind = (typeof decisionKinds)[number];

const decisionRow = z.object({
  id: z.number(),
  task_id: z.string(),
  manager_id: z.nullable(z.string()),
  manager_cycle_id: z.nullable(z.number()),
  decision: z.enum(decisionKinds),
  reason: z.string(),
  created_at: z.string(),
  payload: jsonObject,
});

/** What a manager made up its mind to do, before doing it. */
export type Decision = z.infer<typeof decisionRow>;

const byId = query(
  decisionRow,
  `SELECT id, task_id, manager_id, manager_cycle_id, decision, reason, created_at, payload_json AS payload
   FROM manager_decisions WHERE id = ?`,
);
const cycleTask = query(z.object({ task_id: z.string() }), 'SELECT task_id FROM manager_cycles WHERE id = ?');

export function findDecision(ledger: Connection, id: number): Decision | null {
  return byId.first(ledger, [id]);
}

/** The task that a cycle belongs to; null when there is no such cycle. */
export function findTaskOfCycle(ledger: Connection, cycleId: number): string | null {
  return cycleTask.first(ledger, [cycleId])?.task_id ?? null;
}

export interface NewDecision {
  readonly taskId: string;
  readonly cycleId: number | null;
  readonly decision: DecisionKind;
  readonly reason: string;
  readonly payload: JsonObject;
}

/** Call inside a write transaction, with a cycle of that very task (CP-43). */
export function insertDecision(ledger: Connection, given: NewDecision, now: number): Decision {
  const record = {
    task_id: given.taskId,
    manager_id: null,
    manager_cycle_id: given.cycleId,
    decision: given.decision,
    reason: given.reason,
    created_at: formatTimestamp(now),
  };
  const { lastId } = ledger.run(
    `INSERT INTO manager_decisions (task_id, manager_id, manager_cycle_id, decision, reason, created_at, payload_json)
     VALUES ($task_id, $manager_id, $manager_cycle_id, $decision, $reason, $created_at, $payload)`,
    { ...record, payload: ledgerJson(given.payload) },
  );
  return { ...record, id: lastId, payload: given.payload };
}
