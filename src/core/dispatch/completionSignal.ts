import { failurePolicy, deferralPolicy } from '../domain/backoff.ts';
import { backOff, clearBackoff, findBackoff, notificationItem } from '../ledger/backoffStore.ts';
import { listLiveBindings } from '../ledger/bindingStore.ts';
import { findDelivery, moveDelivery } from '../ledger/deliveryStore.ts';
import { forgetLease, notificationClaim } from '../ledger/leaseStore.ts';
import {
  changeNotification,
  type Completion,
  findNotification,
  type Notification,
} from '../ledger/notificationStore.ts';
import { findTask } from '../ledger/taskStore.ts';
import { claimStamp, takeClaim } from './commandSteps.ts';
import type { DispatchDependencies, PassOptions, ProcessedItem } from './dependencies.ts';
import { findEvidence } from './lostEvidence.ts';
import { endOf, lostLooks } from './lostCommand.ts';
import { deliveryMode } from './prepareMessage.ts';
import { pushMessage, type PushOutcome, recordLostDelivery } from './pushMessage.ts';
import {
  type ClaimedSignal,
  claimWaiting,
  insertSignal,
  itemKeys,
  recordSignal,
  suppressed,
  targetKeys,
} from './signalRecords.ts';

/** Tells a manager of a completed turn: into its pane, or its mailbox where it has none. */
export async function routeCompletion(
  deps: DispatchDependencies,
  completion: Completion,
  options: PassOptions,
): Promise<ProcessedItem> {
  const step = deps.ledger.write(() => detect(deps, completion, options));
  if ('item' in step) return step.item;
  return deliver(deps, step.claimed);
}

/** Records a completion whose manager can't be told yet: it can be read in the inbox at once, and is pushed later. */
export function recordCompletion(deps: DispatchDependencies, completion: Completion, options: PassOptions): void {
  deps.ledger.write(() => insertSignal(deps, completion, options));
}

/** Tries a recorded completion again; null when it is in other hands, or was settled without a word. */
export async function redeliverSignal(
  deps: DispatchDependencies,
  notificationId: number,
  options: PassOptions,
): Promise<ProcessedItem | null> {
  const { ledger } = deps;
  const claimed = ledger.write(() => claimWaiting(deps, notificationId, options));
  if (claimed === null) return null;
  if (!isStillBound(deps, claimed.notification)) {
    // Nobody supervises any more: what is left to say can be read, and is not typed (OD-13).
    ledger.write(() => leaveInMailbox(deps, claimed));
    claimed.hold.end();
    return null;
  }
  const mode = deliveryMode(claimed.target);
  ledger.write(() => {
    changeNotification(ledger, notificationId, { deliveryMode: mode }, deps.clock.now());
    recordSignal(deps, claimed, 'dispatch_signal_recovered', 'Completion taken up again.', {
      delivery_mode: mode,
      ...targetKeys(claimed),
    });
  });
  if (mode === 'push') return deliver(deps, claimed);
  ledger.write(() => leaveInMailbox(deps, claimed, { recovered: true }));
  claimed.hold.end();
  return { ...itemKeys(claimed), delivery_mode: mode, state: 'pull_required' };
}

