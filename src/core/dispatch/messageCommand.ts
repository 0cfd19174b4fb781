import { describeBlocked } from '../domain/loopPolicy.ts';
import { advanceLoopIteration } from '../ledger/loopRunStore.ts';
import { changeNotification } from '../ledger/notificationStore.ts';
import { moveDelivery } from '../ledger/deliveryStore.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import {
  attemptKeys,
  beginSideEffect,
  claimCommand,
  type ClaimedCommand,
  deferAttempt,
  endAttempt,
  recordStep,
} from './commandSteps.ts';
import type { DispatchDependencies, PassOptions, ProcessedItem } from './dependencies.ts';
import { closedSince, type GateClosed, reasonOf } from './continuationGate.ts';
import { type PreparedMessage, prepareMessage } from './prepareMessage.ts';
import { notificationKeys, notifyTarget } from './messageNotification.ts';
import { pushMessage, type PushOutcome } from './pushMessage.ts';

type Claimed = ClaimedCommand;

/**
 * Delivers one message of the queue; null when another dispatcher has it. What needs no terminal is claimed, checked
 * and put into the mailbox in one transaction: no crash can come in between.
 */
export async function deliverMessageCommand(
  deps: DispatchDependencies,
  commandId: string,
  options: PassOptions,
): Promise<ProcessedItem | null> {
  const step = deps.ledger.write(() => {
    const claimed = claimCommand(deps, commandId, options);
    return claimed === null ? null : begin(deps, claimed);
  });
  if (step === null) return null;
  try {
    if (step.kind === 'done') return step.item;
    step.claimed.hold.keepRenewing();
    await deps.checkpoint?.('claimed');
    return await push(deps, step.claimed, step.prepared);
  } finally {
    step.claimed.hold.end();
  }
}

type Step =
  | { readonly kind: 'done'; readonly claimed: Claimed; readonly item: ProcessedItem }
  | { readonly kind: 'push'; readonly claimed: Claimed; readonly prepared: PreparedMessage };

function begin(deps: DispatchDependencies, claimed: Claimed): Step {
  const preparation = prepareMessage(deps.ledger, claimed.command);
  const done = (item: ProcessedItem): Step => ({ kind: 'done', claimed, item });
  const check = preparation.kind === 'failed' ? preparation.permissionCheck : preparation.prepared.permissionCheck;
  // Kept whatever the answer is: a denial leaves its trace (OD-21).
  if (check !== null) {
    const severity = check.allowed ? 'info' : 'warning';
    const correlation = { required_permission: check.required_permission };
    const summary = `Permission ${check.required_permission} ${check.allowed ? 'granted' : 'denied'}.`;
    recordStep(deps, claimed, 'dispatch_command_permission_checked', summary, check, { severity, correlation });
  }
  switch (preparation.kind) {
    case 'failed':
      return done(fail(deps, claimed, { error: preparation.error, errorType: preparation.code }));
    case 'blocked':
      return done(block(deps, claimed, preparation.prepared));
    case 'ready':
      if (preparation.prepared.mode === 'push') return { kind: 'push', claimed, prepared: preparation.prepared };
      return done(leaveInMailbox(deps, claimed, preparation.prepared));
    default:
      return preparation satisfies never;
  }
}

interface Failure {
  readonly error: string;
  readonly errorType: string;
  readonly notificationId?: number | null;
  readonly started?: boolean;
  readonly completed?: boolean;
}

function fail(deps: DispatchDependencies, claimed: Claimed, failure: Failure): ProcessedItem {
  const { error, errorType, notificationId = null, started = false, completed = false } = failure;
  const item = {
    ...attemptKeys(claimed),
    dry_run: false,
    error,
    error_type: errorType,
    notification_id: notificationId,
    required_permission: claimed.command.required_permission,
    side_effect_completed: completed,
    side_effect_started: started,
    state: 'failed',
  };
  const isOurs = endAttempt(deps, claimed, { state: 'failed', started, completed, result: item, error });
  return isOurs ? item : { ...item, superseded: true };
}

