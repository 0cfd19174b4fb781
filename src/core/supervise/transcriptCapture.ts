import { ConveyorError, refuse } from '../domain/errors.ts';
import { type CaptureMode } from '../domain/transcriptSegment.ts';
import { findBinding, findNewestBinding } from '../ledger/bindingStore.ts';
import type { Connection } from '../ledger/connection.ts';
import { findPanelSession } from '../ledger/panelSessionStore.ts';
import { findSessionById, type Session, type SessionRole } from '../ledger/sessionStore.ts';
import type { Task } from '../ledger/taskStore.ts';
import { recordTerminalCapture, type RecordedCapture } from '../ledger/terminalCaptureStore.ts';
import type { Clock } from '../ports/clock.ts';
import { classifierOf } from './preStopCapture.ts';
import { findRunningSession, type FoundSession, type IdentityPorts } from './sessionIdentity.ts';

export interface TranscriptPorts extends IdentityPorts {
  readonly ledger: Connection;
  readonly clock: Clock;
}

export interface CapturedSide {
  readonly role: SessionRole;
  readonly session: Session;
  readonly content: string;
  readonly paneId: string;
  readonly classifier: ReturnType<typeof classifierOf>;
  readonly recorded: RecordedCapture;
}

/** Looks at the terminal of one side of a task and keeps what is new. Throws when it has none, or it is not its own. */
export async function captureSide(
  ports: TranscriptPorts,
  {
    task,
    role,
    mode,
    lines,
  }: { readonly task: Task; readonly role: SessionRole; readonly mode: CaptureMode; readonly lines: number },
): Promise<CapturedSide> {
  const session = sessionOf(ports.ledger, task, role);
  const tmuxSession = session.tmux_session;
  if (tmuxSession === null) {
    throw refuse('no_tmux_session', `${role} ${session.name} has no terminal that could be captured`);
  }
  const found = await findRunningSession(ports, session, findPanelSession(ports.ledger, session.id));
  const paneId = requirePane(found);
  const content = await ports.tmuxOn(found.panel?.tmux_socket ?? null).capture(paneId, { historyLines: lines });
  const classifier = classifierOf(content);
  const recorded = ports.ledger.write(() =>
    recordTerminalCapture(
      ports.ledger,
      {
        taskId: task.id,
        role,
        tmuxSession,
        paneId,
        commandId: null,
        historyLines: lines,
        content,
        classifier,
        source: 'transcript_capture',
        mode,
      },
      ports.clock.now(),
    ),
  );
  return { role, session, content, paneId, classifier, recorded };
}

/** Of the live binding, else of the last one: a task that ended may still have its terminals. */
function sessionOf(ledger: Connection, task: Task, role: SessionRole): Session {
  const binding = findBinding(ledger, task.id) ?? findNewestBinding(ledger, task.id);
  const id = role === 'worker' ? binding?.worker_session_id : binding?.manager_session_id;
  const session = id == null ? null : findSessionById(ledger, id);
  if (session === null) throw refuse('no_binding', `task ${task.name} has no active ${role}; tie one with "bind"`);
  return session;
}

function requirePane({ session, identity, pane }: FoundSession): string {
  if (pane !== null) return pane.paneId;
  const { mismatches } = identity;
  const remedy = mismatches.includes('session_not_as_confirmed')
    ? `look at it, and confirm it with "confirm ${session.name}"`
    : 'register it again with its terminal';
  throw refuse(
    'identity_mismatch',
    `Session identity verification failed for ${session.name}: ${mismatches.join(', ')}; ${remedy}`,
  );
}

/** The sentence for a person who wanted words and got none; rows already written stay. */
export function requireSegments(sides: readonly (CapturedSide | FailedSide)[]): void {
  const missing = sides.filter(
    (side) => !('recorded' in side) || (side.recorded.transcript_segment?.line_count ?? 0) < 1,
  );
  if (missing.length === 0) return;
  const roles = missing.map(({ role }) => role).join(', ');
  throw refuse('gate_failed', `no non-empty transcript segment captured for role(s): ${roles}`);
}

export interface FailedSide {
  readonly role: SessionRole;
  readonly error: string;
}

/** The same for both sides: trouble with one says nothing about the other. */
export async function captureEachSide(
  ports: TranscriptPorts,
  request: { readonly task: Task; readonly mode: CaptureMode; readonly lines: number },
): Promise<(CapturedSide | FailedSide)[]> {
  const sides: (CapturedSide | FailedSide)[] = [];
  for (const role of ['worker', 'manager'] as const) {
    try {
      sides.push(await captureSide(ports, { ...request, role }));
    } catch (error) {
      if (!ConveyorError.is(error)) throw error;
      sides.push({ role, error: error.message });
    }
  }
  return sides;
}
