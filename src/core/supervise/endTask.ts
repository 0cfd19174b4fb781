import { ConveyorError, refuse } from '../domain/errors.ts';
import { recordEvent } from '../ledger/auditStore.ts';
import { findBinding, findNewestBinding, type SessionBinding, withSessions } from '../ledger/bindingStore.ts';
import { type Command, insertCommand, startCommand } from '../ledger/commandStore.ts';
import { findPanelSession } from '../ledger/panelSessionStore.ts';
import type { Session } from '../ledger/sessionStore.ts';
import type { RecordedCapture } from '../ledger/terminalCaptureStore.ts';
import { closeTerminals } from './closeTerminals.ts';
import { checkGates, type Opening } from './endGates.ts';
import {
  closeTask,
  type EndedTask,
  type EndOutput,
  recordFinalDecision,
  recordRefusal,
  recordSuccess,
} from './endRecords.ts';
import { type EndPorts, type EndRequest, givenFacts } from './endRequest.ts';
import { type CapturedPane, capturePanes, captureRefusal, recordCaptures } from './preStopCapture.ts';
import { findRunningSession, type FoundSession, strangerMismatches } from './sessionIdentity.ts';
import { identityMismatch, queueStop } from './stopSessions.ts';

/**
 * Ends a task: gates, then a look at the sessions, then one commit in which the task is over, and only then the
 * terminals, the manager's last (CP-1 to CP-6, CP-45, CP-46).
 *
 * Whatever refuses does so before anything is changed. What has ended counts as stopped, so this can be repeated.
 */
export async function endTask(ports: EndPorts, request: EndRequest): Promise<EndOutput> {
  const { ledger, clock } = ports;
  const opening = ledger.write(() => checkGates(ledger, request, clock.now()));
  if (opening instanceof Error) throw opening;
  const seen = await lookAtSessions(ports, request, opening);
  const captured = await capturePanes(ports, seen.stopping, request.capture);
  const ended = ledger.write(() => commitEnd(ports, request, seen, captured));
  if (ended instanceof Error) throw ended;
  return seen.stopping.length === 0 ? ended.output : closeTerminals(ports, request, seen.stopping, ended);
}

interface SeenSessions extends Opening {
  readonly bound: SessionBinding | null;
  readonly manager: FoundSession | null;
  readonly worker: FoundSession | null;
  /** Those to be stopped, the worker first. In a sandbox nothing can be seen, and this is empty. */
  readonly stopping: readonly FoundSession[];
}

/**
 * Looks at the sessions, and refuses when something else runs in the place of one that is to be stopped. The manager is
 * looked at in any case, for the record; if it has died, that is no reason not to finish (CP-4).
 */
async function lookAtSessions(ports: EndPorts, request: EndRequest, opening: Opening): Promise<SeenSessions> {
  const { ledger, isSandboxed } = ports;
  const { task, isFollowup } = opening;
  const binding = isFollowup ? findNewestBinding(ledger, task.id) : findBinding(ledger, task.id);
  const bound = binding === null ? null : withSessions(ledger, binding);
  if (isSandboxed && request.capture.isWanted) {
    throw refuse(
      'not_supported',
      'terminals cannot be captured from inside the sandbox; run this outside, or leave --capture-transcript-before-stop out',
    );
  }
  if (bound === null || isSandboxed) return { ...opening, bound, manager: null, worker: null, stopping: [] };
  const find = (session: Session) => findRunningSession(ports, session, findPanelSession(ledger, session.id));
  const manager = request.stopManager ? await find(bound.manager) : await findForTheRecord(find, bound.manager);
  const worker = request.stopWorker ? await find(bound.worker) : null;
  const stopping = [worker, request.stopManager ? manager : null].filter((found) => found !== null);
  refuseStrangers(ports, request, opening, stopping);
  return { ...opening, bound, manager, worker, stopping };
}

async function findForTheRecord(
  find: (session: Session) => Promise<FoundSession>,
  session: Session,
): Promise<FoundSession | null> {
  try {
    return await find(session);
  } catch (error) {
    if (ConveyorError.is(error, 'tmux_missing', 'tmux_denied', 'tmux_failed')) return null;
    throw error;
  }
}

/** Everybody is looked at before anybody is stopped (CP-3). */
function refuseStrangers(
  { ledger, clock }: EndPorts,
  request: EndRequest,
  { task }: Opening,
  stopping: readonly FoundSession[],
): void {
  for (const { identity } of stopping) {
    const strangers = strangerMismatches(identity);
    if (strangers.length === 0) continue;
    const refusal = identityMismatch(identity.session, strangers);
    const record = { kind: request.kind, stage: 'session_identity', audit: {}, given: givenFacts(request), refusal };
    ledger.write(() => recordRefusal(ledger, task, record, clock.now()));
    throw refusal;
  }
}

/**
 * The task is over with this commit. Gates are asked again, for the look at the sessions took time. A refusal is
 * returned, so that its record is committed. Call inside a write transaction.
 */
