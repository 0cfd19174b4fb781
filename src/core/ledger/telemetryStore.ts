import * as z from 'zod/mini';
import { newIdentifier } from '../domain/identifiers.ts';
import { ledgerJson } from '../domain/json.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import type { Connection } from './connection.ts';
import { query } from './query.ts';

export type TelemetryActor = 'dispatch' | 'manager' | 'operator' | 'system' | 'worker' | 'workerctl';
export type TelemetrySeverity = 'debug' | 'info' | 'warning' | 'error';

export interface TelemetryEvent {
  readonly type: string;
  readonly summary: string;
  readonly actor?: TelemetryActor;
  readonly severity?: TelemetrySeverity;
  readonly taskId?: string | null;
  /** Defaults to the task's active run. */
  readonly runId?: string | null;
  readonly correlation: object;
  readonly attributes: object;
}

const activeRun = query(z.object({ id: z.string() }), "SELECT id FROM runs WHERE task_id = ? AND status = 'active'");

/** Adds a telemetry row and its row of the full-text index. Call inside a write transaction. */
export function recordTelemetry(ledger: Connection, event: TelemetryEvent, now: number): string {
  const taskId = event.taskId ?? null;
  const runId = event.runId ?? (taskId === null ? null : (activeRun.first(ledger, [taskId])?.id ?? null));
  const id = newIdentifier('telemetry');
  const actor = event.actor ?? 'workerctl';
  const attributes = ledgerJson(event.attributes);
  ledger.run(
    `INSERT INTO telemetry_events (id, run_id, task_id, timestamp, actor, event_type, severity, summary, correlation_json, attributes_json)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      id,
      runId,
      taskId,
      formatTimestamp(now),
      actor,
      event.type,
      event.severity ?? 'info',
      event.summary,
      ledgerJson(event.correlation),
      attributes,
    ],
  );
  ledger.run(
    'INSERT INTO telemetry_events_fts (event_id, task_id, run_id, actor, event_type, summary, attributes) VALUES (?, ?, ?, ?, ?, ?, ?)',
    [id, taskId, runId, actor, event.type, event.summary, attributes],
  );
  return id;
}
