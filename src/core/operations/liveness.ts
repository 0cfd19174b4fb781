import { readObservation, type StoredObservation } from '../ledger/observationStore.ts';
import { findPanelSession } from '../ledger/panelSessionStore.ts';
import type { Session } from '../ledger/sessionStore.ts';
import { blindView } from '../supervise/observe.ts';
import type { OperationContext } from './operationContext.ts';
import { isSandboxed } from './sandbox.ts';

const blindPane = blindView('nobody has looked at it lately', false);

/** What a supervisor saw is believed for so long by those who can't look themselves. */
const trustSeconds = 30;

/** Who looks, from where, and at whose record. */
type Witness = Pick<OperationContext, 'surface' | 'ledger' | 'host' | 'clock' | 'variables'>;

/**
 * Whether a session's process lives, without looking at its pane. Null: it has none of its own, or it can't be seen
 * from inside a sandbox and no supervisor has told lately.
 */
export function livenessFrom(context: Witness): (session: Session) => boolean | null {
  const sandboxed = isSandboxed(context);
  return (session) => (sandboxed ? toldBySupervisor(context, session) : seenHere(context, session));
}

type LastLook = Pick<StoredObservation, 'alive' | 'reason' | 'pane' | 'age_seconds'>;

/**
 * The supervisor's last look at a session, while it is believed; without one, what its process alone can tell. Null when
 * nothing is known.
 */
export function lastLookFrom(context: OperationContext): (session: Session) => LastLook | null {
  const sandboxed = isSandboxed(context);
  return (session) => {
    const seen = readObservation(context.ledger, session.id, context);
    if (seen !== null && seen.age_seconds !== null && seen.age_seconds <= trustSeconds) return seen;
    const alive = sandboxed ? null : seenHere(context, session);
    if (alive === null) return null;
    const reason = `process ${session.pid} ${alive ? 'lives' : 'has ended'}`;
    return { alive, reason, pane: blindPane, age_seconds: 0 };
  };
}

function toldBySupervisor(context: Witness, { id }: Session): boolean | null {
  const seen = readObservation(context.ledger, id, context);
  return seen !== null && seen.age_seconds !== null && seen.age_seconds <= trustSeconds ? seen.alive : null;
}

/** A process number is given out again: only with its start, within one boot, it says who it is. */
function seenHere({ ledger, host }: Witness, { id, pid }: Session): boolean | null {
  if (pid === null) return null;
  const panel = findPanelSession(ledger, id);
  if (panel?.boot_id != null && panel.boot_id !== host.bootId) return false;
  if (!host.isAlive(pid)) return false;
  const start = host.startTime(pid);
  return panel?.process_start == null || start === null || start === panel.process_start;
}
