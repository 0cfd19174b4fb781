import type { PassOptions, ProcessedItem } from '../dispatch/dependencies.ts';
import { refuse } from '../domain/errors.ts';
import type { DispatchInput } from './dispatch.ts';
import { engineOf } from './engineOf.ts';
import type { OperationContext } from './operationContext.ts';
import { refuseToLeadFromSandbox } from './sandbox.ts';
import { readUserPermissions } from './userPermissions.ts';
import type { WatchSummary } from './watchDispatch.ts';

/** The last ones: a watch of days must not grow. */
const keptItems = 1000;

/**
 * `dispatch --watch` as the supervisor of its ledger: the engine of the extension, without an editor. Leads until
 * interrupted, or stands by while a window leads. Throws `not_supported` inside a sandbox,
 * `ledger_invalid` when the ledger is deleted meanwhile.
 */
export async function leadDispatch(
  context: OperationContext,
  input: DispatchInput,
  options: PassOptions,
): Promise<WatchSummary> {
  refuseToLeadFromSandbox(context);
  let processed: readonly ProcessedItem[] = [];
  const warnings = new Set<string>();
  const warnOnce = (line: string) => {
    if (!warnings.has(line)) context.warn(line);
    warnings.add(line);
  };
  const gone = new AbortController();
  const engine = engineOf(context, {
    dispatcherId: options.dispatcherId,
    kind: 'headless',
    limit: options.limit,
    leaseSeconds: options.leaseSeconds,
    permissions: readUserPermissions(context.variables),
    onChanged: () => {},
    onError: (error) => warnOnce(error instanceof Error ? error.message : String(error)),
    onLedgerGone: () => gone.abort(),
    onTrouble: (session, error) => warnOnce(`${session.name}: ${error.message}`),
    pace: { dispatchIdle: Math.max(100, input.interval * 1000) },
    wrap: (steps) => ({
      ...steps,
      dispatch: async (signal) => {
        const items = await steps.dispatch(signal);
        processed = [...processed, ...items].slice(-keptItems);
        return items;
      },
    }),
  });
  engine.start();
  await aborted(AbortSignal.any([context.signal, gone.signal]));
  await engine.stop();
  if (gone.signal.aborted) {
    const file = context.ledgerFile;
    throw refuse(
      'ledger_invalid',
      `the ledger ${file} was deleted or replaced; run "dispatch --watch" again to lead the new one`,
    );
  }
  const { iteration, processedCount } = engine.status;
  return { processed, count: processedCount, iterations: iteration };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
