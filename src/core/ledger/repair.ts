import { recordEvent } from './auditStore.ts';
import type { Connection } from './connection.ts';
import { diagnoseLedger, type LedgerDiagnosis } from './diagnose.ts';
import { loadMigrations } from './migrations.ts';

export interface Repair {
  readonly diagnosis: LedgerDiagnosis;
  /** Checks that failed before and don't any more. */
  readonly repaired: string[];
}

/**
 * Makes what is missing in a ledger that opens: tables, indexes and triggers of the shared schema, and sound indexes.
 * Rows are left alone, also those that refer to nothing. Not inside a transaction.
 */
export function repairLedger(ledger: Connection, now: number): Repair {
  const before = diagnoseLedger(ledger);
  if (before.ok) return { diagnosis: before, repaired: [] };
  const schema = loadMigrations().find(({ version }) => version === 1);
  if (schema === undefined) throw new Error('the shared schema is not among the migrations');
  ledger.write(() => {
    ledger.script(schema.sql);
    ledger.script('REINDEX');
  });
  const diagnosis = diagnoseLedger(ledger);
  const mended = new Set(diagnosis.checks.filter(({ ok }) => ok).map(({ name }) => name));
  const repaired = before.checks.filter(({ ok, name }) => !ok && mended.has(name)).map(({ name }) => name);
  ledger.write(() => recordEvent(ledger, { type: 'ledger_repaired', payload: { repaired } }, now));
  return { diagnosis, repaired };
}
