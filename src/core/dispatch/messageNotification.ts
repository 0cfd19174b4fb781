import { findNotificationByKey, insertNotification, type Notification } from '../ledger/notificationStore.ts';
import { type ClaimedCommand, recordStep } from './commandSteps.ts';
import type { DispatchDependencies } from './dependencies.ts';
import type { PreparedMessage } from './prepareMessage.ts';

/** The notification of a command, made by the first attempt that gets so far. */
export function notifyTarget(
  deps: DispatchDependencies,
  claimed: ClaimedCommand,
  prepared: PreparedMessage,
): Notification {
  const { ledger, clock } = deps;
  const { command, correlationId, dispatcherId } = claimed;
  const { bound, loop } = prepared;
  const dedupeKey = `${bound.binding.id}:${command.type}:${command.id}`;
  const known = findNotificationByKey(ledger, dedupeKey);
  if (known !== null) return known;
  const notification = insertNotification(
    ledger,
    {
      taskId: prepared.taskId,
      bindingId: bound.binding.id,
      correlationId,
      sourceSessionId: prepared.source.id,
      targetSessionId: prepared.target.id,
      signalType: command.type,
      dedupeKey,
      commandId: command.id,
      deliveryMode: prepared.mode,
      payload: {
        command_id: command.id,
        command_type: command.type,
        delivery_mode: prepared.mode,
        dispatcher_id: dispatcherId,
        message: prepared.message,
        permission_check: prepared.permissionCheck,
        source_session: prepared.source.name,
        target_session: prepared.target.name,
        task_id: prepared.taskId,
        ...(loop === null
          ? {}
          : { loop_policy: loop.policy, ralph_loop: { ...loop.policy, requested_iteration: loop.requested } }),
      },
    },
    clock.now(),
  );
  if (notification === null) throw new Error(`notification ${dedupeKey} exists and cannot be found`);
  recordStep(
    deps,
    claimed,
    'dispatch_command_attempted',
    `Command ${command.type} attempted.`,
    {
      delivery_mode: prepared.mode,
      permission_check: prepared.permissionCheck,
      source_session: prepared.source.name,
      target_session: prepared.target.name,
    },
    { correlation: notificationKeys(notification) },
  );
  return notification;
}

export function notificationKeys({ id, binding_id, signal_type }: Notification) {
  return { binding_id, routed_notification_id: id, signal_type };
}
