import type { Work } from '../domain/dispatchOrder.ts';
import { isLive } from '../domain/lease.ts';
import { parseTimestamp } from '../domain/timestamps.ts';
import { commandItem, findBackoff, isResting, notificationItem } from '../ledger/backoffStore.ts';
import { listQueuedCommands, type QueuedCommand } from '../ledger/commandQueueStore.ts';
import { commandClaim, inboxClaim, momentOf, notificationClaim, readLease } from '../ledger/leaseStore.ts';
import {
  type Completion,
  listUnroutedCompletions,
  listWaitingSignals,
  type Notification,
} from '../ledger/notificationStore.ts';
import { findSessionById } from '../ledger/sessionStore.ts';
import { isClaimAlive } from './commandSteps.ts';
import {
  type DispatchDependencies,
  isSessionActionType,
  messageTypes,
  type PassOptions,
  sessionActionTypes,
} from './dependencies.ts';
import { deliveryMode } from './prepareMessage.ts';

export type DispatchWork = CommandWork | SignalWork | CompletionWork;

interface CommandWork extends Work {
  readonly kind: 'command' | 'lostCommand';
  readonly command: QueuedCommand;
}

interface SignalWork extends Work {
  readonly kind: 'waitingSignal' | 'lostSignal';
  readonly notification: Notification;
}

interface CompletionWork extends Work {
  readonly kind: 'newSignal';
  readonly completion: Completion;
}

/** Everything that a pass could take up, ready or not: the first few of each target. Reads only. */
export function listWork(deps: DispatchDependencies, options: PassOptions): readonly DispatchWork[] {
  return deps.ledger.read(() => [
    ...listQueuedCommands(deps.ledger, commandTypes(deps, options), options.limit).map((command) =>
      commandWork(deps, command),
    ),
    ...(wantsSignals(options) ? listSignals(deps, options) : []),
  ]);
}

function wantsSignals({ type }: PassOptions): boolean {
  return type === null || type === 'worker_task_complete';
}

function commandTypes({ effects = {} }: DispatchDependencies, { type }: PassOptions): readonly string[] {
  if (type === null) return [...messageTypes, ...sessionActionTypes, ...Object.keys(effects)];
  return messageTypes.filter((known) => known === type);
}

function listSignals(deps: DispatchDependencies, { limit }: PassOptions): readonly DispatchWork[] {
  const waiting = listWaitingSignals(deps.ledger, limit).map((notification) => signalWork(deps, notification));
  const fresh = listUnroutedCompletions(deps.ledger, limit).map((completion) => completionWork(deps, completion));
  return [...waiting, ...fresh];
}

function commandWork(deps: DispatchDependencies, command: QueuedCommand): CommandWork {
  const isPush = command.is_push || isSessionActionType(command.type);
  const isPending = command.state === 'pending';
  const isHeld = isClaimAlive(deps, commandClaim(command.id), isPending ? null : command.claim_expires_at);
  const isLost = !isPending && !isHeld;
  return {
    key: `${isLost ? 'lost' : 'command'}:${command.id}`,
    kind: isLost ? 'lostCommand' : 'command',
    command,
    targetId: command.target_id,
    isPush,
    since: command.created_at,
    position: command.position,
    // Also one that was put back by a dispatcher that died with its claim: what is behind it must not overtake it.
    isReady: !isHeld && isAwake(deps, commandItem(command.id), command.available_at) && mayType(deps, isPush),
  };
}

function signalWork(deps: DispatchDependencies, notification: Notification): SignalWork {
  const target = findSessionById(deps.ledger, notification.target_session_id);
  const isPush = target !== null && deliveryMode(target) === 'push';
  const isFree =
    !isClaimAlive(deps, notificationClaim(notification.id), notification.claim_expires_at) &&
    !isBeingRead(deps, notification.id);
  return {
    key: `signal:${notification.id}:${notification.side_effect_started ? 'lost' : 'waiting'}`,
    kind: notification.side_effect_started ? 'lostSignal' : 'waitingSignal',
    notification,
    targetId: notification.target_session_id,
    isPush,
    since: notification.created_at,
    position: notification.id,
    isReady: isFree && isAwake(deps, notificationItem(notification.id), null) && mayType(deps, isPush),
  };
}

function completionWork(deps: DispatchDependencies, completion: Completion): CompletionWork {
  return {
    key: `completion:${completion.binding_id}:${completion.event_id}`,
    kind: 'newSignal',
    completion,
    targetId: completion.manager_id,
    isPush: completion.is_push,
    since: completion.ingested_at,
    position: completion.event_id,
    isReady: mayType(deps, completion.is_push),
  };
}

/** From inside a sandbox nothing can be typed; the mailbox can be filled from anywhere. */
function mayType({ isSandboxed = false }: DispatchDependencies, isPush: boolean): boolean {
  return !(isPush && isSandboxed);
}

/** Our own rests are judged by monotonic time, whatever the wall clock does; upstream's only have a date. */
function isAwake(deps: DispatchDependencies, item: string, availableAt: string | null): boolean {
  const backoff = findBackoff(deps.ledger, item);
  if (backoff !== null) return !isResting(backoff, momentOf(deps));
  const at = availableAt === null ? null : parseTimestamp(availableAt);
  return at === null || at <= deps.clock.now();
}

function isBeingRead(deps: DispatchDependencies, notificationId: number): boolean {
  const lease = readLease(deps.ledger, inboxClaim(notificationId));
  return lease !== null && isLive(lease, momentOf(deps));
}
