import { isJsonObject, type JsonObject, type JsonValue } from '../domain/json.ts';
import { readMutations } from '../ledger/auditQueryStore.ts';
import type { AuditedDecision } from '../ledger/auditTables.ts';
import type { Command } from '../ledger/commandStore.ts';
import type { Connection } from '../ledger/connection.ts';
import type { Task } from '../ledger/taskStore.ts';
import { listTelemetry } from '../ledger/telemetryQueryStore.ts';
import { decisionIdOf, linkedDecisionId } from './auditChains.ts';
import { shownDecision, shownRecord, shownTask } from './hideColumns.ts';

/** Commands that change the task or its sessions, and the decisions that justify them. Null: none is needed. */
const justifying: Readonly<Record<string, readonly string[] | null>> = {
  finish_task: ['stop'],
  stop_task: ['stop'],
  request_worker_compact: ['nudge'],
  task_nudge: ['nudge'],
  task_interrupt: ['interrupt'],
  pause_manager: ['escalate', 'stop'],
  extend_nudge_budget: ['escalate'],
  deregister_session: null,
};

/** Commands that talk to a session. They need no decision, but who reads the audit must see that they happened (AT-4). */
const steeringCommands: ReadonlySet<string> = new Set(['nudge_worker', 'notify_manager', 'continue_iteration']);
const steeringTelemetry = [
  'session_nudge_succeeded',
  'session_nudge_failed',
  'session_interrupt_succeeded',
  'session_interrupt_failed',
];

export interface MutationRecord {
  readonly command: { readonly id: string; readonly type: string; readonly state: string; readonly created_at: string };
  readonly allowed_decisions: readonly string[];
  readonly effect: {
    readonly dry_run: boolean;
    readonly sent: boolean;
    readonly send_text: JsonValue;
    readonly slash_command: JsonValue;
    readonly worker_session: JsonValue;
    readonly permission_check: JsonValue;
  };
  readonly expected_failure: boolean;
  readonly linked_decision: JsonObject | null;
  readonly nearest_prior_decision: AuditedDecision | null;
  readonly ok: boolean;
  readonly warnings: readonly string[];
}

/** A message or an interrupt that reached for a session of the task, with the decision that came last before it. */
interface SteeringRecord {
  readonly type: string;
  readonly state: string;
  readonly created_at: string;
  readonly command_id: string | null;
  readonly nearest_prior_decision_id: number | null;
}

export interface MutationAudit {
  readonly ok: boolean;
  readonly task: Task;
  readonly records: readonly MutationRecord[];
  readonly steering: readonly SteeringRecord[];
  readonly summary: { readonly mutations: number; readonly with_warnings: number; readonly steering: number };
}

/** Whether each change of a task has a decision behind it. */
export function auditMutations(ledger: Connection, task: Task, includeContent: boolean): MutationAudit {
  const { commands, decisions } = readMutations(ledger, task.id);
  const records = commands
    .filter(({ type }) => type in justifying)
    .map((command) => judge(command, decisions, includeContent));
  const steering = listSteering(ledger, task, commands, decisions);
  const suspect = records.filter(({ ok }) => !ok).length;
  return {
    ok: suspect === 0,
    task: shownTask(task, includeContent),
    records,
    steering,
    summary: { mutations: records.length, with_warnings: suspect, steering: steering.length },
  };
}

function judge(command: Command, decisions: readonly AuditedDecision[], includeContent: boolean): MutationRecord {
  const allowed = justifying[command.type] ?? null;
  const isExpectedFailure = (command.result?.expected_failure ?? command.payload.expected_failure) === true;
  const link = findLink(command, decisions, includeContent);
  const nearest = nearestDecision(command.created_at, decisions);
  const isExcused = isExpectedFailure && command.state === 'failed';
  const warnings = [
    ...(isExcused ? [] : metadataWarnings(link, allowed)),
    ...(allowed !== null && nearest !== null && link.decision === null ? ['nearest_decision_unlinked'] : []),
    ...(allowed !== null && link.kind !== null && !allowed.includes(link.kind) ? ['linked_decision_incompatible'] : []),
    ...(!isExcused && allowed === null && link.decision !== null ? ['unexpected_linked_decision'] : []),
  ];
  return {
    command: { id: command.id, type: command.type, state: command.state, created_at: command.created_at },
    allowed_decisions: allowed ?? [],
    effect: effectOf(command, includeContent),
    expected_failure: isExpectedFailure,
    linked_decision: link.decision,
    nearest_prior_decision: nearest === null ? null : shownDecision(nearest, includeContent),
    ok: warnings.length === 0,
    warnings,
  };
}

