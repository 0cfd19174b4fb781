import { refuse } from '../domain/errors.ts';
import type { JsonObject, JsonValue } from '../domain/json.ts';
import { quoteForShell } from '../domain/shellQuote.ts';
import type { Acknowledgement } from '../ledger/acknowledgementStore.ts';
import { findReceipt } from '../ledger/codexEventStore.ts';
import type { Connection } from '../ledger/connection.ts';
import {
  type CriteriaSummary,
  type Criterion,
  type CriterionStatus,
  listCriteria,
  summarizeCriteria,
} from '../ledger/criterionStore.ts';
import { findHandoff, type Handoff } from '../ledger/handoffStore.ts';
import { findManagerConfig, type ManagerConfig } from '../ledger/managerConfigStore.ts';
import type { Task } from '../ledger/taskStore.ts';
import { type AcknowledgementState, acknowledgementStates, describeGap } from './acknowledge.ts';

/** What a manager should read before it decides. Wire names: it is printed and kept with the cycle. */
export interface ManagerContext {
  readonly manager_config: ManagerConfig | null;
  readonly worker_ack: Acknowledgement | null;
  readonly manager_ack: Acknowledgement | null;
  readonly worker_handoff: Handoff | null;
  readonly worker_receipt: JsonObject | null;
  readonly acceptance_criteria: CriteriaByStatus;
  readonly criteria_negotiation: CriteriaNegotiation;
}

interface CriteriaByStatus {
  readonly summary: CriteriaSummary;
  readonly open: readonly Criterion[];
  readonly proposed: readonly Criterion[];
  readonly satisfied: readonly Criterion[];
  readonly deferred: readonly Criterion[];
  readonly rejected: readonly Criterion[];
}

interface CriteriaNegotiation {
  readonly needed: boolean;
  readonly reason: 'no_criteria' | 'no_current_task_criteria' | 'active_criteria_present';
  readonly prompt: string | null;
  readonly suggested_actions: readonly string[];
}

/** Reads it all. Throws `acknowledgement_missing` when the policy asks for answers and one does not stand. */
export function loadManagerContext(ledger: Connection, task: Task, reference: string, program: string): ManagerContext {
  const config = findManagerConfig(ledger, task.id);
  const states = acknowledgementStates(ledger, task.id);
  if (config?.require_acks === true) {
    const stale = states.filter(({ gap }) => gap !== null);
    if (stale.length > 0) throw acknowledgementsMissing(reference, stale, program);
  }
  const criteria = listCriteria(ledger, task.id);
  const answer = (role: 'worker' | 'manager') => states.find((one) => one.role === role)?.acknowledgement ?? null;
  return {
    manager_config: config,
    worker_ack: answer('worker'),
    manager_ack: answer('manager'),
    worker_handoff: findHandoff(ledger, task.id),
    worker_receipt: workerReceipt(ledger, task.id),
    acceptance_criteria: byStatus(criteria),
    criteria_negotiation: negotiation(criteria, reference, program),
  };
}

function acknowledgementsMissing(reference: string, stale: readonly AcknowledgementState[], program: string) {
  const commands = stale
    .map(({ role }) => `"${program} ${role}-ack ${quoteForShell(reference)} --from-stdin"`)
    .join(' and ');
  return refuse(
    'acknowledgement_missing',
    `cycle requires current acknowledgement(s) of the task contract: ${stale.map(describeGap).join(', ')}; give them with ${commands}`,
  );
}

function workerReceipt(ledger: Connection, taskId: string): JsonObject | null {
  const receipt = findReceipt(ledger, taskId);
  if (receipt === null) return null;
  const { payload, ...source } = receipt;
  const fact = (key: string): JsonValue => payload[key] ?? null;
  return {
    ...source,
    completed_at: fact('completed_at'),
    duration_ms: fact('duration_ms'),
    last_agent_message: fact('last_agent_message'),
    time_to_first_token_ms: fact('time_to_first_token_ms'),
    turn_id: fact('turn_id'),
  };
}

function byStatus(criteria: readonly Criterion[]): CriteriaByStatus {
  const of = (status: CriterionStatus) => criteria.filter((one) => one.status === status);
  return {
    summary: summarizeCriteria(criteria),
    open: of('accepted'),
    proposed: of('proposed'),
    satisfied: of('satisfied'),
    deferred: of('deferred'),
    rejected: of('rejected'),
  };
}

function negotiation(criteria: readonly Criterion[], reference: string, program: string): CriteriaNegotiation {
  const isCurrent = criteria.some(({ status }) => status !== 'deferred' && status !== 'rejected');
  if (isCurrent) return { needed: false, reason: 'active_criteria_present', prompt: null, suggested_actions: [] };
  const add = (status: string, source: string) =>
    `${program} criteria ${quoteForShell(reference)} --add --criterion "…" --source ${source} --status ${status}`;
  return {
    needed: true,
    reason: criteria.length === 0 ? 'no_criteria' : 'no_current_task_criteria',
    prompt:
      'Before you go on, name two to four acceptance criteria for this task. Say for each whether it must be true before the task is done or can follow later, and how it will be verified: a command, a test, a screenshot.',
    suggested_actions: [
      'Ask the worker for criteria with the prompt above.',
      `Record what must be true: ${add('accepted', 'worker_proposed')}`,
      `Record what is still open to debate: ${add('proposed', 'worker_proposed')}`,
      `Record what follows later: ${add('deferred', 'manager_inferred')}`,
    ],
  };
}
