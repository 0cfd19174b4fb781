import type { Connection } from './connection.ts';

/** Moves a loop on by one iteration; false when it stands elsewhere already. One delivery, one step (OD-22, LQ-1). */
export function advanceLoopIteration(ledger: Connection, runId: string, from: number, to: number): boolean {
  const { changes } = ledger.run(
    `UPDATE runs SET metadata_json = json_set(metadata_json, '$.current_iteration', $to)
     WHERE id = $id AND json_extract(metadata_json, '$.current_iteration') = $from`,
    { id: runId, from, to },
  );
  return changes === 1;
}
