import { ledgerJson } from '../domain/json.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import type { Connection } from './connection.ts';

export interface NewCycleSpan {
  readonly cycleId: number;
  readonly taskId: string;
  readonly phase: string;
  readonly attributes: object;
  readonly state?: 'succeeded' | 'failed' | 'degraded';
  readonly errorType?: string | null;
  readonly decisionId?: number | null;
  readonly commandId?: string | null;
  readonly runId?: string | null;
  /** 0 for an instant that is attached to the cycle. */
  readonly durationMilliseconds?: number;
  /** When it began; now minus the duration by default. */
  readonly startedAt?: number;
}

/** A timed phase of a cycle, or an instant attached to it. Call inside a write transaction. */
export function recordCycleSpan(ledger: Connection, span: NewCycleSpan, now: number): number {
  const duration = span.durationMilliseconds ?? 0;
  return ledger.run(
    `INSERT INTO manager_cycle_spans (manager_cycle_id, task_id, run_id, phase, started_at, completed_at, duration_ms, state,
       attributes_json, error_type, manager_decision_id, command_id)
     VALUES (?, ?, coalesce(?, (SELECT id FROM runs WHERE task_id = ? AND status = 'active')), ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      span.cycleId,
      span.taskId,
      span.runId ?? null,
      span.taskId,
      span.phase,
      formatTimestamp(span.startedAt ?? now - duration),
      formatTimestamp(span.startedAt === undefined ? now : span.startedAt + duration),
      duration,
      span.state ?? 'succeeded',
      ledgerJson(span.attributes),
      span.errorType ?? null,
      span.decisionId ?? null,
      span.commandId ?? null,
    ],
  ).lastId;
}
