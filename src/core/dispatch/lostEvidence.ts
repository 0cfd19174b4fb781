import type { Evidence } from '../domain/attempt.ts';
import { ConveyorError } from '../domain/errors.ts';
import { prepareText, type PermittedCommand } from '../delivery/messageText.ts';
import type { Delivery } from '../ledger/deliveryStore.ts';
import { findPanelSession } from '../ledger/panelSessionStore.ts';
import type { Session } from '../ledger/sessionStore.ts';
import type { DispatchDependencies } from './dependencies.ts';
import type { Hold } from './hold.ts';
import type { PaneTarget } from './paneDelivery.ts';
import { proofOf, takePane } from './pushMessage.ts';

export interface LostMessage {
  readonly target: Session | null;
  readonly message: string;
  readonly permitted?: readonly PermittedCommand[];
  readonly delivery: Delivery | null;
}

/**
 * What became of a message whose dispatcher died after it had begun: the rollout behind the watermark knows whether it
 * arrived, the composer whether only Enter is missing. Nothing is typed.
 */
export async function findEvidence(deps: DispatchDependencies, hold: Hold, lost: LostMessage): Promise<Evidence> {
  const { target: session, delivery } = lost;
  if (session === null || session.tmux_session === null || delivery === null || delivery.watermark_offset === null) {
    return 'unknown';
  }
  const target: PaneTarget = { session, panel: findPanelSession(deps.ledger, session.id) };
  try {
    const text = prepareText(lost.message, lost.permitted);
    // With the pane in hand nobody presses Enter any more while we look.
    if (!(await reservePane(deps, hold, target))) return 'undecided';
    const shown = await deps.panes.inspect(target, text);
    // After the screen: what had left the composer by then is in the rollout by now.
    const watermark = { path: delivery.watermark_path, offset: delivery.watermark_offset };
    const isSeen = proofOf(deps, session, watermark, text)?.() ?? null;
    if (isSeen === true) return 'arrived';
    if (shown === 'unclear') return 'undecided';
    if (shown === 'holds_text') return 'absent';
    return isSeen === null ? 'unknown' : 'absent';
  } catch (error) {
    if (ConveyorError.is(error, 'message_refused')) return 'unknown';
    if (error instanceof ConveyorError) return 'undecided';
    throw error;
  }
}

/** True also when there is no pane any more: then nobody can type into it. */
async function reservePane(deps: DispatchDependencies, hold: Hold, target: PaneTarget): Promise<boolean> {
  try {
    return await takePane(deps, hold, await deps.panes.locate(target), 0);
  } catch (error) {
    if (ConveyorError.is(error, 'tmux_not_running')) return true;
    throw error;
  }
}