function block(deps: DispatchDependencies, claimed: Claimed, prepared: PreparedMessage): ProcessedItem {
  const { loop } = prepared;
  if (loop === null) throw new Error('only a continuation can be blocked');
  const { policy, requested, verdict, managerDecisionId } = loop;
  const error = describeBlocked(policy, requested, verdict);
  const item = {
    ...attemptKeys(claimed),
    ...loopKeys(prepared),
    delivered: false,
    delivery_mode: prepared.mode,
    dry_run: false,
    manager_decision_id: managerDecisionId,
    notification_id: null,
    side_effect_completed: false,
    side_effect_started: false,
    state: 'blocked',
    target_session: prepared.target.name,
    target_worker_notified: false,
  };
  endAttempt(deps, claimed, {
    state: 'blocked',
    started: false,
    completed: false,
    result: item,
    error,
    correlation: { run_id: policy.run_id, manager_decision_id: managerDecisionId },
  });
  return item;
}

function leaveInMailbox(deps: DispatchDependencies, claimed: Claimed, prepared: PreparedMessage): ProcessedItem {
  const { ledger, clock } = deps;
  const notification = notifyTarget(deps, claimed, prepared);
  changeNotification(ledger, notification.id, { state: 'delivered', deliveryMode: 'pull_required' }, clock.now());
  recordStep(
    deps,
    claimed,
    'dispatch_signal_pull_required',
    `${claimed.command.type} waits in the inbox of ${prepared.target.name}.`,
    { delivery_mode: 'pull_required', target_session: prepared.target.name },
    { correlation: notificationKeys(notification) },
  );
  const item = {
    ...attemptKeys(claimed),
    ...loopKeys(prepared),
    delivery_mode: 'pull_required',
    dry_run: false,
    notification_id: notification.id,
    permission_check: prepared.permissionCheck,
    side_effect_completed: false,
    side_effect_started: false,
    state: 'pull_required',
    target_session: prepared.target.name,
  };
  succeed(deps, claimed, prepared, item, false);
  return item;
}

async function push(
  deps: DispatchDependencies,
  claimed: Claimed,
  prepared: PreparedMessage,
): Promise<ProcessedItem | null> {
  const { ledger } = deps;
  let notificationId: number | null = null;
  const gate: { closed: GateClosed | null } = { closed: null };
  const outcome = await pushMessage(deps, {
    item: { commandId: claimed.command.id },
    taskId: prepared.taskId,
    correlationId: claimed.correlationId,
    target: prepared.target,
    message: prepared.pushText,
    hold: claimed.hold,
    begin: () => {
      gate.closed = closedSince(deps, claimed, prepared);
      if (gate.closed !== null || !beginSideEffect(deps, claimed)) return false;
      notificationId = notifyTarget(deps, claimed, prepared).id;
      return true;
    },
  });
  const item = ledger.write(() =>
    gate.closed === null
      ? settle(deps, claimed, prepared, outcome, notificationId)
      : settleClosed(deps, claimed, prepared, gate.closed),
  );
  await deps.checkpoint?.('settled');
  return item;
}

/** Nothing was typed. */
function settleClosed(
  deps: DispatchDependencies,
  claimed: Claimed,
  prepared: PreparedMessage,
  closed: GateClosed,
): ProcessedItem | null {
  const reason = reasonOf(closed);
  const state = closed.kind === 'deferred' ? 'deferred' : 'undelivered';
  moveDelivery(deps.ledger, { commandId: claimed.command.id }, { state, reason }, deps.clock.now());
  switch (closed.kind) {
    case 'blocked':
      return block(deps, claimed, closed.prepared);
    case 'failed':
      return fail(deps, claimed, { error: closed.error, errorType: closed.code });
    case 'deferred':
      return waitLonger(deps, claimed, prepared, closed);
    default:
      return closed satisfies never;
  }
}

