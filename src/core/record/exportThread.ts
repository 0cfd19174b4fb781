import { parentPort, workerData } from 'node:worker_threads';
import { openLedgerReadOnly } from '../ledger/openLedger.ts';
import { asOutcome, type ExportOutcome, exportThreadOrder } from './exportMessages.ts';
import { stageExport } from './stageExport.ts';

/** The whole of the thread: `exportInThread` starts it. */
async function makeExport(): Promise<ExportOutcome> {
  const { ledgerFile, ...order } = exportThreadOrder.parse(workerData);
  const ledger = openLedgerReadOnly(ledgerFile);
  // Nearly every page is looked at once.
  ledger.pragma('cache_size = -2000');
  try {
    return { names: [...(await stageExport(ledger, order))] };
  } catch (error) {
    return asOutcome(error);
  } finally {
    ledger.close();
  }
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
void makeExport().then((outcome) => parentPort?.postMessage(outcome));
