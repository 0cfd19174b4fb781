import { settleOpenRequest, takeOpenRequests } from '../ledger/openRequestStore.ts';
import type { OperationContext } from './operationContext.ts';
import { type WatchTarget, watchTarget } from './watchTarget.ts';

/** Shows it; null, or why not. */
type WatchTerminal = (target: Extract<WatchTarget, { ok: true }>) => Promise<string | null>;

/**
 * Shows what the ledger asks this window to show: watch-only terminals of confirmed sessions. Several requests for one
 * session open one terminal, so that whoever floods the table gets no more than one who asks once.
 */
export async function showRequested(
  context: OperationContext,
  windowId: string,
  watchTerminal: WatchTerminal,
): Promise<void> {
  const { ledger } = context;
  const taken = takeOpenRequests(ledger, context, windowId);
  for (const sessionId of new Set(taken.map((request) => request.session_id))) {
    // Whoever asked waits for an answer, also when the window failed.
    const [reason, failure] = await show(context, sessionId, watchTerminal).then(
      (answer) => [answer, null] as const,
      (error: unknown) => ['the window failed; its log says why', error] as const,
    );
    const answered = taken.filter((request) => request.session_id === sessionId);
    ledger.write(() => answered.forEach(({ id }) => settleOpenRequest(ledger, { id, windowId, reason })));
    if (failure !== null) throw failure;
  }
}

/** Null once it is shown. */
async function show(
  context: OperationContext,
  sessionId: string,
  watchTerminal: WatchTerminal,
): Promise<string | null> {
  const target = await watchTarget(context, sessionId);
  return target.ok ? watchTerminal(target) : target.message;
}