interface Link {
  readonly decision: JsonObject | null;
  readonly kind: string | null;
  /** What the command says about its decision; null when it says nothing. */
  readonly metadata: JsonObject | null;
}

/** A finished task names its final decision itself; anything else says in its result, or its order, which it meant. */
function findLink(
  { type, payload, result }: Command,
  decisions: readonly AuditedDecision[],
  includeContent: boolean,
): Link {
  const finalId = type === 'finish_task' ? (result?.final_decision_id ?? null) : null;
  const final = decisions.find(({ id }) => id === finalId);
  if (final !== undefined) return { ...asLink(final, includeContent), metadata: {} };
  const metadata = firstObject(result?.manager_decision, payload.manager_decision);
  if (metadata === null) return { decision: null, kind: null, metadata: null };
  const own = metadata.decision;
  if (isJsonObject(own)) {
    return {
      decision: shownRecord(own, includeContent),
      kind: typeof own.decision === 'string' ? own.decision : null,
      metadata,
    };
  }
  const id = decisionIdOf(metadata) ?? linkedDecisionId(payload, result);
  const named = decisions.find((decision) => decision.id === id);
  return { ...(named === undefined ? { decision: null, kind: null } : asLink(named, includeContent)), metadata };
}

function asLink(decision: AuditedDecision, includeContent: boolean): Pick<Link, 'decision' | 'kind'> {
  return { decision: { ...shownDecision(decision, includeContent) }, kind: decision.decision };
}

function metadataWarnings({ metadata }: Link, allowed: readonly string[] | null): readonly string[] {
  if (metadata === null) return allowed === null ? [] : ['missing_decision_metadata'];
  const { warnings } = metadata;
  return Array.isArray(warnings) ? warnings.filter((warning) => typeof warning === 'string') : [];
}

/** The last decision that was made no later than the command. */
function nearestDecision(createdAt: string, decisions: readonly AuditedDecision[]): AuditedDecision | null {
  return decisions.findLast(({ created_at }) => created_at <= createdAt) ?? null;
}

function effectOf({ state, payload, result }: Command, includeContent: boolean): MutationRecord['effect'] {
  const value = (key: string): JsonValue => result?.[key] ?? payload[key] ?? null;
  const sendResult = result?.send_result;
  const isDry = value('dry_run') === true || (isJsonObject(sendResult) && sendResult.dry_run === true);
  const check = value('permission_check');
  const text = value('send_text');
  const slash = value('slash_command');
  return {
    dry_run: isDry,
    sent: state === 'succeeded' && isJsonObject(sendResult) && !isDry,
    // More than the slash command would be words.
    send_text: includeContent || text === slash ? text : null,
    slash_command: slash,
    worker_session: value('worker_session'),
    permission_check: isJsonObject(check) ? shownRecord(check, includeContent) : null,
  };
}

function listSteering(
  ledger: Connection,
  task: Task,
  commands: readonly Command[],
  decisions: readonly AuditedDecision[],
): SteeringRecord[] {
  const page = { limit: -1, newestFirst: false };
  const queued = commands
    .filter(({ type }) => steeringCommands.has(type))
    .map(({ id, type, state, created_at }) => ({ type, state, created_at, command_id: id }));
  const direct = steeringTelemetry
    .flatMap((eventType) => listTelemetry(ledger, { taskId: task.id, eventType }, page))
    .map(({ event_type, timestamp }) => ({
      type: event_type.replace(/_(?:succeeded|failed)$/, ''),
      state: event_type.endsWith('_failed') ? 'failed' : 'succeeded',
      created_at: timestamp,
      command_id: null,
    }));
  return [...queued, ...direct]
    .toSorted((left, right) => left.created_at.localeCompare(right.created_at))
    .map((record) => ({
      ...record,
      nearest_prior_decision_id: nearestDecision(record.created_at, decisions)?.id ?? null,
    }));
}

function firstObject(...values: readonly (JsonValue | undefined)[]): JsonObject | null {
  return values.find(isJsonObject) ?? null;
}
