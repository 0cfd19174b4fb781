import { recordAgentObservation } from '../ledger/agentObservationStore.ts';
import { recordEvent } from '../ledger/auditStore.ts';
import { endBindings } from '../ledger/bindingStore.ts';
import { type Command, finishCommand, insertCommand, startCommand } from '../ledger/commandStore.ts';
import type { Connection } from '../ledger/connection.ts';
import { findActiveRun, type RunStatus } from '../ledger/runStore.ts';
import { setTaskState, type Task } from '../ledger/taskStore.ts';
import { recordTelemetry } from '../ledger/telemetryStore.ts';
import type { RecordedCapture } from '../ledger/terminalCaptureStore.ts';
import { type DecisionAssessment, noteDecision } from './decisions.ts';
import type { FinishAudits } from './finishGates.ts';
import { finishRun } from './runs.ts';
import type { SessionIdentity } from './sessionIdentity.ts';

export type EndKind = 'finish' | 'stop';

/** What the end of a task prints, and what its command and events keep. Audits and identities only where they apply. */
export interface EndOutput extends Partial<FinishAudits> {
  readonly already_done_followup: boolean;
  readonly command_id: string;
  readonly final_decision_id: number | null;
  readonly final_observation_id: number | null;
  readonly finish: boolean;
  readonly killed_manager: boolean;
  readonly killed_worker: boolean;
  readonly manager_decision: DecisionAssessment;
  readonly manager_identity?: SessionIdentity;
  readonly manager_session: string | null;
  readonly message_result?: { readonly delivered: boolean; readonly reason: string | null };
  readonly pre_stop_transcript_captures: readonly RecordedCapture[];
  /** Stops that wait for the supervisor, because this runs in a sandbox. */
  readonly queued_stop_command_ids?: readonly string[];
  readonly reason: string;
  readonly stop_manager: boolean;
  readonly stop_worker: boolean;
  readonly task: string;
  readonly worker: string | null;
  readonly worker_identity?: SessionIdentity;
  readonly worker_session: string | null;
}

/** A refused end goes on record as an expected failure. Call inside a write transaction. */
export function recordRefusal(
  ledger: Connection,
  task: Task,
  { kind, stage, audit, given, refusal }: RefusedEnd,
  now: number,
): void {
  const facts = { expected_failure: true, failure_stage: stage, finish: kind === 'finish', task: task.name, ...audit };
  const command = insertCommand(
    ledger,
    { type: `${kind}_task`, taskId: task.id, payload: { ...given, ...facts } },
    now,
  );
  startCommand(ledger, command, now);
  const result = { ...facts, command_id: command.id };
  finishCommand(ledger, command, { state: 'failed', result, error: refusal.message }, now);
  const payload = { ...result, error: refusal.message, error_type: refusal.name };
  recordEvent(ledger, { type: `${kind}_task_failed`, taskId: task.id, commandId: command.id, payload }, now);
}

export interface RefusedEnd {
  readonly kind: EndKind;
  readonly stage: string;
  readonly audit: object;
  /** What was asked for. */
  readonly given: object;
  readonly refusal: Error;
}

/** The decision that a finish stands for, and its note. Call inside a write transaction. */
export function recordFinalDecision(
  ledger: Connection,
  task: Task,
  command: Command,
  reason: string,
  now: number,
): { readonly decisionId: number; readonly observationId: number } {
  const payload = { command_id: command.id, source: 'finish_task' };
  const decision = noteDecision(ledger, task, { decision: 'stop', reason, payload }, now);
  const observationId = recordAgentObservation(
    ledger,
    {
      taskId: task.id,
      role: 'manager',
      type: 'decision',
      commandId: command.id,
      message: reason,
      payload: { decision: 'stop', decision_id: decision.id, source: 'finish_task' },
    },
    now,
  );
  return { decisionId: decision.id, observationId };
}

/** Ends bindings, task and run. Returns the run that ended. Call inside a write transaction. */
export function closeTask(ledger: Connection, task: Task, kind: EndKind, now: number): ClosedRun | null {
  endBindings(ledger, task.id, now);
  if (task.state !== 'done') setTaskState(ledger, task.id, 'done', now);
  const run = findActiveRun(ledger, task.id);
  if (run === null) return null;
  const ended = finishRun(ledger, run, kind === 'finish' ? 'finished' : 'abandoned', now);
  return { id: ended.id, status: ended.status };
}

export interface ClosedRun {
  readonly id: string;
  readonly status: RunStatus;
}

/** A task that is over, and what is known of its end so far. */
export interface EndedTask {
  readonly task: Task;
  readonly command: Command;
  readonly output: EndOutput;
  readonly run: ClosedRun | null;
}

/** Everything that was to be done is done. Call inside a write transaction. */
export function recordSuccess(ledger: Connection, kind: EndKind, ended: EndedTask, now: number): void {
  const { task, command, output, run } = ended;
  finishCommand(ledger, command, { state: 'succeeded', result: output }, now);
  const type = `${kind}_task_succeeded`;
  recordEvent(ledger, { type, taskId: task.id, commandId: command.id, payload: output }, now);
  const { already_done_followup, killed_manager, killed_worker, reason, stop_manager, stop_worker } = output;
  recordTelemetry(
    ledger,
    {
      type: kind === 'finish' ? 'task_finished' : 'task_stopped',
      summary: `Task ${task.name} ${kind === 'finish' ? 'finished' : 'stopped'}.`,
      taskId: task.id,
      correlation: { command_id: command.id, run_id: run?.id ?? null },
      attributes: {
        already_done_followup,
        killed_manager,
        killed_worker,
        reason,
        run_status: run?.status ?? null,
        stop_manager,
        stop_worker,
      },
    },
    now,
  );
}

/** The task has ended, but a terminal could not be closed. Call inside a write transaction. */
export function recordFailure(
  ledger: Connection,
  kind: EndKind,
  { task, command, output }: EndedTask,
  error: Error,
  now: number,
): void {
  finishCommand(ledger, command, { state: 'failed', result: output, error: error.message }, now);
  const payload = { ...output, error: error.message, error_type: error.name };
  recordEvent(ledger, { type: `${kind}_task_failed`, taskId: task.id, commandId: command.id, payload }, now);
}
