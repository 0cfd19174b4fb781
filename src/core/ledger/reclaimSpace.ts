import { statSync } from 'node:fs';
import type { Connection } from './connection.ts';

/** `PRAGMA auto_vacuum` of a file whose empty pages can be given back piece by piece. */
const incremental = 2;
/** About 4 MB a step: a writer that waits meanwhile hardly notices. */
const pagesPerStep = 1000;

/** Bytes of a ledger on the disk, its write-ahead log included. */
export function bytesOnDisk(ledger: Connection): number {
  return [ledger.file, `${ledger.file}-wal`].reduce(
    (sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}

/**
 * Gives the empty pages of a ledger back to the disk. The first time the file is written anew, so that from then on they
 * can go in steps. Not inside a transaction.
 */
export function reclaimSpace(ledger: Connection): void {
  if (freePages(ledger) === 0) return;
  if (Number(ledger.pragma('auto_vacuum')) === incremental) giveBackInSteps(ledger);
  else {
    ledger.pragma(`auto_vacuum = ${incremental}`);
    ledger.script('VACUUM');
  }
  // While somebody reads an older state the log stays; the next checkpoint takes it.
  ledger.pragma('wal_checkpoint(TRUNCATE)');
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
