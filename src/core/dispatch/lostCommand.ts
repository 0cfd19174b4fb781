import { abandonedLimit, advance, type Evidence } from '../domain/attempt.ts';
import { deferralPolicy } from '../domain/backoff.ts';
import { changeAttempt } from '../ledger/attemptStore.ts';
import { backOff, clearBackoff, commandItem, findBackoff } from '../ledger/backoffStore.ts';
import { changeCommand, readProgress } from '../ledger/commandQueueStore.ts';
import type { Command } from '../ledger/commandStore.ts';
import { findDelivery, moveDelivery } from '../ledger/deliveryStore.ts';
import { changeNotification, findNotificationOfCommand } from '../ledger/notificationStore.ts';
import { findSessionById, type Session } from '../ledger/sessionStore.ts';
import { type ClaimedCommand, recordStep, settleClaim, takeOverCommand } from './commandSteps.ts';
import { type DispatchDependencies, isMessageType, type PassOptions, type ProcessedItem } from './dependencies.ts';
import { findEvidence } from './lostEvidence.ts';
import { settleNotification, succeed } from './messageCommand.ts';
import { type PreparedMessage, prepareMessage } from './prepareMessage.ts';
import { recordLostDelivery } from './pushMessage.ts';

/** So often it is looked whether a lost message arrived before a person has to. About five minutes. */
export const lostLooks = 25;

/**
 * Looks after a command whose dispatcher is gone. Never begun: back into the queue (OD-20). Begun: what the rollout and
 * the composer say. Null when it is in good hands, or can't be decided yet.
 */
export async function recoverLostCommand(
  deps: DispatchDependencies,
  commandId: string,
  options: PassOptions,
): Promise<ProcessedItem | null> {
  const { ledger } = deps;
  const claimed = ledger.write(() => takeOverCommand(deps, commandId, options));
  if (claimed === null) return null;
  try {
    claimed.hold.keepRenewing();
    const started = readProgress(ledger, commandId)?.attempt?.started === true;
    const lost = started ? findLost(deps, claimed.command) : null;
    const evidence = lost === null ? 'unknown' : await findEvidence(deps, claimed.hold, lost);
    return ledger.write(() => decide(deps, claimed, evidence, lost));
  } finally {
    claimed.hold.end();
  }
}

interface Lost {
  readonly target: Session | null;
  readonly message: string;
  readonly delivery: ReturnType<typeof findDelivery>;
  readonly prepared: PreparedMessage | null;
}

/** What had been sent: for a message between the two sides as it would be prepared now, else the payload's words. */
function findLost({ ledger }: DispatchDependencies, command: Command): Lost {
  const delivery = findDelivery(ledger, { commandId: command.id });
  const target = delivery === null ? null : findSessionById(ledger, delivery.session_id);
  const preparation = isMessageType(command.type) ? prepareMessage(ledger, command) : null;
  const prepared = preparation === null || preparation.kind === 'failed' ? null : preparation.prepared;
  const { message } = command.payload;
  return { target, delivery, prepared, message: prepared?.pushText ?? (typeof message === 'string' ? message : '') };
}

function decide(
  deps: DispatchDependencies,
  claimed: ClaimedCommand,
  evidence: Evidence,
  lost: Lost | null,
): ProcessedItem | null {
  const { ledger } = deps;
  const progress = readProgress(ledger, claimed.command.id);
  if (progress === null || progress.attemptId !== claimed.attemptId) return null;
  const looked = findBackoff(ledger, commandItem(claimed.command.id))?.failures ?? 0;
  const found = evidence === 'undecided' && looked >= lostLooks ? 'unknown' : evidence;
  const next = advance(progress, { kind: 'lost', evidence: found });
  if (next === null) return null;
  const started = progress.attempt?.started === true;
  if (started && found === 'undecided') {
    backOff(ledger, deps, commandItem(claimed.command.id), 'lost_undecided', deferralPolicy);
    return null;
  }
  if (lost !== null) recordEnd(deps, claimed, lost, found);
  if (next.state === 'succeeded') return foundDelivered(deps, claimed, lost?.prepared ?? null);
  return next.state === 'pending'
    ? requeue(deps, claimed, next.attempts, started)
    : giveUp(deps, claimed, next.attempts, started && found !== 'absent');
}

