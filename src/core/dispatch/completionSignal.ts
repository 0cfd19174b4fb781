import { failurePolicy, deferralPolicy } from '../domain/backoff.ts';
import { newIdentifier } from '../domain/identifiers.ts';
import { backOff, clearBackoff, findBackoff, notificationItem } from '../ledger/backoffStore.ts';
import { listLiveBindings } from '../ledger/bindingStore.ts';
import { findDelivery, moveDelivery } from '../ledger/deliveryStore.ts';
import { forgetLease, inboxClaim, notificationClaim } from '../ledger/leaseStore.ts';
import {
  changeNotification,
  type Completion,
  completionSignal,
  findNotification,
  insertNotification,
  type Notification,
} from '../ledger/notificationStore.ts';
import { findSessionById, type Session } from '../ledger/sessionStore.ts';
import { findTask } from '../ledger/taskStore.ts';
import { recordTelemetry, type TelemetrySeverity } from '../ledger/telemetryStore.ts';
import { claimStamp, isClaimAlive, takeClaim } from './commandSteps.ts';
import type { DispatchDependencies, PassOptions, ProcessedItem } from './dependencies.ts';
import type { Hold } from './hold.ts';
import { findEvidence } from './lostEvidence.ts';
import { lostLooks } from './lostCommand.ts';
import { deliveryMode } from './prepareMessage.ts';
import { pushMessage, type PushOutcome } from './pushMessage.ts';
import { completionMessage, workerReceipt } from './receipts.ts';

/** A signal in this dispatcher's hands. */
interface ClaimedSignal {
  readonly notification: Notification;
  readonly target: Session;
  readonly hold: Hold;
  readonly dispatcherId: string;
  /** It was recorded earlier, and is tried again. */
  readonly isRecovered: boolean;
}

