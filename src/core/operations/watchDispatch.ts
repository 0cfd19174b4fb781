import type { PassOptions, ProcessedItem } from '../dispatch/dependencies.ts';
import { runDispatchPass } from '../dispatch/dispatchPass.ts';
import { LedgerChanges } from '../dispatch/ledgerChanges.ts';
import { ConveyorError } from '../domain/errors.ts';
import { recordTelemetry } from '../ledger/telemetryStore.ts';
import type { DispatchInput } from './dispatch.ts';
import { dispatchDependenciesOf } from './dispatchDependencies.ts';
import type { OperationContext } from './operationContext.ts';

export interface WatchSummary {
  /** The last ones: a watch of days must not grow. */
  readonly processed: readonly ProcessedItem[];
  readonly count: number;
  readonly iterations: number;
}

const keptItems = 1000;
const heartbeatMilliseconds = 10_000;

/**
 * Pass after pass until interrupted, or for so many iterations. A pass that finds the ledger busy or unwritable is
 * tried again (OD-18). Beats at most every ten seconds, and in each of a counted number of passes.
 */
export async function watchDispatch(
  context: OperationContext,
  input: DispatchInput,
  options: PassOptions,
): Promise<WatchSummary> {
  const { ledger, clock, signal } = context;
  const deps = dispatchDependenciesOf(context, 'others');
  const isCounted = input.watchIterations !== null;
  const last = input.watchIterations === null ? Infinity : Math.max(1, input.watchIterations);
  const pause = Math.max(0, input.interval) * 1000;
  const changes = isCounted ? null : new LedgerChanges(ledger, clock);
  let processed: readonly ProcessedItem[] = [];
  let count = 0;
  let iterations = 0;
  let beatenAt = -Infinity;
  try {
    while (iterations < last && !signal.aborted) {
      iterations += 1;
      const items = await survive(() => runDispatchPass(deps, options));
      processed = [...processed, ...items].slice(-keptItems);
      count += items.length;
      if (isCounted || clock.monotonic() - beatenAt >= heartbeatMilliseconds) {
        beatenAt = clock.monotonic();
        await survive(async () => beat(context, input, options, iterations, items.length));
      }
      if (iterations >= last) break;
      await (changes === null ? clock.sleep(pause, signal) : changes.next(pause, signal));
    }
  } finally {
    changes?.close();
  }
  return { processed, count, iterations };
}

/** A ledger that is busy or unwritable now may be well in the next pass. */
async function survive(pass: () => Promise<readonly ProcessedItem[]>): Promise<readonly ProcessedItem[]> {
  try {
    return await pass();
  } catch (error) {
    if (ConveyorError.is(error, 'ledger_busy', 'state_root_unwritable')) return [];
    throw error;
  }
}

function beat(
  { ledger, clock }: OperationContext,
  { dryRun }: DispatchInput,
  { dispatcherId }: PassOptions,
  iteration: number,
  processedCount: number,
): readonly ProcessedItem[] {
  ledger.write(() =>
    recordTelemetry(
      ledger,
      {
        type: 'dispatch_watch_heartbeat',
        summary: `Dispatcher ${dispatcherId} is watching.`,
        actor: 'dispatch',
        correlation: { dispatcher_id: dispatcherId, iteration },
        attributes: { dry_run: dryRun, processed_count: processedCount },
      },
      clock.now(),
    ),
  );
  return [];
}
