import { recordEvent } from './auditStore.ts';
import { adoptOlderSchema } from './adopt.ts';
import type { Connection } from './connection.ts';
import { diagnoseLedger, type LedgerDiagnosis, sharedSchema } from './diagnose.ts';
import { sharedSchemaVersion } from './migrate.ts';
import { rebuildDamagedObjects } from './ourObjects.ts';
import { checkTelemetryIndex, rebuildTelemetryIndex } from './telemetryIndex.ts';

export interface Repair {
  readonly diagnosis: LedgerDiagnosis;
  /** Checks that failed before and don't any more. */
  readonly repaired: string[];
}

/**
 * Makes what is missing in a ledger that opens: columns, tables, indexes and triggers of the shared schema and of ours, the
 * index of telemetry, and sound indexes. Rows are left alone, also those that refer to nothing; but for a note of a schema
 * version that the file does not have. Not inside a transaction.
 */
export function repairLedger(ledger: Connection, now: number): Repair {
  const before = diagnoseLedger(ledger);
  if (before.ok) return { diagnosis: before, repaired: [] };
  // A table can only be rebuilt while references are not enforced, and the switch has no effect inside a transaction.
  ledger.pragma('foreign_keys = OFF');
  try {
    ledger.write(() => mend(ledger));
  } finally {
    ledger.pragma('foreign_keys = ON');
  }
  const diagnosis = diagnoseLedger(ledger);
  const mended = new Set(diagnosis.checks.filter(({ ok }) => ok).map(({ name }) => name));
  const repaired = before.checks.filter(({ ok, name }) => !ok && mended.has(name)).map(({ name }) => name);
  ledger.write(() => recordEvent(ledger, { type: 'ledger_repaired', payload: { repaired } }, now));
  return { diagnosis, repaired };
}

function mend(ledger: Connection): void {
  const schema = sharedSchema();
  adoptOlderSchema(ledger, schema);
  ledger.script(schema);
  ledger.run('DELETE FROM schema_migrations WHERE version > ?', [sharedSchemaVersion]);
  rebuildDamagedObjects(ledger);
  if (!checkTelemetryIndex(ledger).ok) rebuildTelemetryIndex(ledger, schema);
  ledger.script('REINDEX');
}
