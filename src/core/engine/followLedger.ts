import { statSync } from 'node:fs';
import { CommitWatch } from '../ledger/commitWatch.ts';
import type { Connection } from '../ledger/connection.ts';

/** Behind the watch, for what it missed, for ages that grow, and for a ledger that was replaced. Milliseconds. */
const safetyPoll = 1000;

/** Says when something was committed, and once when the ledger's file is gone or another one. */
export interface LedgerFollower {
  close(): void;
}

export function followLedger(
  ledger: Connection,
  { onCommitted, onGone }: { readonly onCommitted: () => void; readonly onGone: () => void },
): LedgerFollower {
  const identity = identityOf(ledger.file);
  const watch = new CommitWatch(ledger, onCommitted);
  const timer = setInterval(() => {
    if (identityOf(ledger.file) !== identity) {
      close();
      onGone();
    } else watch.look();
  }, safetyPoll);
  const close = (): void => {
    clearInterval(timer);
    watch.close();
  };
  return { close };
}

function identityOf(file: string): string | null {
  const found = statSync(file, { throwIfNoEntry: false });
  return found === undefined ? null : `${found.dev}:${found.ino}`;
}
