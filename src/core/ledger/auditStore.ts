import { ledgerJson } from '../domain/json.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import type { Connection } from './connection.ts';

export interface AuditEvent {
  readonly type: string;
  readonly payload: object;
  readonly actor?: string;
  readonly taskId?: string | null;
  readonly commandId?: string | null;
  readonly correlationId?: string | null;
}

/** Appends to the audit log, which nothing can change afterwards. Returns the event's id. */
export function recordEvent(ledger: Connection, event: AuditEvent, now: number): number {
  return ledger.run(
    'INSERT INTO events (created_at, actor, command_id, correlation_id, task_id, type, payload_json) VALUES (?, ?, ?, ?, ?, ?, ?)',
    [
      formatTimestamp(now),
      event.actor ?? ledger.actor,
      event.commandId ?? null,
      event.correlationId ?? null,
      event.taskId ?? null,
      event.type,
      ledgerJson(event.payload),
    ],
  ).lastId;
}
