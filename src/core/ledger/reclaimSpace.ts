import { statSync } from 'node:fs';
import { busyMilliseconds, type Connection } from './connection.ts';
import type { SqliteDatabase } from './sqliteDriver.ts';

/** `PRAGMA auto_vacuum` of a file whose empty pages can be given back piece by piece. */
const incremental = 2;
/** About 2 MB a step: a writer that waits meanwhile hardly notices. */
const pagesPerStep = 500;
/** A ledger up to that size is written anew within a second. */
const quicklyWritten = 64 * 1024 * 1024;
/** How long a checkpoint waits for readers of older states: others cannot write meanwhile. */
const checkpointMilliseconds = 50;

/** Bytes of a ledger on the disk, its write-ahead log included. */
export function bytesOnDisk(ledger: Connection): number {
  return [ledger.file, `${ledger.file}-wal`].reduce(
    (sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}

/**
 * Gives the empty pages of a ledger back to the disk, in steps. A file that agent-conveyor made can't do that before it
 * was written anew once, which nobody may write to meanwhile: a large one only when `mayRewrite`. Not inside a
 * transaction. Returns how many bytes of empty pages are left in the file, for what comes next.
 */
export function reclaimSpace(ledger: Connection, mayRewrite: boolean): number {
  if (freePages(ledger) > 0) {
    if (Number(ledger.pragma('auto_vacuum')) === incremental) giveBackInSteps(ledger);
    else if (mayRewrite || bytesOnDisk(ledger) <= quicklyWritten) {
      ledger.pragma(`auto_vacuum = ${incremental}`);
      ledger.script('VACUUM');
    }
    // While somebody reads an older state the log stays; the next checkpoint takes it.
    ledger.pragma(`busy_timeout = ${checkpointMilliseconds}`);
    ledger.pragma('wal_checkpoint(TRUNCATE)');
    ledger.pragma(`busy_timeout = ${busyMilliseconds}`);
  }
  return freePages(ledger) * Number(ledger.pragma('page_size'));
}

/** Before anything is in a file: its empty pages can be given back later. */
export function makeReclaimable(database: SqliteDatabase): void {
  database.pragma(`auto_vacuum = ${incremental}`);
}

function giveBackInSteps(ledger: Connection): void {
  for (let left = freePages(ledger), before = Infinity; left > 0 && left < before;) {
    ledger.script(`PRAGMA incremental_vacuum(${pagesPerStep})`);
    before = left;
    left = freePages(ledger);
  }
}

function freePages(ledger: Connection): number {
  return Number(ledger.pragma('freelist_count'));
}