function commitEnd(
  ports: EndPorts,
  request: EndRequest,
  seen: SeenSessions,
  captured: readonly CapturedPane[],
): EndedTask | Error {
  const { ledger, clock } = ports;
  const { kind, capture } = request;
  const now = clock.now();
  const opening = checkGates(ledger, request, now);
  if (opening instanceof Error) return opening;
  const { task } = opening;
  const refusal = captureRefusal(ledger, task.id, seen.stopping, captured, capture);
  if (refusal !== null) {
    const record = { kind, stage: 'transcript_capture', audit: {}, given: givenFacts(request), refusal };
    recordRefusal(ledger, task, record, now);
    return refusal;
  }
  const current = { ...seen, ...opening };
  const payload = intentFacts(request, current);
  const command = insertCommand(ledger, { type: `${kind}_task`, taskId: task.id, payload }, now);
  const final = kind === 'finish' ? recordFinalDecision(ledger, task, command, request.reason, now) : null;
  const ids = { final_decision_id: final?.decisionId ?? null, final_observation_id: final?.observationId ?? null };
  const subject = { taskId: task.id, commandId: command.id };
  recordEvent(ledger, { ...subject, type: `${kind}_task_intent`, payload: { ...payload, ...ids } }, now);
  startCommand(ledger, command, now);
  recordFindings(ports, request, current, command, now);
  const captures = keepCaptures(ports, request, captured, subject, now);
  const run = closeTask(ledger, task, kind, now);
  const output = {
    ...outputFacts(request, current),
    ...ids,
    command_id: command.id,
    pre_stop_transcript_captures: captures,
  };
  const ended = { task, command, run, output: { ...output, ...queueStops(ports, request, current, now) } };
  if (seen.stopping.length === 0) recordSuccess(ledger, kind, ended, now);
  return ended;
}

function recordFindings(
  { ledger }: EndPorts,
  { kind }: EndRequest,
  { task, audits, manager, worker }: SeenSessions,
  command: Command,
  now: number,
): void {
  const note = (type: string, payload: object) =>
    recordEvent(ledger, { type, taskId: task.id, commandId: command.id, payload }, now);
  if (kind === 'finish') note('finish_task_criteria_audit', audits.final_audit);
  if (manager !== null) note('manager_identity_verified', manager.identity);
  if (worker !== null) note('worker_identity_verified', worker.identity);
}

function keepCaptures(
  { ledger }: EndPorts,
  { capture }: EndRequest,
  captured: readonly CapturedPane[],
  subject: { readonly taskId: string; readonly commandId: string },
  now: number,
): readonly RecordedCapture[] {
  if (!capture.isWanted) return [];
  const captures = recordCaptures(ledger, captured, { ...subject, request: capture }, now);
  const payload = { captures, lines: capture.lines, mode: capture.mode };
  recordEvent(ledger, { ...subject, type: 'finish_task_pre_stop_transcript_captured', payload }, now);
  return captures;
}

/** From inside a sandbox no terminal can be closed: the supervisor is asked to, in the same commit. */
function queueStops(
  { ledger, isSandboxed }: EndPorts,
  { stopWorker, stopManager }: EndRequest,
  { task, bound }: SeenSessions,
  now: number,
): Pick<EndOutput, 'queued_stop_command_ids'> {
  if (!isSandboxed || bound === null) return {};
  const asked = [...(stopWorker ? [bound.worker] : []), ...(stopManager ? [bound.manager] : [])];
  const open = asked.filter((session) => session.tmux_session !== null && session.state === 'active');
  return { queued_stop_command_ids: open.map((session) => queueStop(ledger, task.id, session, now).id) };
}

/** What led to the end: the command's payload. */
function intentFacts(request: EndRequest, seen: SeenSessions): object {
  return {
    ...givenFacts(request),
    ...commonFacts(request, seen),
    capture_transcript_lines: request.capture.lines,
    capture_transcript_mode: request.capture.mode,
  };
}

function outputFacts(request: EndRequest, seen: SeenSessions) {
  return {
    ...commonFacts(request, seen),
    ...(seen.manager === null ? {} : { manager_identity: seen.manager.identity }),
    ...(seen.worker === null ? {} : { worker_identity: seen.worker.identity }),
    killed_manager: false,
    killed_worker: false,
    reason: request.reason,
    stop_manager: request.stopManager,
    stop_worker: request.stopWorker,
  };
}

function commonFacts({ kind, task }: EndRequest, { audits, isFollowup, decision, bound }: SeenSessions) {
  return {
    ...(kind === 'finish' ? audits : {}),
    already_done_followup: isFollowup,
    finish: kind === 'finish',
    manager_decision: decision,
    manager_session: bound?.manager.name ?? null,
    task,
    worker: bound?.worker.name ?? null,
    worker_session: bound?.worker.name ?? null,
  };
}
