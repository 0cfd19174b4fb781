import * as z from 'zod/mini';
import { deliverToPane } from '../delivery/deliverToPane.ts';
import { explainDeferral, explainUndelivered } from '../delivery/deliveryResult.ts';
import { defaultInterruptKey, interruptPane } from '../delivery/interruptPane.ts';
import { prepareText } from '../delivery/messageText.ts';
import { Hold, paneMilliseconds } from '../dispatch/hold.ts';
import { ConveyorError, refuse } from '../domain/errors.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import { paneLease } from '../ledger/leaseStore.ts';
import type { Session } from '../ledger/sessionStore.ts';
import type { LegacyTarget } from '../supervise/legacyCapture.ts';
import type { WorkerFolder } from '../supervise/legacyFolder.ts';
import { readPaneKey } from '../tmux/paneInput.ts';
import { actOnSession } from './actOnSession.ts';
import { flag, optionalText, positional } from './argument.ts';
import { dispatchDependenciesOf } from './dispatchDependencies.ts';
import { requireFolder, requireTarget } from './legacyTarget.ts';
import { defineOperation } from './operation.ts';
import type { OperationContext } from './operationContext.ts';
import { deliveryPortsOf } from './panes.ts';

/** Says something to a worker in a folder, or to a registered session: the session's own way proves that it arrived. */
export const nudge = defineOperation({
  name: 'nudge',
  summary: 'Say something to a worker, or to a registered session, in its terminal.',
  effect: 'acts',
  inputs: { name: positional('name of the worker or session', 'NAME'), text: positional('what to say', 'TEXT') },
  output: () => z.object({ name: z.string(), kind: z.enum(['worker', 'session']) }),
  run: async (context, { name, text }) => {
    const target = requireTarget(context, name);
    if (target.session === null) await sayToWorker(context, target, text);
    else await nudgeSession(context, target.session, text);
    target.folder?.appendEvent('nudge', { message: text }, context.clock.now());
    return { name, kind: target.folder === null ? ('session' as const) : ('worker' as const) };
  },
  text: ({ name, kind }) => `sent nudge to ${kind === 'session' ? 'session ' : ''}${name}\n`,
});

const defaultFollowup =
  'Please say where you stand: what you are at, what comes next, and what blocks you, if anything.';

/** Ends what a worker in a folder does, and asks how things stand. */
export const interrupt = defineOperation({
  name: 'interrupt',
  summary: 'Interrupt a worker that is kept in a folder.',
  effect: 'acts',
  inputs: {
    name: positional('name of the worker', 'NAME'),
    key: optionalText('key to press instead of the right one', { placeholder: 'KEY' }),
    followup: optionalText('what to say afterwards; asks for a status when left out', { placeholder: 'TEXT' }),
    noFollowup: flag('say nothing afterwards'),
    dryRun: flag('say what would be done, and do nothing'),
  },
  output: () =>
    z.object({
      name: z.string(),
      key: z.string(),
      followup: z.nullable(z.string()),
      dry_run: z.boolean(),
      time: z.string(),
    }),
  run: async (context, { name, key, followup, noFollowup, dryRun }) => {
    const folder = requireFolder(context, name);
    const named = key === null ? null : readPaneKey(key);
    const said = noFollowup ? null : (followup ?? defaultFollowup);
    if (said !== null) prepareText(said);
    const answer = {
      name,
      key: named ?? defaultInterruptKey(null),
      followup: said,
      dry_run: dryRun,
      time: formatTimestamp(context.clock.now()),
    };
    if (dryRun) return answer;
    const target = requireTarget(context, name);
    await pressIn(context, target, named);
    if (said !== null) await sayToWorker(context, target, said);
    folder.appendEvent('interrupt', { key: answer.key, followup: said }, context.clock.now());
    return answer;
  },
});

async function nudgeSession(context: OperationContext, session: Session, text: string): Promise<void> {
  const action = { type: 'session_nudge', session, text, legacyCommand: 'nudge' } as const;
  await actOnSession(context, action, { isDryRun: false, check: () => prepareText(text) });
}

