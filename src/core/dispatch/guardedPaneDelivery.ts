import type { ConveyorError } from '../domain/errors.ts';
import type { PaneDelivery, PaneTarget } from './paneDelivery.ts';

/**
 * The one gate in front of every pane: whatever is done to one is done through here. `refusal` is asked before anything
 * of the target is used, its socket above all.
 */
export function guardedPaneDelivery(
  inner: PaneDelivery,
  refusal: (target: PaneTarget) => ConveyorError | null,
): PaneDelivery {
  const guard = async <T>(target: PaneTarget, act: () => Promise<T>): Promise<T> => {
    const error = refusal(target);
    if (error !== null) throw error;
    return act();
  };
  return {
    locate: (target) => guard(target, () => inner.locate(target)),
    deliver: (target, send) => guard(target, () => inner.deliver(target, send)),
    interrupt: (target, interrupt) => guard(target, () => inner.interrupt(target, interrupt)),
    answer: (target, answer) => guard(target, () => inner.answer(target, answer)),
    inspect: (target, text) => guard(target, () => inner.inspect(target, text)),
  };
}
