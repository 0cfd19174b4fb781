import * as z from 'zod/mini';
import { type JsonObject, ledgerJson } from '../domain/json.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import { jsonObject } from './columns.ts';
import type { Connection } from './connection.ts';
import { query } from './query.ts';
import { sessionRoles, type SessionRole } from './sessionStore.ts';

const acknowledgementRow = z.object({
  id: z.number(),
  task_id: z.string(),
  binding_id: z.nullable(z.string()),
  role: z.enum(sessionRoles),
  payload: jsonObject,
  revision: z.number(),
  manager_config_revision: z.nullable(z.number()),
  created_at: z.string(),
  correlation_id: z.nullable(z.string()),
});

/** One side's answer to the contract of a task. */
export type Acknowledgement = z.infer<typeof acknowledgementRow>;

const latest = query(
  acknowledgementRow,
  `SELECT id, task_id, binding_id, role, payload_json AS payload, revision, manager_config_revision, created_at,
     correlation_id
   FROM task_acknowledgements WHERE task_id = ? AND role = ? ORDER BY revision DESC, id DESC LIMIT 1`,
);

export function findAcknowledgement(ledger: Connection, taskId: string, role: SessionRole): Acknowledgement | null {
  return latest.first(ledger, [taskId, role]);
}

export interface NewAcknowledgement {
  readonly taskId: string;
  readonly role: SessionRole;
  readonly bindingId: string | null;
  readonly managerConfigRevision: number | null;
  readonly payload: JsonObject;
  readonly correlationId: string | null;
}

/** Appends with the next revision of its task and role. Call inside a write transaction (CP-26). */
export function insertAcknowledgement(ledger: Connection, given: NewAcknowledgement, now: number): Acknowledgement {
  const record = {
    task_id: given.taskId,
    binding_id: given.bindingId,
    role: given.role,
    revision: (findAcknowledgement(ledger, given.taskId, given.role)?.revision ?? 0) + 1,
    manager_config_revision: given.managerConfigRevision,
    created_at: formatTimestamp(now),
    correlation_id: given.correlationId,
  };
  const { lastId } = ledger.run(
    `INSERT INTO task_acknowledgements (task_id, binding_id, role, payload_json, revision, manager_config_revision, created_at, correlation_id)
     VALUES ($task_id, $binding_id, $role, $payload, $revision, $manager_config_revision, $created_at, $correlation_id)`,
    { ...record, payload: ledgerJson(given.payload) },
  );
  return { ...record, id: lastId, payload: given.payload };
}