/** What began in a pane ends on record, too. */
function recordEnd(deps: DispatchDependencies, claimed: ClaimedCommand, lost: Lost, evidence: Evidence): void {
  if (lost.target === null || lost.delivery?.watermark_offset == null) return;
  const { command, correlationId } = claimed;
  const actuation = { item: { commandId: command.id }, target: lost.target, taskId: command.task_id, correlationId };
  recordLostDelivery(deps, actuation, endOf(evidence));
}

export function endOf(evidence: Evidence): 'delivered' | 'absent' | 'undelivered' {
  if (evidence === 'arrived') return 'delivered';
  return evidence === 'absent' ? 'absent' : 'undelivered';
}

function foundDelivered(
  deps: DispatchDependencies,
  claimed: ClaimedCommand,
  prepared: PreparedMessage | null,
): ProcessedItem {
  const { ledger, clock } = deps;
  const { command } = claimed;
  const now = clock.now();
  moveDelivery(ledger, { commandId: command.id }, { state: 'seen', submittedAt: now, seenAt: now }, now);
  const notification = findNotificationOfCommand(ledger, command.id);
  if (notification !== null) settleNotification(deps, notification.id);
  const item = {
    ...itemKeys(claimed),
    delivery_mode: 'push',
    dry_run: false,
    error: null,
    notification_id: notification?.id ?? null,
    recovered: true,
    side_effect_completed: true,
    side_effect_started: true,
    state: 'delivered',
    ...(notification === null ? {} : { target_session: notification.target_session_name }),
  };
  succeed(deps, claimed, { loop: prepared?.loop ?? null }, item, true);
  return item;
}

function requeue(
  deps: DispatchDependencies,
  claimed: ClaimedCommand,
  attempts: number,
  started: boolean,
): ProcessedItem {
  const { ledger, clock } = deps;
  const error = started ? notArrivedText(claimed) : abandonedText(claimed);
  // A side effect that is known not to have happened counts as not begun.
  changeAttempt(
    ledger,
    claimed.attemptId,
    { state: 'abandoned', started: false, completed: false, error },
    clock.now(),
  );
  changeCommand(ledger, claimed.command.id, { state: 'pending', attempts, claim: null }, clock.now());
  clearBackoff(ledger, commandItem(claimed.command.id));
  recordRecovery(deps, claimed, 'abandoned', 'requeued', started);
  return { ...itemKeys(claimed), error, side_effect_started: started, state: 'requeued' };
}

function giveUp(
  deps: DispatchDependencies,
  claimed: ClaimedCommand,
  attempts: number,
  started: boolean,
): ProcessedItem {
  const { ledger, clock } = deps;
  const { command } = claimed;
  const now = clock.now();
  const error = started
    ? `command ${command.id} expired after side effect started; manual review required: look whether the message arrived before it is sent again`
    : `${abandonedText(claimed)}, ${abandonedLimit} times`;
  const state = started ? 'failed' : 'abandoned';
  changeAttempt(ledger, claimed.attemptId, { state, started, completed: false, error }, now);
  changeCommand(ledger, command.id, { state: 'failed', attempts, error, claim: null }, now);
  settleClaim(deps, claimed);
  // Nobody will look after the notification any more (OD-23).
  const notification = findNotificationOfCommand(ledger, command.id);
  if (notification?.state === 'pending') {
    changeNotification(ledger, notification.id, { state: 'failed', error, started }, now);
  }
  moveDelivery(ledger, { commandId: command.id }, { state: 'undelivered', reason: 'lost' }, now);
  recordRecovery(deps, claimed, started ? 'failed' : 'abandoned', 'failed', started);
  return { ...itemKeys(claimed), error, side_effect_started: started, state: 'failed' };
}

function recordRecovery(
  deps: DispatchDependencies,
  claimed: ClaimedCommand,
  event: 'abandoned' | 'failed',
  recoveryState: 'requeued' | 'failed',
  started: boolean,
): void {
  const attributes = { recovery_state: recoveryState, side_effect_started: started };
  const severity = recoveryState === 'requeued' ? 'warning' : 'error';
  const summary = `Command ${claimed.command.type} ${recoveryState} after its claim had expired.`;
  recordStep(deps, claimed, `dispatch_command_${event}`, summary, attributes, { severity });
}

function itemKeys({ command, attemptId }: ClaimedCommand) {
  return { attempt_id: attemptId, command_id: command.id, command_type: command.type };
}

function abandonedText({ command }: ClaimedCommand): string {
  return `command ${command.id} was abandoned before side effect started`;
}

function notArrivedText({ command }: ClaimedCommand): string {
  return `command ${command.id} was interrupted, and its message did not arrive; it is delivered again`;
}
