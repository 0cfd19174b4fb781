import type { PassOptions, ProcessedItem } from '../dispatch/dependencies.ts';
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
 * interrupted, or stands by while a window leads. Throws `not_supported` inside a sandbox.
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
  const engine = engineOf(context, {
    dispatcherId: options.dispatcherId,
    kind: 'headless',
    limit: options.limit,
    leaseSeconds: options.leaseSeconds,
    permissions: readUserPermissions(context.variables),
    onChanged: () => {},
    onError: (error) => warnOnce(error instanceof Error ? error.message : String(error)),
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
  await aborted(context.signal);
  await engine.stop();
  const { iteration, processedCount } = engine.status;
  return { processed, count: processedCount, iterations: iteration };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
