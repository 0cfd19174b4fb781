import { refuse } from '../domain/errors.ts';
import { livingLeader } from './livingLeader.ts';
import { waitingContinuations } from './qaContinuation.ts';
import type { QaDrill } from './qaDrill.ts';
import { tasks } from './tasks.ts';

/** What drills call their tasks. */
const drilled = /^qa-.+-[0-9a-f]{8}$/;

/**
 * A drill leaves tasks, sessions and messages behind, and a dispatcher that works there would take them up: the ledger
 * must be nobody's but its own (LQ-8). Throws `run_conflict`.
 */
export async function refuseUsedLedger(drill: QaDrill, { isGiven }: { readonly isGiven: boolean }): Promise<void> {
  const waiting = await waitingContinuations(drill);
  if (waiting.length > 0) {
    throw refuse(
      'run_conflict',
      `the queue is not clean: ${waiting.length} continue_iteration command(s) wait in ${drill.context.ledgerFile}; leave --path out, or name a new file`,
    );
  }
  if (!isGiven) return;
  const listed = await drill.look(tasks, {});
  const others = Array.isArray(listed) ? listed.filter(({ name }) => !drilled.test(name)) : [];
  if (others.length > 0) {
    throw refuse(
      'run_conflict',
      `${drill.context.ledgerFile} is in use: it holds ${others.length} task(s) that no drill made; leave --path out, or name a new file`,
    );
  }
  const leader = livingLeader(drill.context);
  if (leader !== null) {
    throw refuse(
      'run_conflict',
      `${drill.context.ledgerFile} is in use: ${leader.holder} dispatches there; leave --path out, or name a new file`,
    );
  }
}
