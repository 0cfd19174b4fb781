import type { StartedSession } from '../delivery/startSession.ts';
import { Hold, paneMilliseconds } from '../dispatch/hold.ts';
import { takePane } from '../dispatch/pushMessage.ts';
import { refuse } from '../domain/errors.ts';
import { dispatchDependenciesOf } from './dispatchDependencies.ts';
import type { OperationContext } from './operationContext.ts';
import { tmuxOf } from './panes.ts';

/** How long somebody else may take to finish what he types. Milliseconds. */
const patience = 60_000;

/**
 * One pane, one hand: keeps every other process from typing into a pane, until the end of the hold, which the caller owns.
 * Throws `pane_busy`.
 */
export async function holdPane(
  context: OperationContext,
  { tmuxSession, paneId }: Pick<StartedSession, 'tmuxSession' | 'paneId'>,
): Promise<Hold> {
  const deps = dispatchDependenciesOf(context, 'person');
  const hold = new Hold(deps, 'first-prompt', paneMilliseconds);
  try {
    const pane = await tmuxOf(context).findPane({ session: tmuxSession, paneId });
    if (!(await takePane(deps, hold, pane, patience)))
      throw refuse('pane_busy', `somebody else is typing into tmux session '${tmuxSession}'; try again in a moment`);
    hold.keepRenewing();
    return hold;
  } catch (error) {
    hold.end();
    throw error;
  }
}
