import { ConveyorError } from '../domain/errors.ts';
import {
  attemptKeys,
  beginSideEffect,
  claimCommand,
  type ClaimedCommand,
  deferAttempt,
  endAttempt,
} from './commandSteps.ts';
import type { CommandEffect, DispatchDependencies, EffectOutcome, PassOptions, ProcessedItem } from './dependencies.ts';

/** Carries out a command whose effect belongs to another room; null when another dispatcher has it. */
export async function dispatchEffect(
  deps: DispatchDependencies,
  commandId: string,
  effect: CommandEffect,
  options: PassOptions,
): Promise<ProcessedItem | null> {
  const claimed = deps.ledger.write(() => claimCommand(deps, commandId, options));
  return claimed === null ? null : carryOutEffect(deps, claimed, effect);
}

/** The same for a command that was claimed with the transaction that made it. Gives the claim back. */
export async function carryOutEffect(
  deps: DispatchDependencies,
  claimed: ClaimedCommand,
  effect: CommandEffect,
): Promise<ProcessedItem | null> {
  let hasBegun = false;
  try {
    claimed.hold.keepRenewing();
    await deps.checkpoint?.('claimed');
    const begin = () => (hasBegun = deps.ledger.write(() => beginSideEffect(deps, claimed)));
    const outcome = await run(effect, claimed, begin);
    const item = deps.ledger.write(() => settle(deps, claimed, outcome, hasBegun));
    await deps.checkpoint?.('settled');
    return item;
  } finally {
    claimed.hold.end();
  }
}

async function run(effect: CommandEffect, { command }: ClaimedCommand, begin: () => boolean): Promise<EffectOutcome> {
  try {
    return await effect.run(command, { begin });
  } catch (error) {
    if (!(error instanceof ConveyorError)) throw error;
    return { state: 'failed', error: error.message, errorType: error.code };
  }
}

function settle(
  deps: DispatchDependencies,
  claimed: ClaimedCommand,
  outcome: EffectOutcome,
  started: boolean,
): ProcessedItem | null {
  const keys = { ...attemptKeys(claimed), dry_run: false };
  switch (outcome.state) {
    case 'deferred': {
      if (started)
        return settle(deps, claimed, { state: 'failed', error: outcome.error, errorType: outcome.reason }, true);
      const { reason, error } = outcome;
      const retryAt = deferAttempt(deps, claimed, { reason, error });
      return retryAt === null ? null : { ...keys, error, error_type: reason, retry_at: retryAt, state: 'deferred' };
    }
    case 'succeeded': {
      const effects = { side_effect_completed: started, side_effect_started: started };
      const item = { ...keys, ...outcome.result, ...effects, state: 'succeeded' };
      endAttempt(deps, claimed, { state: 'succeeded', started, completed: started, result: item, error: null });
      return item;
    }
    case 'failed': {
      const { error, errorType } = outcome;
      const effects = { side_effect_completed: false, side_effect_started: started };
      const item = { ...keys, ...effects, error, error_type: errorType, state: 'failed' };
      endAttempt(deps, claimed, { state: 'failed', started, completed: false, result: item, error });
      return item;
    }
    default:
      return outcome satisfies never;
  }
}
