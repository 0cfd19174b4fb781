import { refuse } from '../domain/errors.ts';
import type { Connection } from '../ledger/connection.ts';
import { findManagerConfig } from '../ledger/managerConfigStore.ts';
import { requireTask, type Task } from '../ledger/taskStore.ts';
import { assessDecision, type DecisionAssessment, strictDecisionRefusal } from './decisions.ts';
import { recordRefusal } from './endRecords.ts';
import { type EndRequest, givenFacts } from './endRequest.ts';
import { auditFinish, type FinishAudits, type FinishDemands, shutGate } from './finishGates.ts';

/** A task whose gates are open. */
export interface Opening {
  readonly task: Task;
  /** The task was done before; only its sessions are cleaned up. */
  readonly isFollowup: boolean;
  readonly audits: FinishAudits;
  readonly decision: DecisionAssessment;
}

/**
 * Checks every gate in order. A refusal that goes on record is returned instead of thrown, so that the record is
 * committed with the transaction that this is called in.
 */
export function checkGates(ledger: Connection, request: EndRequest, now: number): Opening | Error {
  const task = requireTask(ledger, request.task);
  const isFollowup = isCleanup(request, task);
  if ((task.state === 'done' || task.state === 'failed') && !isFollowup) throw alreadyEnded(task);
  const demands = demandsOf(ledger, request, task, isFollowup);
  const audits = auditFinish(ledger, task, demands);
  const shut = request.kind === 'finish' ? shutGate(ledger, task, demands, audits) : null;
  if (shut !== null) {
    if (shut.recorded === null) throw shut.refusal;
    const { stage, audit } = shut.recorded;
    const record = { kind: request.kind, stage, audit, given: givenFacts(request), refusal: shut.refusal };
    recordRefusal(ledger, task, record, now);
    return shut.refusal;
  }
  const decision = assessDecision(ledger, task, { decisionId: request.decisionId, allowed: ['stop'] }, now);
  const strict = request.strictDecisions ? strictDecisionRefusal(`${request.kind}_task`, decision) : null;
  if (strict !== null) throw strict;
  return { task, isFollowup, audits, decision };
}

function isCleanup({ kind, stopManager, stopWorker, capture }: EndRequest, task: Task): boolean {
  return kind === 'finish' && task.state === 'done' && (stopManager || stopWorker || capture.isWanted);
}

function alreadyEnded(task: Task): Error {
  return refuse(
    'task_state',
    `task '${task.name}' is already ${task.state}; stop its sessions with "finish-task ${task.name} --stop-worker --stop-manager"`,
  );
}

/** The policy's own demand counts as much as the flag (CP-34); what is over is not judged by it again. */
function demandsOf(ledger: Connection, { kind, demands }: EndRequest, task: Task, isFollowup: boolean): FinishDemands {
  if (kind !== 'finish' || isFollowup || demands.acks) return demands;
  return { ...demands, acks: findManagerConfig(ledger, task.id)?.require_acks === true };
}