function settle(
  deps: DispatchDependencies,
  claimed: Claimed,
  prepared: PreparedMessage,
  outcome: PushOutcome,
  notificationId: number | null,
): ProcessedItem | null {
  switch (outcome.kind) {
    case 'delivered':
      return settleDelivered(deps, claimed, prepared, notificationId);
    case 'deferred':
      return waitLonger(deps, claimed, prepared, outcome);
    case 'refused':
      return fail(deps, claimed, { error: aboutTarget(prepared, outcome.sentence), errorType: outcome.code });
    case 'undelivered': {
      const error = aboutTarget(prepared, outcome.sentence);
      if (notificationId !== null) {
        changeNotification(deps.ledger, notificationId, { state: 'failed', error, started: true }, deps.clock.now());
      }
      const { completed, reason } = outcome;
      return fail(deps, claimed, { error, errorType: reason, notificationId, started: true, completed });
    }
    case 'overtaken':
      return null;
    default:
      return outcome satisfies never;
  }
}

function settleDelivered(
  deps: DispatchDependencies,
  claimed: Claimed,
  prepared: PreparedMessage,
  notificationId: number | null,
): ProcessedItem {
  if (notificationId !== null) settleNotification(deps, notificationId);
  const item = {
    ...attemptKeys(claimed),
    ...loopKeys(prepared),
    delivery_mode: 'push',
    dry_run: false,
    notification_id: notificationId,
    permission_check: prepared.permissionCheck,
    send_result: {
      dry_run: false,
      session: prepared.target.name,
      side_effect_completed: true,
      side_effect_started: true,
      target: prepared.target.tmux_session,
      text: prepared.pushText,
      time: formatTimestamp(deps.clock.now()),
    },
    side_effect_completed: true,
    side_effect_started: true,
    state: 'delivered',
    target_session: prepared.target.name,
  };
  return succeed(deps, claimed, prepared, item, true) ? item : { ...item, superseded: true };
}

/** Delivered by push: its text was typed and taken. */
export function settleNotification({ ledger, clock }: DispatchDependencies, notificationId: number): void {
  changeNotification(
    ledger,
    notificationId,
    { state: 'delivered', error: null, started: true, completed: true },
    clock.now(),
  );
}

/** Ends the attempt well; a loop moves on with it, in the same transaction. */
export function succeed(
  deps: DispatchDependencies,
  claimed: Claimed,
  { loop }: Pick<PreparedMessage, 'loop'>,
  result: object,
  wasTyped: boolean,
): boolean {
  const correlation = loop === null ? {} : { run_id: loop.policy.run_id, manager_decision_id: loop.managerDecisionId };
  const end = { state: 'succeeded', started: wasTyped, completed: wasTyped, result, error: null, correlation } as const;
  if (!endAttempt(deps, claimed, end)) return false;
  if (loop !== null && loop.requested === loop.policy.current_iteration + 1) {
    advanceLoopIteration(deps.ledger, loop.policy.run_id, loop.policy.current_iteration, loop.requested);
  }
  return true;
}

function waitLonger(
  deps: DispatchDependencies,
  claimed: Claimed,
  prepared: PreparedMessage,
  { reason, sentence }: { readonly reason: string; readonly sentence: string },
): ProcessedItem | null {
  const error = `waiting: ${aboutTarget(prepared, sentence)}`;
  const retryAt = deferAttempt(deps, claimed, { reason, error });
  if (retryAt === null) return null;
  return {
    ...attemptKeys(claimed),
    delivery_mode: 'push',
    dry_run: false,
    error,
    error_type: reason,
    notification_id: null,
    required_permission: claimed.command.required_permission,
    retry_at: retryAt,
    side_effect_completed: false,
    side_effect_started: false,
    state: 'deferred',
    target_session: prepared.target.name,
  };
}

function loopKeys({ loop }: PreparedMessage): object {
  if (loop === null) return {};
  const { policy, requested, verdict } = loop;
  return {
    cleanup_policy: policy.cleanup_policy,
    current_iteration: policy.current_iteration,
    loop_policy: policy,
    max_iterations: policy.max_iterations,
    missing_evidence: verdict.missingEvidence,
    reason: verdict.reason,
    required_before_continue: policy.required_before_continue,
    requested_iteration: requested,
    run_id: policy.run_id,
    seed_prompt_sha256: policy.seed_prompt_sha256,
    stop_conditions: policy.stop_conditions,
  };
}

/** Names session and terminal, never what was to be said (OD-45). */
function aboutTarget({ target }: PreparedMessage, sentence: string): string {
  return `session '${target.name}' (tmux session ${target.tmux_session ?? 'none'}): ${sentence}`;
}
