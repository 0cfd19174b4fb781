import { isIterationInFlight } from '../ledger/continuationFlightStore.ts';
import type { DispatchDependencies } from './dependencies.ts';
import type { ClaimedCommand } from './commandSteps.ts';
import { type Preparation, type PreparedMessage, prepareMessage } from './prepareMessage.ts';

/** Why a continuation that was ready is not typed after all. */
export type GateClosed =
  | Exclude<Preparation, { readonly kind: 'ready' }>
  | {
      readonly kind: 'deferred';
      readonly reason: 'iteration_in_flight' | 'binding_changed';
      readonly sentence: string;
    };

/**
 * Looks at the gate of a loop once more right before the first key: between claim and key another dispatcher may have
 * delivered the same iteration, and evidence may have been taken back. Null: go on. Call in the transaction that begins
 * the side effect.
 */
export function closedSince(
  deps: DispatchDependencies,
  { command }: ClaimedCommand,
  prepared: PreparedMessage,
): GateClosed | null {
  if (prepared.loop === null) return null;
  const now = prepareMessage(deps.ledger, command);
  if (now.kind !== 'ready') return now;
  if (now.prepared.target.id !== prepared.target.id) {
    return { kind: 'deferred', reason: 'binding_changed', sentence: 'the task has another worker now' };
  }
  // It was begun and nobody knows yet how it ended: asking again is safe, typing again is not.
  return isIterationInFlight(deps.ledger, { runId: prepared.loop.policy.run_id, except: command.id })
    ? {
        kind: 'deferred',
        reason: 'iteration_in_flight',
        sentence: 'another request for an iteration of this loop is on its way',
      }
    : null;
}

export function reasonOf(closed: GateClosed): string {
  if (closed.kind === 'blocked') return closed.loop.verdict.reason ?? closed.kind;
  return closed.kind === 'failed' ? closed.code : closed.reason;
}