/** Finds out about a completion whose dispatcher died while typing it. Reported only when it had arrived. */
export async function recoverLostSignal(
  deps: DispatchDependencies,
  notificationId: number,
  options: PassOptions,
): Promise<ProcessedItem | null> {
  const { ledger, clock } = deps;
  const claimed = ledger.write(() => claimWaiting(deps, notificationId, options));
  if (claimed === null) return null;
  const { notification, hold } = claimed;
  try {
    hold.keepRenewing();
    const { message } = notification.payload;
    const evidence = await findEvidence(deps, hold, {
      target: claimed.target,
      message: typeof message === 'string' ? message : '',
      delivery: findDelivery(ledger, { notificationId }),
    });
    return ledger.write(() => {
      const item = notificationItem(notificationId);
      const looked = findBackoff(ledger, item)?.failures ?? 0;
      if (evidence === 'undecided' && looked < lostLooks) {
        backOff(ledger, deps, item, 'lost_undecided', deferralPolicy);
        return null;
      }
      const { target, notification: told } = claimed;
      const actuation = { item: { notificationId }, target, taskId: told.task_id, correlationId: told.correlation_id };
      recordLostDelivery(deps, actuation, endOf(evidence));
      if (evidence === 'arrived') {
        moveDelivery(ledger, { notificationId }, { state: 'seen', seenAt: clock.now() }, clock.now());
        return settleDelivered(deps, claimed);
      }
      if (evidence === 'absent') {
        changeNotification(ledger, notificationId, { started: false, claim: null }, clock.now());
        // Its dispatcher may have died of it: it rests before the next one tries.
        backOff(ledger, deps, item, 'lost_absent', deferralPolicy);
      } else {
        failStarted(deps, claimed);
      }
      return null;
    });
  } finally {
    hold.end();
  }
}

type Detection = { readonly item: ProcessedItem } | { readonly claimed: ClaimedSignal };

function detect(deps: DispatchDependencies, completion: Completion, options: PassOptions): Detection {
  const { ledger, clock } = deps;
  const inserted = insertSignal(deps, completion, options);
  if (inserted === null) return { item: suppressed(deps, completion, options) };
  const { notification, target } = inserted;
  const hold = takeClaim(deps, options, notificationClaim(notification.id));
  if (hold === null) throw new Error(`notification ${notification.id} is new and claimed already`);
  changeNotification(ledger, notification.id, { claim: claimStamp(deps, options) }, clock.now());
  const claimed: ClaimedSignal = { notification, target, hold, dispatcherId: options.dispatcherId, isRecovered: false };
  if (notification.delivery_mode === 'push') return { claimed };
  leaveInMailbox(deps, claimed);
  hold.end();
  return { item: { ...itemKeys(claimed), delivery_mode: 'pull_required', state: 'pull_required' } };
}

async function deliver(deps: DispatchDependencies, claimed: ClaimedSignal): Promise<ProcessedItem> {
  const { ledger, clock } = deps;
  const { notification, hold, target } = claimed;
  const { message } = notification.payload;
  try {
    hold.keepRenewing();
    await deps.checkpoint?.('claimed');
    const outcome = await pushMessage(deps, {
      item: { notificationId: notification.id },
      taskId: notification.task_id,
      correlationId: notification.correlation_id,
      target,
      message: typeof message === 'string' ? message : '',
      hold,
      begin: () => {
        const current = findNotification(ledger, notification.id);
        if (current?.state !== 'pending' || current.consumed_at !== null) return false;
        changeNotification(ledger, notification.id, { started: true }, clock.now());
        return true;
      },
    });
    const item = ledger.write(() => settle(deps, claimed, outcome));
    await deps.checkpoint?.('settled');
    return item;
  } finally {
    hold.end();
  }
}

function settle(deps: DispatchDependencies, claimed: ClaimedSignal, outcome: PushOutcome): ProcessedItem {
  switch (outcome.kind) {
    case 'delivered':
      return settleDelivered(deps, claimed);
    case 'deferred':
      return putOff(deps, claimed, outcome, 'deferred');
    case 'refused':
      return putOff(deps, claimed, { reason: outcome.code, sentence: outcome.sentence }, 'failed');
    case 'undelivered':
      return failStarted(deps, claimed, outcome);
    case 'overtaken':
      return { ...itemKeys(claimed), delivery_mode: 'push', state: 'overtaken' };
    default:
      return outcome satisfies never;
  }
}

function settleDelivered(deps: DispatchDependencies, claimed: ClaimedSignal): ProcessedItem {
  const { ledger, clock } = deps;
  const { notification, target } = claimed;
  const change = { state: 'delivered', error: null, started: true, completed: true } as const;
  changeNotification(ledger, notification.id, change, clock.now());
  settleSignal(deps, claimed);
  const recovered = claimed.isRecovered ? { recovered: true } : {};
  const attributes = { target: target.tmux_session, ...targetKeys(claimed), ...recovered };
  recordSignal(deps, claimed, 'dispatch_signal_routed', `Completion told to ${target.name}.`, attributes);
  return { ...itemKeys(claimed), delivery_mode: 'push', state: 'delivered' };
}

