import type { Connection } from './connection.ts';

export interface TelemetryIndexState {
  readonly ok: boolean;
  readonly rows: number;
  readonly indexed: number;
}

const isFullText = "SELECT 1 FROM sqlite_master WHERE name = 'telemetry_events_fts' AND sql LIKE '%fts5%'";

/** Whether every event can be searched for: `telemetry_events_fts` is a full-text index with a row for each. */
export function checkTelemetryIndex(ledger: Connection): TelemetryIndexState {
  if (ledger.get(isFullText) === undefined) return { ok: false, rows: countOf(ledger, 'telemetry_events'), indexed: 0 };
  const [rows, indexed] = [countOf(ledger, 'telemetry_events'), countOf(ledger, 'telemetry_events_fts_docsize')];
  return { ok: rows === indexed, rows, indexed };
}

function countOf(ledger: Connection, table: string): number {
  return Number(Object.values(Object(ledger.get(`SELECT count(*) FROM ${table}`)))[0]);
}

/** Indexes all events anew. `schema` has the definition. Call inside a write transaction. */
export function rebuildTelemetryIndex(ledger: Connection, schema: string): void {
  ledger.script('DROP TABLE IF EXISTS telemetry_events_fts');
  ledger.script(schema);
  ledger.script(
    `INSERT INTO telemetry_events_fts (rowid, event_id, task_id, run_id, actor, event_type, summary, attributes)
     SELECT rowid, id, task_id, run_id, actor, event_type, summary, attributes_json FROM telemetry_events ORDER BY rowid`,
  );
}
