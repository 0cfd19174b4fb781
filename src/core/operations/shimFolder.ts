import { basename, dirname, join } from 'node:path';
import { ledgerFileName } from '../ledger/openLedger.ts';
import type { Variables } from './operationContext.ts';
import { userDataFolder } from './userFolders.ts';

/** What belongs to one ledger and must be out of every agent's reach: its shim, and what was confirmed for it. */
export function shimFolder(ledgerFile: string, variables: Variables): string {
  // Not imported: the command line starts without it (docs/adr/0003).
  const { createHash } = process.getBuiltinModule('node:crypto');
  const named = isUsualName(ledgerFile) ? dirname(ledgerFile) : ledgerFile;
  const ledger = createHash('sha256').update(named).digest('hex').slice(0, 16);
  return join(userDataFolder(variables), 'agent-conveyor', ledger);
}

/** Whether a ledger is found by its folder alone. */
export function isUsualName(ledgerFile: string): boolean {
  return basename(ledgerFile) === ledgerFileName;
}
