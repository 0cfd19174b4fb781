import { type JsonObject, ledgerJson } from '../domain/json.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import type { Connection } from './connection.ts';

export interface NewAgentObservation {
  readonly taskId: string;
  readonly role: 'worker' | 'manager' | 'workerctl';
  readonly type: 'status' | 'error' | 'decision' | 'blocker' | 'summary' | 'command_output' | 'health' | 'capture';
  readonly severity?: 'info' | 'warning' | 'error';
  readonly captureId?: number | null;
  readonly commandId?: string | null;
  readonly message: string;
  readonly payload: JsonObject;
}

/** Notes something about a task in the shared table; returns its id. Call inside a write transaction. */
export function recordAgentObservation(ledger: Connection, given: NewAgentObservation, now: number): number {
  return ledger.run(
    `INSERT INTO agent_observations (task_id, role, observation_type, severity, source_capture_id, command_id, created_at, message, payload_json)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      given.taskId,
      given.role,
      given.type,
      given.severity ?? 'info',
      given.captureId ?? null,
      given.commandId ?? null,
      formatTimestamp(now),
      given.message,
      ledgerJson(given.payload),
    ],
  ).lastId;
}
