import { formatTimestamp } from '../domain/timestamps.ts';
import type { Connection } from '../ledger/connection.ts';
import {
  type DispatchCounts,
  findNewestHeartbeat,
  type MailCounts,
  readDispatchHealth,
} from '../ledger/dispatchHealthStore.ts';
import type { LeaseHost } from '../ledger/leaseStore.ts';
import { findTask } from '../ledger/taskStore.ts';
import { type DispatchChain, dispatchChains } from '../record/dispatchChains.ts';

const newestChains = 12;

export interface LastHeartbeat {
  readonly dispatcherId: string;
  readonly iteration: number;
  readonly processed: number;
  readonly isDryRun: boolean;
  readonly at: string;
  readonly ageMs: number;
}

/** What is dispatched for one task, at one moment. */
export interface DispatchState {
  readonly counts: DispatchCounts;
  readonly mail: readonly MailCounts[];
  readonly chains: readonly DispatchChain[];
  readonly finish: { readonly id: string; readonly state: string } | null;
}

/** The last sign of life of any dispatcher; null when there never was one. */
export function lastHeartbeat(ledger: Connection, { clock }: LeaseHost): LastHeartbeat | null {
  const beat = findNewestHeartbeat(ledger);
  if (beat === null) return null;
  return {
    dispatcherId: beat.dispatcher_id ?? 'unknown',
    iteration: beat.iteration ?? 0,
    processed: beat.processed ?? 0,
    isDryRun: beat.dry_run === 1,
    at: beat.timestamp,
    ageMs: Math.max(0, clock.now() - Date.parse(beat.timestamp)),
  };
}

/** Null for a task that does not exist. */
export function readDispatchState(ledger: Connection, reference: string, { clock }: LeaseHost): DispatchState | null {
  const task = findTask(ledger, reference);
  if (task === null) return null;
  const now = formatTimestamp(clock.now());
  const rows = readDispatchHealth(ledger, task.id, { newest: newestChains, now });
  return {
    counts: rows.counts,
    mail: rows.mail,
    chains: dispatchChains(rows, newestChains),
    finish: rows.finish === null ? null : { id: rows.finish.id, state: rows.finish.state },
  };
}
