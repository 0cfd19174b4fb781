import * as z from 'zod/mini';
import type { Connection } from './connection.ts';
import { query } from './query.ts';
import { runsNamedIn } from './telemetryQueryHealthStore.ts';

const mailRow = z.object({ total: z.number(), delivered: z.number(), unconsumed: z.number() });

/** Messages of one loop: all, those that arrived, and those that wait for a reader. */
export type LoopMail = z.infer<typeof mailRow>;

const ofRun = query(
  mailRow,
  `SELECT count(*) AS total, coalesce(sum(state = 'delivered'), 0) AS delivered,
     coalesce(sum(state = 'delivered' AND consumed_at IS NULL AND target_session_id = $reader), 0) AS unconsumed
   FROM routed_notifications WHERE task_id = $taskId AND $runId IN (${runsNamedIn('payload_json')})`,
);

export function countLoopMail(
  ledger: Connection,
  loop: { readonly taskId: string; readonly runId: string; readonly reader: string | null },
): LoopMail {
  const { taskId, runId, reader } = loop;
  return ofRun.first(ledger, { taskId, runId, reader }) ?? { total: 0, delivered: 0, unconsumed: 0 };
}
