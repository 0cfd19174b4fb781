import * as z from 'zod/mini';
import type { Connection } from './connection.ts';
import { query } from './query.ts';

const inFlight = query(
  z.object({ found: z.number() }),
  `SELECT count(*) AS found FROM commands c
   WHERE c.type = 'continue_iteration' AND c.state = 'attempted' AND c.id <> $except
     AND CASE WHEN json_valid(c.payload_json) THEN json_extract(c.payload_json, '$.ralph_loop.run_id') END = $runId
     AND EXISTS (SELECT 1 FROM command_attempts a
                 WHERE a.command_id = c.id AND a.state = 'running' AND a.side_effect_started = 1)`,
);

/** True while a continuation of this loop was begun and it is not known how it ended. */
export function isIterationInFlight(
  ledger: Connection,
  { runId, except }: { readonly runId: string; readonly except: string },
): boolean {
  return (inFlight.first(ledger, { runId, except })?.found ?? 0) > 0;
}
