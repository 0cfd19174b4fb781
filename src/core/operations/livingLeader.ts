import { isLive } from '../domain/lease.ts';
import { leadershipLease, momentOf, readLease, type StoredLease } from '../ledger/leaseStore.ts';
import type { OperationContext } from './operationContext.ts';

/** The engine that leads this ledger now, or null when none lives. */
export function livingLeader(context: Pick<OperationContext, 'ledger' | 'clock' | 'host'>): StoredLease | null {
  const leader = readLease(context.ledger, leadershipLease);
  return leader !== null && isLive(leader, momentOf(context)) ? leader : null;
}