/** Types into the pane of a worker that has no session, so no rollout to prove it by: the empty composer is the proof. */
async function sayToWorker(context: OperationContext, target: LegacyTarget, text: string): Promise<void> {
  const prepared = prepareText(text);
  await inPane(context, target, async (address, hold) => {
    const result = await deliverToPane(portsOf(context, target), {
      address,
      text: prepared,
      beforeFirstKey: () => hold.confirm(),
      mayPressEnter: () => hold.confirm(),
      proof: null,
    });
    if (result.outcome === 'delivered') return;
    const isSafe = result.outcome === 'deferred';
    const why = isSafe ? explainDeferral(result.reason) : explainUndelivered(result.reason);
    throw refuse(
      isSafe ? 'delivery_deferred' : 'delivery_failed',
      `worker ${target.name} did not get the message: ${why}`,
    );
  });
}

async function pressIn(
  context: OperationContext,
  target: LegacyTarget,
  key: ReturnType<typeof readPaneKey> | null,
): Promise<void> {
  await inPane(context, target, async (address, hold) => {
    const result = await interruptPane(portsOf(context, target), {
      address,
      key,
      version: null,
      isBusy: null,
      beforeFirstKey: () => hold.confirm(),
    });
    if (result.outcome === 'pressed') return;
    const why = result.reason === 'not_busy' ? 'no turn is running' : explainDeferral(result.reason);
    throw refuse('delivery_deferred', `worker ${target.name} was not interrupted: ${why}`);
  });
}

function portsOf(context: OperationContext, { tmux }: LegacyTarget) {
  return { ...deliveryPortsOf(context), tmux };
}

/** One pane, one hand: whoever types holds the pane's lease. */
async function inPane(
  context: OperationContext,
  { name, address, tmux }: LegacyTarget,
  work: (address: NonNullable<LegacyTarget['address']>, hold: Hold) => Promise<void>,
): Promise<void> {
  if (address === null) throw refuse('no_tmux_session', `tmux session is not registered for ${name}`);
  if (!(await tmux.hasSession(address.session))) {
    throw refuse('tmux_not_running', `tmux session is not running: ${address.session} (worker ${name})`);
  }
  const pane = await tmux.findPane(address);
  const hold = new Hold(dispatchDependenciesOf(context, 'person'), 'worker-message', paneMilliseconds);
  try {
    if (!hold.take(paneLease(pane.socketPath, pane.paneId), 'pane')) {
      throw refuse('pane_busy', `somebody else is typing into the terminal of ${name}; try again in a moment`);
    }
    hold.keepRenewing();
    await work({ ...address, paneId: pane.paneId }, hold);
  } finally {
    hold.end();
  }
}

export interface StoppedWorker {
  readonly killed: boolean;
  readonly message_result?: { readonly delivered: boolean; readonly reason: string | null };
}

/** Closes the terminal of a worker that has no session. A message that does not arrive keeps nobody from stopping. */
export async function stopWorker(
  context: OperationContext,
  folder: WorkerFolder,
  message: string | null,
): Promise<StoppedWorker> {
  const target = requireTarget(context, folder.name);
  const { tmux } = target;
  const isRunning = await tmux.hasSession(folder.tmuxSession);
  const told = message !== null && isRunning ? await tell(context, target, message) : null;
  if (told !== null) folder.appendEvent('stop_message', { message, ...told }, context.clock.now());
  const killed = isRunning && (await tmux.killSession(folder.tmuxSession));
  folder.appendEvent('stop', { killed }, context.clock.now());
  return told === null ? { killed } : { killed, message_result: told };
}

async function tell(context: OperationContext, target: LegacyTarget, message: string) {
  try {
    await sayToWorker(context, target, message);
    return { delivered: true, reason: null };
  } catch (error) {
    if (!(error instanceof ConveyorError)) throw error;
    return { delivered: false, reason: error.message };
  }
}
