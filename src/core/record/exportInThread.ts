import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { refuse } from '../domain/errors.ts';
import { exportOutcome, type ExportThreadOrder, namesIn } from './exportMessages.ts';

/**
 * Whoever exports a long task has other things to do in the same process: dispatch, terminals. And what is made for the
 * moment only is collected early: by itself, a heap first grows by a hundred megabytes. In megabytes.
 */
const resourceLimits = { maxYoungGenerationSizeMb: 6, maxOldGenerationSizeMb: 512 };

/**
 * Makes the files of an export in a thread of its own, from a snapshot of the ledger. Resolves with their names.
 *
 * Rejects with what went wrong there; with `interrupted` when the signal aborts, at once.
 */
export async function exportInThread(order: ExportThreadOrder, signal: AbortSignal): Promise<readonly string[]> {
  const thread = new Worker(script(), { workerData: order, resourceLimits, name: 'export' });
  const stop = (): void => void thread.terminate();
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  try {
    const outcome = await new Promise<unknown>((resolve, reject) => {
      thread.once('message', resolve);
      thread.once('error', reject);
      thread.once('exit', () =>
        reject(
          signal.aborted
            ? refuse('interrupted', 'interrupted; nothing of the export was kept')
            : new Error('the thread that exports has ended without a word'),
        ),
      );
    });
    return namesIn(exportOutcome.parse(outcome));
  } finally {
    signal.removeEventListener('abort', stop);
    await thread.terminate();
  }
}

/** In a bundle it lies beside it. */
function script(): string | URL {
  return typeof __dirname === 'string'
    ? join(__dirname, 'exportThread.js')
    : new URL('./exportThread.ts', import.meta.url);
}
