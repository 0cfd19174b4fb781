import { advance, type CommandEvent, type CommandProgress } from '../domain/attempt.ts';
import { type BackoffPolicy, deferralPolicy } from '../domain/backoff.ts';
import { newIdentifier } from '../domain/identifiers.ts';
import { isLive } from '../domain/lease.ts';
import { formatTimestamp, parseTimestamp } from '../domain/timestamps.ts';
import { beginAttempt, changeAttempt } from '../ledger/attemptStore.ts';
import { backOff, clearBackoff, commandItem } from '../ledger/backoffStore.ts';
import { changeCommand, type ClaimStamp, readProgress, setCorrelation } from '../ledger/commandQueueStore.ts';
import { type Command, findCommand } from '../ledger/commandStore.ts';
import { commandClaim, forgetLease, momentOf, readLease } from '../ledger/leaseStore.ts';
import { recordTelemetry, type TelemetrySeverity } from '../ledger/telemetryStore.ts';
import type { DispatchDependencies, PassOptions } from './dependencies.ts';
import { Hold } from './hold.ts';

/** A command in this dispatcher's hands. */
export interface ClaimedCommand {
  readonly command: Command;
  readonly attemptId: number;
  readonly correlationId: string;
  readonly dispatcherId: string;
  readonly hold: Hold;
}

/** What every telemetry row and every reported item of an attempt begins with. */
export function attemptKeys({ command, attemptId, correlationId, dispatcherId }: ClaimedCommand) {
  return {
    attempt_id: attemptId,
    command_id: command.id,
    command_type: command.type,
    correlation_id: correlationId,
    dispatcher_id: dispatcherId,
  };
}

/** Claims are written in whole seconds for upstream, rounded up: no lease of ours ends early there (OD-39). */
export function claimStamp({ clock }: DispatchDependencies, { dispatcherId, leaseSeconds }: PassOptions): ClaimStamp {
  const now = clock.now();
  const expires = Math.ceil((now + leaseSeconds * 1000) / 1000) * 1000;
  return { by: dispatcherId, at: formatTimestamp(now), expiresAt: formatTimestamp(expires) };
}

/** Takes a waiting command; null when another dispatcher was quicker. Call inside a write transaction. */
export function claimCommand(
  deps: DispatchDependencies,
  commandId: string,
  options: PassOptions,
): ClaimedCommand | null {
  const { ledger, clock } = deps;
  const progress = readProgress(ledger, commandId);
  const next = progress === null ? null : advance(progress, { kind: 'claimed' });
  const command = next === null ? null : findCommand(ledger, commandId);
  if (next === null || command === null) return null;
  const hold = takeClaim(deps, options, commandClaim(commandId));
  if (hold === null) return null;
  const now = clock.now();
  const claim = claimStamp(deps, options);
  const correlationId = command.correlation_id ?? newIdentifier('dispatch');
  setCorrelation(ledger, commandId, correlationId);
  changeCommand(ledger, commandId, { state: 'attempted', attempts: next.attempts, claim }, now);
  const { dispatcherId } = options;
  const { attempt, isNew } = beginAttempt(ledger, { commandId, correlationId, dispatcherId }, now);
  const claimed = { command, attemptId: attempt.id, correlationId, dispatcherId, hold };
  if (isNew) {
    recordStep(deps, claimed, 'dispatch_command_claimed', `Command ${command.type} claimed.`, {
      attempts: next.attempts,
      claim_expires_at: claim.expiresAt,
      manager_id: null,
      worker_id: null,
    });
  }
  return claimed;
}

/** Takes over a command whose dispatcher is gone; null when it isn't. Call inside a write transaction. */
export function takeOverCommand(
  deps: DispatchDependencies,
  commandId: string,
  options: PassOptions,
): ClaimedCommand | null {
  const { ledger, clock } = deps;
  const progress = readProgress(ledger, commandId);
  const command = findCommand(ledger, commandId);
  if (command === null || progress?.state !== 'attempted' || progress.attemptId === null) return null;
  if (isClaimAlive(deps, commandClaim(commandId), command.claim_expires_at)) return null;
  const hold = takeClaim(deps, options, commandClaim(commandId));
  if (hold === null) return null;
  changeCommand(
    ledger,
    commandId,
    { state: 'attempted', attempts: command.attempts, claim: claimStamp(deps, options) },
    clock.now(),
  );
  const { dispatcherId } = options;
  const correlationId = command.correlation_id ?? newIdentifier('dispatch');
  return { command, attemptId: progress.attemptId, correlationId, dispatcherId, hold };
}

/** A claim of ours is judged by its lease; one of upstream's has none and says its wall-clock end. */
export function isClaimAlive(deps: DispatchDependencies, lease: string, claimExpiresAt: string | null): boolean {
  const held = readLease(deps.ledger, lease);
  if (held !== null) return isLive(held, momentOf(deps));
  const expires = claimExpiresAt === null ? null : parseTimestamp(claimExpiresAt);
  return expires !== null && expires > deps.clock.now();
}

