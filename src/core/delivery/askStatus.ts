import { readComposer } from './composer.ts';
import { type DeliveryPorts, deliverToPane } from './deliverToPane.ts';
import { explainDeferral, explainUndelivered } from './deliveryResult.ts';
import { prepareText } from './messageText.ts';
import { visibleRows } from './preflight.ts';
import { refuse } from '../domain/errors.ts';
import type { PaneAddress } from '../tmux/tmux.ts';

const answerMilliseconds = 4000;
const pollMilliseconds = 60;

/**
 * Types `/status` into an idle Codex and reads the thread id that it prints (`Session:`, in 0.40 `Session ID:`): known
 * before any rollout is there. Only where the person asked for it: it is a line in their terminal.
 *
 * Null when no id came. Throws `delivery_deferred` while Codex is busy, asks something, or somebody types.
 */
export async function askStatus(ports: DeliveryPorts, address: PaneAddress): Promise<string | null> {
  const text = prepareText('/status', ['/status']);
  const result = await deliverToPane(ports, { address, text, whenBusy: 'defer', proof: null });
  if (result.outcome === 'deferred') {
    throw refuse('delivery_deferred', `/status was not typed: ${explainDeferral(result.reason)}`);
  }
  if (result.outcome === 'undelivered')
    throw refuse('delivery_failed', `/status: ${explainUndelivered(result.reason)}`);
  const { clock, tmux } = ports;
  for (const deadline = clock.monotonic() + answerMilliseconds; ;) {
    const snapshot = await tmux.snapshot(result.paneId);
    const found = readComposer(snapshot).kind === 'composer' ? readSessionLine(visibleRows(snapshot)) : null;
    if (found !== null || clock.monotonic() >= deadline) return found;
    await clock.sleep(pollMilliseconds);
  }
}

/** The newest one on the screen: it may show the answer to an earlier question above. */
export function readSessionLine(rows: readonly string[]): string | null {
  const ids = rows.flatMap(
    (row) => /\bSession(?: ID)?:\s+([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b/u.exec(row)?.[1] ?? [],
  );
  return ids.at(-1) ?? null;
}