/** Nothing was typed. It is tried again, less and less often, and can be read in the inbox meanwhile. */
function putOff(
  deps: DispatchDependencies,
  claimed: ClaimedSignal,
  { reason, sentence }: { readonly reason: string; readonly sentence: string },
  state: 'deferred' | 'failed',
): ProcessedItem {
  const { ledger, clock } = deps;
  const { notification, target } = claimed;
  const error = `session '${target.name}' (tmux session ${target.tmux_session ?? 'none'}): ${sentence}`;
  const policy = state === 'deferred' ? deferralPolicy : failurePolicy;
  const { retryAt, isNews } = backOff(ledger, deps, notificationItem(notification.id), reason, policy);
  changeNotification(ledger, notification.id, { error, started: false, claim: null }, clock.now());
  if (isNews) {
    const attributes = { error, error_type: reason, ...targetKeys(claimed) };
    const severity = state === 'deferred' ? 'warning' : 'error';
    recordSignal(
      deps,
      claimed,
      'dispatch_signal_failed',
      `Completion could not be told to ${target.name} yet.`,
      attributes,
      severity,
    );
  }
  return { ...itemKeys(claimed), delivery_mode: 'push', error, error_type: reason, retry_at: retryAt, state };
}

/** It may have been typed, and it can't be told: never again into the pane, but it stays readable in the inbox (OD-23). */
function failStarted(
  deps: DispatchDependencies,
  claimed: ClaimedSignal,
  outcome?: Extract<PushOutcome, { kind: 'undelivered' }>,
): ProcessedItem {
  const { ledger, clock } = deps;
  const { notification, target } = claimed;
  const error =
    outcome === undefined
      ? 'the dispatcher was interrupted after side effect started; the message may or may not have been typed'
      : `session '${target.name}': ${outcome.sentence}`;
  const completed = outcome?.completed ?? false;
  changeNotification(ledger, notification.id, { state: 'failed', error, started: true, completed }, clock.now());
  moveDelivery(
    ledger,
    { notificationId: notification.id },
    { state: 'undelivered', reason: outcome?.reason ?? 'lost' },
    clock.now(),
  );
  settleSignal(deps, claimed);
  const attributes = { claimed_by: notification.claimed_by, error, side_effect_risk: true, ...targetKeys(claimed) };
  recordSignal(
    deps,
    claimed,
    'dispatch_signal_failed',
    `Completion may not have reached ${target.name}.`,
    attributes,
    'error',
  );
  return { ...itemKeys(claimed), delivery_mode: 'push', error, state: 'failed' };
}

function leaveInMailbox(deps: DispatchDependencies, claimed: ClaimedSignal, extra: object = {}): void {
  const { ledger, clock } = deps;
  const change = { state: 'delivered', error: null, deliveryMode: 'pull_required' } as const;
  changeNotification(ledger, claimed.notification.id, change, clock.now());
  settleSignal(deps, claimed);
  const attributes = {
    delivery_mode: 'pull_required',
    source_session: claimed.notification.source_session_name,
    ...targetKeys(claimed),
    ...extra,
  };
  recordSignal(
    deps,
    claimed,
    'dispatch_signal_pull_required',
    `Completion waits in the inbox of ${claimed.target.name}.`,
    attributes,
  );
}

function settleSignal({ ledger }: DispatchDependencies, { notification, hold }: ClaimedSignal): void {
  clearBackoff(ledger, notificationItem(notification.id));
  hold.forget(notificationClaim(notification.id));
  forgetLease(ledger, notificationClaim(notification.id));
}

function isStillBound({ ledger }: DispatchDependencies, { binding_id, task_id }: Notification): boolean {
  const task = findTask(ledger, task_id);
  const isOpen = task !== null && task.state !== 'done' && task.state !== 'failed';
  return isOpen && listLiveBindings(ledger).some(({ id }) => id === binding_id);
}
