import * as z from 'zod/mini';
import { formatTimestamp } from '../domain/timestamps.ts';
import type { Connection } from './connection.ts';
import { query } from './query.ts';
import { recordTelemetry } from './telemetryStore.ts';

export interface NewHeartbeat {
  readonly dispatcherId: string;
  readonly iteration: number;
  readonly dryRun: boolean;
  /** Since the last heartbeat. */
  readonly processedCount: number;
}

/** Says that a dispatcher lives. Call inside a write transaction. */
export function recordHeartbeat(ledger: Connection, beat: NewHeartbeat, now: number): void {
  recordTelemetry(
    ledger,
    {
      type: 'dispatch_watch_heartbeat',
      summary: `Dispatcher ${beat.dispatcherId} is watching.`,
      actor: 'dispatch',
      correlation: { dispatcher_id: beat.dispatcherId, iteration: beat.iteration },
      attributes: { dry_run: beat.dryRun, iteration: beat.iteration, processed_count: beat.processedCount },
    },
    now,
  );
}

const recent = query(
  z.object({ id: z.string() }),
  `SELECT id FROM telemetry_events WHERE event_type = 'dispatch_watch_heartbeat' AND timestamp >= $since
   AND json_extract(correlation_json, '$.dispatcher_id') = $dispatcherId AND json_extract(attributes_json, '$.dry_run') = 0 LIMIT 1`,
);

/** Whether a dispatcher of this id has beaten since then (wall-clock milliseconds), not in rehearsal. */
export function hasRecentHeartbeat(ledger: Connection, dispatcherId: string, since: number): boolean {
  return recent.first(ledger, { dispatcherId, since: formatTimestamp(since) }) !== null;
}