/** A hold on one claim; null while somebody else has it. */
export function takeClaim(deps: DispatchDependencies, options: PassOptions, name: string): Hold | null {
  const hold = new Hold(deps, options.dispatcherId, options.leaseSeconds * 1000);
  if (hold.take(name, 'claim')) return hold;
  hold.end();
  return null;
}

/** Commits that the side effect is about to happen; false when the claim was lost. Call inside a write transaction. */
export function beginSideEffect(deps: DispatchDependencies, claimed: ClaimedCommand): boolean {
  const next = step(deps, claimed, { kind: 'began' });
  if (next === null || !claimed.hold.confirm()) return false;
  return changeAttempt(
    deps.ledger,
    claimed.attemptId,
    { state: 'running', started: true, completed: false },
    deps.clock.now(),
  );
}

export interface AttemptEnd {
  readonly state: 'succeeded' | 'failed' | 'blocked';
  readonly started: boolean;
  readonly completed: boolean;
  readonly result: object;
  readonly error: string | null;
  /** Further keys of the telemetry's correlation. */
  readonly correlation?: object;
}

/** Ends an attempt and its command; false when somebody else has decided it meanwhile (OD-19). */
export function endAttempt(deps: DispatchDependencies, claimed: ClaimedCommand, end: AttemptEnd): boolean {
  const { ledger, clock } = deps;
  return ledger.write(() => {
    const event: CommandEvent =
      end.state === 'blocked' ? { kind: 'blocked' } : { kind: end.state, completed: end.completed };
    const next = step(deps, claimed, event);
    if (next === null) return false;
    const now = clock.now();
    changeAttempt(ledger, claimed.attemptId, end, now);
    changeCommand(
      ledger,
      claimed.command.id,
      { state: end.state, attempts: next.attempts, result: end.result, error: end.error },
      now,
    );
    settleClaim(deps, claimed);
    recordStep(
      deps,
      claimed,
      `dispatch_command_${end.state}`,
      `Command ${claimed.command.type} ${end.state}.`,
      {
        error: end.error,
        manager_id: null,
        result: end.result,
        side_effect_completed: end.completed,
        side_effect_started: end.started,
        worker_id: null,
      },
      { severity: severities[end.state], correlation: end.correlation ?? {} },
    );
    return true;
  });
}

const severities = { succeeded: 'info', failed: 'error', blocked: 'warning' } as const;

/** Puts a command back for later. Nothing was done, so it costs no attempt. Returns when it is tried again. */
export function deferAttempt(
  deps: DispatchDependencies,
  claimed: ClaimedCommand,
  deferral: { readonly reason: string; readonly error: string; readonly policy?: BackoffPolicy },
): string | null {
  const { ledger, clock } = deps;
  return ledger.write(() => {
    const next = step(deps, claimed, { kind: 'deferred' });
    if (next === null) return null;
    const now = clock.now();
    const item = commandItem(claimed.command.id);
    const { retryAt, isNews } = backOff(ledger, deps, item, deferral.reason, deferral.policy ?? deferralPolicy);
    const result = { state: 'deferred', reason: deferral.reason };
    changeAttempt(
      ledger,
      claimed.attemptId,
      { state: 'abandoned', started: false, completed: false, result, error: deferral.error },
      now,
    );
    changeCommand(
      ledger,
      claimed.command.id,
      { state: 'pending', attempts: next.attempts, error: deferral.error, availableAt: retryAt, claim: null },
      now,
    );
    if (isNews) {
      recordStep(deps, claimed, 'dispatch_command_deferred', `Command ${claimed.command.type} waits.`, {
        error: deferral.error,
        reason: deferral.reason,
      });
    }
    return retryAt;
  });
}

/** A telemetry row of an attempt. */
export function recordStep(
  deps: DispatchDependencies,
  claimed: ClaimedCommand,
  type: string,
  summary: string,
  attributes: object,
  { severity = 'info', correlation = {} }: { severity?: TelemetrySeverity; correlation?: object } = {},
): void {
  recordTelemetry(
    deps.ledger,
    {
      type,
      summary,
      severity,
      actor: 'dispatch',
      taskId: claimed.command.task_id,
      correlation: { ...attemptKeys(claimed), ...correlation },
      attributes,
    },
    deps.clock.now(),
  );
}

/** What the event makes of this very attempt; null when it is not the one that runs any more. */
function step(deps: DispatchDependencies, claimed: ClaimedCommand, event: CommandEvent): CommandProgress | null {
  const progress = readProgress(deps.ledger, claimed.command.id);
  return progress === null || progress.attemptId !== claimed.attemptId ? null : advance(progress, event);
}

/** The command is over: nobody will claim it again. */
export function settleClaim(deps: DispatchDependencies, { command, hold }: ClaimedCommand): void {
  clearBackoff(deps.ledger, commandItem(command.id));
  hold.forget(commandClaim(command.id));
  forgetLease(deps.ledger, commandClaim(command.id));
}
