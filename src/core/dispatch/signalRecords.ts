import { newIdentifier } from '../domain/identifiers.ts';
import { inboxClaim, notificationClaim } from '../ledger/leaseStore.ts';
import {
  changeNotification,
  type Completion,
  completionSignal,
  findNotification,
  insertNotification,
  type Notification,
} from '../ledger/notificationStore.ts';
import { findSessionById, type Session } from '../ledger/sessionStore.ts';
import { recordTelemetry, type TelemetrySeverity } from '../ledger/telemetryStore.ts';
import { claimStamp, isClaimAlive, takeClaim } from './commandSteps.ts';
import type { DispatchDependencies, PassOptions, ProcessedItem } from './dependencies.ts';
import type { Hold } from './hold.ts';
import { deliveryMode } from './prepareMessage.ts';
import { completionMessage, workerReceipt } from './receipts.ts';

/** A signal in this dispatcher's hands. */
export interface ClaimedSignal {
  readonly notification: Notification;
  readonly target: Session;
  readonly hold: Hold;
  readonly dispatcherId: string;
  /** It was recorded earlier, and is tried again. */
  readonly isRecovered: boolean;
}

/** No completion is routed twice within a binding. */
export function completionKey({ binding_id, worker_id, event_id }: Completion): string {
  return `${binding_id}:${completionSignal}:${worker_id}:${event_id}`;
}

/** Null when it is known already: another dispatcher was quicker. Call inside a write transaction. */
export function insertSignal(
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

/** The report on a completion that somebody else has routed. */
export function suppressed(
  deps: DispatchDependencies,
  completion: Completion,
  { dispatcherId }: PassOptions,
): ProcessedItem {
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
export function claimWaiting(
  deps: DispatchDependencies,
  notificationId: number,
  options: PassOptions,
): ClaimedSignal | null {
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

/** A telemetry row about a signal. */
export function recordSignal(
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

export function targetKeys({ target }: ClaimedSignal) {
  return { target_session: target.name };
}

/** What every reported item of a signal begins with. */
export function itemKeys({ notification, target, isRecovered }: ClaimedSignal) {
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
