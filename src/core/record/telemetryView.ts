import { statSync } from 'node:fs';
import type { Connection } from '../ledger/connection.ts';
import { readStorage } from '../ledger/telemetryQueryHealthStore.ts';
import type { Session } from '../ledger/sessionStore.ts';

/** What a view of telemetry rests on. */
export interface ViewContext {
  readonly ledger: Connection;
  readonly now: number;
  /** Null: nobody can tell, because it has no process of its own or cannot be seen from here. */
  readonly isAlive: (session: Session) => boolean | null;
  readonly includeContent: boolean;
  /** How many rows each list shows. */
  readonly limit: number;
}

/** Size of the ledger's main file; what a checkpoint has not moved yet is in `write_ahead_log`. */
export function ledgerBytes(ledger: Connection): { readonly database: number; readonly total: number } {
  const database = Number(ledger.pragma('page_count')) * Number(ledger.pragma('page_size'));
  const log = statSync(`${ledger.file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  return { database, total: database + log };
}

/** Terminals and transcripts that are kept, and the file that they are kept in. */
export function storageOf(ledger: Connection, taskId: string | null) {
  const kept = readStorage(ledger, taskId);
  return {
    database_file: ledgerBytes(ledger).database,
    ...kept,
    total_retained: kept.terminal_captures.bytes + kept.transcript_captures.bytes + kept.transcript_segments.bytes,
  };
}