export function completionKey({ binding_id, worker_id, event_id }: Completion): string {
  return `${binding_id}:${completionSignal}:${worker_id}:${event_id}`;
}

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
    record(deps, claimed, 'dispatch_signal_recovered', 'Completion taken up again.', {
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
      if (evidence === 'arrived') return settleDelivered(deps, claimed);
      if (evidence === 'undecided' && looked < lostLooks) {
        backOff(ledger, deps, item, 'lost_undecided', deferralPolicy);
      } else if (evidence === 'absent') {
        changeNotification(ledger, notificationId, { started: false, claim: null }, clock.now());
        clearBackoff(ledger, item);
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

/** Null when it is known already: another dispatcher was quicker. Call inside a write transaction. */
function insertSignal(
  deps: DispatchDependencies,
  completion: Completion,
  options: PassOptions,
): { readonly notification: Notification; readonly target: Session } | null {
  const { ledger, clock, program } = deps;
  const target = findSessionById(ledger, completion.manager_id);
  if (target === null) throw new Error(`manager session ${completion.manager_id} of a live binding is gone`);
  const mode = deliveryMode(target);
  const notification = insertNotification(
    ledger,
    {
      taskId: completion.task_id,
      bindingId: completion.binding_id,
      correlationId: newIdentifier('dispatch'),
      sourceSessionId: completion.worker_id,
      targetSessionId: completion.manager_id,
      signalType: completionSignal,
      sourceEventId: completion.event_id,
      sourceEventTimestamp: completion.timestamp,
      dedupeKey: completionKey(completion),
      deliveryMode: mode,
      payload: {
        delivery_mode: mode,
        dispatcher_id: options.dispatcherId,
        message: completionMessage(completion, program),
        signal: completionSignal,
        source_event_id: completion.event_id,
        source_session: completion.worker_name,
        target_session: completion.manager_name,
        task: completion.task_name,
        worker_receipt: workerReceipt(completion),
      },
    },
    clock.now(),
  );
  if (notification === null) return null;
  const { id: _id, ...keys } = signalKeys(notification, options.dispatcherId);
  recordTelemetry(
    ledger,
    {
      type: 'dispatch_signal_detected',
      summary: `Completion of ${completion.worker_name} detected.`,
      actor: 'dispatch',
      taskId: completion.task_id,
      correlation: keys,
      attributes: {
        delivery_mode: mode,
        source_session: completion.worker_name,
        target_session: completion.manager_name,
      },
    },
    clock.now(),
  );
  return { notification, target };
}

function suppressed(deps: DispatchDependencies, completion: Completion, { dispatcherId }: PassOptions): ProcessedItem {
  const dedupeKey = completionKey(completion);
  const correlationId = newIdentifier('dispatch');
  const keys = { binding_id: completion.binding_id, correlation_id: correlationId, signal_type: completionSignal };
  const target = { target_session: completion.manager_name };
  const error = 'another dispatcher has routed this completion';
  recordTelemetry(
    deps.ledger,
    {
      type: 'dispatch_signal_suppressed',
      summary: `Completion of ${completion.worker_name} was routed already.`,
      actor: 'dispatch',
      taskId: completion.task_id,
      correlation: { ...keys, dispatcher_id: dispatcherId, source_event_id: completion.event_id },
      attributes: { dedupe_key: dedupeKey, error, source_session: completion.worker_name, ...target },
    },
    deps.clock.now(),
  );
  const source = { source_event_id: completion.event_id, task: completion.task_name };
  return { ...keys, ...target, ...source, dedupe_key: dedupeKey, dry_run: false, error, state: 'suppressed' };
}

/** Call inside a write transaction. A reader that has it in hand is not disturbed. */
function claimWaiting(deps: DispatchDependencies, notificationId: number, options: PassOptions): ClaimedSignal | null {
  const { ledger, clock } = deps;
  const notification = findNotification(ledger, notificationId);
  if (notification?.state !== 'pending' || notification.consumed_at !== null) return null;
  if (isClaimAlive(deps, inboxClaim(notificationId), null)) return null;
  if (isClaimAlive(deps, notificationClaim(notificationId), notification.claim_expires_at)) return null;
  const target = findSessionById(ledger, notification.target_session_id);
  const hold = target === null ? null : takeClaim(deps, options, notificationClaim(notificationId));
  if (target === null || hold === null) return null;
  changeNotification(ledger, notificationId, { claim: claimStamp(deps, options) }, clock.now());
  return { notification, target, hold, dispatcherId: options.dispatcherId, isRecovered: true };
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
  if (claimed.isRecovered)
    moveDelivery(ledger, { notificationId: notification.id }, { state: 'submitted' }, clock.now());
  settleSignal(deps, claimed);
  const recovered = claimed.isRecovered ? { recovered: true } : {};
  const attributes = { target: target.tmux_session, ...targetKeys(claimed), ...recovered };
  record(deps, claimed, 'dispatch_signal_routed', `Completion told to ${target.name}.`, attributes);
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
    record(
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
  record(
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
  record(
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

function record(
  deps: DispatchDependencies,
  { notification, dispatcherId }: ClaimedSignal,
  type: string,
  summary: string,
  attributes: object,
  severity: TelemetrySeverity = 'info',
): void {
  const { id, ...keys } = signalKeys(notification, dispatcherId);
  recordTelemetry(
    deps.ledger,
    {
      type,
      summary,
      severity,
      actor: 'dispatch',
      taskId: notification.task_id,
      correlation: { ...keys, routed_notification_id: id },
      attributes,
    },
    deps.clock.now(),
  );
}

function signalKeys(
  { id, binding_id, correlation_id, source_event_id, signal_type }: Notification,
  dispatcherId: string,
) {
  return { id, binding_id, correlation_id, dispatcher_id: dispatcherId, source_event_id, signal_type };
}

function targetKeys({ target }: ClaimedSignal) {
  return { target_session: target.name };
}

function itemKeys({ notification, target, isRecovered }: ClaimedSignal) {
  return {
    binding_id: notification.binding_id,
    correlation_id: notification.correlation_id,
    dedupe_key: notification.dedupe_key,
    dry_run: false,
    notification_id: notification.id,
    signal_type: notification.signal_type,
    source_event_id: notification.source_event_id,
    target_session: target.name,
    task: notification.task_name,
    ...(isRecovered ? { recovered: true } : {}),
  };
}
