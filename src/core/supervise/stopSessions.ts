import { ConveyorError, refuse } from '../domain/errors.ts';
import { recordEvent } from '../ledger/auditStore.ts';
import { type Binding, findBindingOfSession, findNewestBinding } from '../ledger/bindingStore.ts';
import { enqueueCommand } from '../ledger/commandQueueStore.ts';
import type { Command } from '../ledger/commandStore.ts';
import type { Connection } from '../ledger/connection.ts';
import { findPanelSession, type PanelSession } from '../ledger/panelSessionStore.ts';
import { findSessionById, markSessionGone, type Session } from '../ledger/sessionStore.ts';
import type { Clock } from '../ports/clock.ts';
import { findRunningSession, type IdentityPorts, strangerMismatches } from './sessionIdentity.ts';

/** The command that asks the supervisor to close terminals which are out of the asker's reach. */
export const stopSessionCommand = 'stop_session';

export interface StopPorts extends IdentityPorts {
  readonly ledger: Connection;
  readonly clock: Clock;
}

interface StoppedSession {
  readonly session: string;
  /** The terminal that was closed; null when there is none. */
  readonly target: string | null;
  /** False when it had ended before: that counts as stopped. */
  readonly killed: boolean;
}

/**
 * Closes the tmux session of one session, by its exact name (CP-1), and only if what runs there is that session. Throws
 * `identity_mismatch` before anything is touched.
 */
async function stopSession(ports: StopPorts, session: Session): Promise<StoppedSession> {
  const found = await findRunningSession(ports, session, findPanelSession(ports.ledger, session.id));
  const strangers = strangerMismatches(found.identity);
  if (strangers.length > 0) throw identityMismatch(session.name, strangers);
  const target = session.tmux_session;
  if (target === null || found.pane === null) return { session: session.name, target, killed: false };
  const killed = await ports.tmuxOn(found.panel?.tmux_socket ?? null).killSession(target);
  return { session: session.name, target, killed };
}

export function identityMismatch(name: string, mismatches: readonly string[]): ConveyorError {
  return refuse(
    'identity_mismatch',
    `Session identity verification failed for ${name}: ${mismatches.join(', ')}; register it again, or stop it by hand`,
    { facts: { session: name, mismatches } },
  );
}

const managerGraceMilliseconds = 5000;

/**
 * Asks the supervisor to stop a session of a task. A command each: what one needs permission for does not hold up the
 * other. Call inside a write transaction.
 */
export function queueStop(ledger: Connection, taskId: string, session: Session, now: number): Command {
  const payload = { sessions: [session.name], session_ids: [session.id] };
  // A manager most likely asks from its own terminal: it gets the time to read the answer and end its turn (CP-2).
  const availableAt = session.role === 'manager' ? now + managerGraceMilliseconds : null;
  const stop = { type: stopSessionCommand, taskId, payload, maxAttempts: 3, availableAt };
  return enqueueCommand(ledger, stop, now).command;
}

/** How a queued stop ended, in the form that a dispatcher records. */
type StopOutcome =
  | { readonly state: 'succeeded'; readonly result: { readonly stopped: readonly StoppedSession[] } }
  | { readonly state: 'failed'; readonly error: string; readonly errorType: string };

export interface StopEffect {
  run(command: Command, control: { begin(): boolean }): Promise<StopOutcome>;
}

export interface StopTerms {
  readonly permits: (permission: 'worker_session.stop') => boolean;
  /** What speaks against touching a session because a row says so. */
  readonly refusal: (session: Session, panel: PanelSession | null, binding: Binding) => ConveyorError | null;
}

/**
 * Carries out queued stops. The row is data, not authority: only sessions of its task's newest binding are stopped, never
 * one that works on another task by now, and a worker only if the person permits that to managers. Safe to run again:
 * what has ended counts as stopped.
 */
export function stopSessionEffect(ports: StopPorts, { permits, refusal }: StopTerms): StopEffect {
  return {
    run: async (command, control) => {
      try {
        const { sessions, binding } = sessionsOf(ports.ledger, command);
        refuseUnpermitted(sessions, permits);
        refuseUnconfirmed(ports.ledger, sessions, (session, panel) => refusal(session, panel, binding));
        if (!control.begin()) return failure(refuse('pane_busy', 'another dispatcher took over this stop'));
        const stopped: StoppedSession[] = [];
        for (const session of sessions) {
          const result = await stopSession(ports, session);
          stopped.push(result);
          recordStop(ports, command, session, result);
        }
        return { state: 'succeeded', result: { stopped } };
      } catch (error) {
        if (error instanceof ConveyorError) return failure(error);
        throw error;
      }
    },
  };
}

function failure(error: ConveyorError): StopOutcome {
  return { state: 'failed', error: error.message, errorType: error.code };
}

/** Workers first: a manager may be the one who asked. */
function sessionsOf(
  ledger: Connection,
  { task_id: taskId, payload }: Command,
): { readonly sessions: readonly Session[]; readonly binding: Binding } {
  const ids = Array.isArray(payload.session_ids) ? payload.session_ids : [];
  const binding = taskId === null ? null : findNewestBinding(ledger, taskId);
  if (binding === null) throw refuse('no_binding', 'the task of this command has no sessions');
  const sessions = ids.map((id: unknown) => {
    const session = typeof id === 'string' ? findSessionById(ledger, id) : null;
    if (session === null) throw refuse('unknown_session', 'a session of this command does not exist');
    if (session.id !== binding.worker_session_id && session.id !== binding.manager_session_id) {
      throw refuse(
        'no_binding',
        `session '${session.name}' is not bound to the task of this command; it was left alone`,
      );
    }
    const current = findBindingOfSession(ledger, session.id);
    if (current !== null && current.id !== binding.id) {
      throw refuse('already_bound', `session '${session.name}' works on another task by now; it was left alone`);
    }
    return session;
  });
  const ordered = sessions.toSorted(
    (left, right) => Number(left.role === 'manager') - Number(right.role === 'manager'),
  );
  return { sessions: ordered, binding };
}

function refuseUnpermitted(
  sessions: readonly Session[],
  permits: (permission: 'worker_session.stop') => boolean,
): void {
  const worker = sessions.find(({ role }) => role === 'worker');
  if (worker === undefined || permits('worker_session.stop')) return;
  throw refuse(
    'permission_denied',
    `stopping worker '${worker.name}' for its manager is not permitted; allow worker_session.stop in your own settings, or stop it yourself`,
  );
}

function refuseUnconfirmed(
  ledger: Connection,
  sessions: readonly Session[],
  refusal: (session: Session, panel: PanelSession | null) => ConveyorError | null,
): void {
  for (const session of sessions) {
    const error = refusal(session, findPanelSession(ledger, session.id));
    if (error !== null) throw error;
  }
}

function recordStop(ports: StopPorts, command: Command, session: Session, { target, killed }: StoppedSession): void {
  const now = ports.clock.now();
  ports.ledger.write(() => {
    if (target !== null) markSessionGone(ports.ledger, session.id, now);
    recordEvent(
      ports.ledger,
      {
        type: 'session_stopped',
        taskId: command.task_id,
        commandId: command.id,
        payload: { killed_session: killed, role: session.role, session: session.name, target },
      },
      now,
    );
  });
}
