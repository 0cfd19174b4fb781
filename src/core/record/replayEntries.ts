import { isJsonObject, type JsonObject } from '../domain/json.ts';
import type { AuditRow } from '../ledger/auditTables.ts';
import type { CorrelationChain } from './auditChains.ts';
import { hiddenText } from './redact.ts';
import { collapse, type ReplayEntry, textOf } from './replayEntry.ts';

// What each table tells of a task, as an entry of its story.

export function commandEntry(command: AuditRow<'commands'>): ReplayEntry {
  const { id, type, state, payload, created_at: timestamp } = command;
  const base = { timestamp, source: 'commands', source_id: id, details: { command_id: id, state, type } };
  if (type === 'finish_task') {
    const left = payload.stop_manager === true ? 'manager stopped' : 'manager left open';
    return {
      ...base,
      kind: 'finish',
      actor: 'manager',
      summary: `finished task: ${saidIn(payload, 'reason')} (${left})`,
    };
  }
  const sent = type === 'task_nudge' ? 'nudge' : type === 'task_interrupt' ? 'interrupt' : null;
  if (sent !== null) {
    const said = saidIn(payload, 'message') || saidIn(payload, 'text');
    return { ...base, kind: 'command', actor: 'manager -> worker', summary: `sent ${sent}: ${said}` };
  }
  return { ...base, kind: 'command', actor: 'workerctl', summary: `${type} ${state}` };
}

export function attemptEntry(attempt: AuditRow<'command_attempts'>): ReplayEntry {
  const { id, command_id, correlation_id, dispatcher_id, error, result, state, started_at } = attempt;
  const { side_effect_completed, side_effect_started } = attempt;
  return {
    timestamp: started_at,
    kind: 'command_attempt',
    actor: 'dispatch',
    summary: `dispatch attempt ${state}: ${command_id}`,
    source: 'command_attempts',
    source_id: id,
    details: {
      attempt_id: id,
      command_id,
      correlation_id,
      dispatcher_id,
      error,
      result,
      side_effect_completed,
      side_effect_started,
      state,
    },
  };
}

export function notificationEntry(row: AuditRow<'routed_notifications'>): ReplayEntry {
  const { id, signal_type, state, delivery_mode } = row;
  return {
    timestamp: row.delivered_at ?? row.created_at,
    kind: 'routed_notification',
    actor: 'dispatch',
    summary: `dispatch notification ${signal_type}: ${state} via ${delivery_mode}`,
    source: 'routed_notifications',
    source_id: id,
    details: {
      command_id: row.command_id,
      consumed_at: row.consumed_at,
      consumed_by_session_id: row.consumed_by_session_id,
      consumed_by_session_name: row.consumed_by_session_name,
      correlation_id: row.correlation_id,
      delivered_at: row.delivered_at,
      delivery_mode,
      notification_id: id,
      signal_type,
      source_session_id: row.source_session_id,
      source_session_name: row.source_session_name,
      state,
      target_session_id: row.target_session_id,
      target_session_name: row.target_session_name,
    },
  };
}

export function chainEntry(chain: CorrelationChain): ReplayEntry {
  const parts = [
    chain.command_type,
    chain.command_state,
    numbered('source event', chain.source_event_id),
    numbered('decision', chain.manager_decision_id),
    numbered('cycle', chain.manager_cycle_id),
    counted(chain.attempt_ids.length, 'attempt(s)'),
    counted(chain.routed_notification_ids.length, 'notification(s)'),
  ];
  return {
    timestamp: chain.created_at,
    kind: 'correlation_chain',
    actor: 'dispatch',
    summary: parts.filter((part) => part !== null).join(' -> '),
    source: 'correlation_chains',
    source_id: chain.command_id ?? chain.correlation_id ?? '',
    details: { ...chain },
  };
}

function numbered(name: string, id: number | null | undefined): string | null {
  return id === null || id === undefined ? null : `${name} #${id}`;
}

function counted(count: number, name: string): string | null {
  return count === 0 ? null : `${count} ${name}`;
}

export function decisionEntry({
  id,
  decision,
  reason,
  manager_cycle_id,
  created_at,
}: AuditRow<'manager_decisions'>): ReplayEntry {
  return {
    timestamp: created_at,
    kind: 'decision',
    actor: 'manager',
    summary: `decision ${decision}: ${collapse(reason)}`,
    source: 'manager_decisions',
    source_id: id,
    details: { decision, manager_cycle_id },
  };
}

export function acknowledgementEntry(row: AuditRow<'task_acknowledgements'>): ReplayEntry {
  const { id, role, revision, binding_id, correlation_id, created_at } = row;
  return {
    timestamp: created_at,
    kind: 'acknowledgement',
    actor: role,
    summary: `${role} acknowledged task contract (revision ${revision})`,
    source: 'task_acknowledgements',
    source_id: id,
    details: { ack_id: id, binding_id, correlation_id, revision, role },
  };
}

export function continuationEntry(row: AuditRow<'task_continuations'>): ReplayEntry {
  const { id, proposer, revision, correlation_id, payload, created_at } = row;
  return {
    timestamp: created_at,
    kind: 'continuation',
    actor: proposer,
    summary: `${proposer} proposed continuation (revision ${revision})`,
    source: 'task_continuations',
    source_id: id,
    details: { continuation_id: id, correlation_id, payload_keys: Object.keys(payload).toSorted(), revision },
  };
}

export function reviewEntry(row: Omit<AuditRow<'continuation_reviews'>, 'addendum'>): ReplayEntry {
  const { id, agreement, verdict, correlation_id, manager_continuation_id, worker_continuation_id } = row;
  return {
    timestamp: row.created_at,
    kind: 'continuation_review',
    actor: 'reviewer',
    summary: `continuation review ${agreement} -> ${verdict}`,
    source: 'continuation_reviews',
    source_id: id,
    details: {
      agreement,
      correlation_id,
      manager_continuation_id,
      operator_routing_required: verdict === 'stop' || agreement === 'divergent',
      verdict,
      worker_continuation_id,
    },
  };
}

export function epilogueEntry(row: AuditRow<'epilogue_runs'>): ReplayEntry {
  const { id, step_name, state, error, correlation_id } = row;
  return {
    timestamp: row.finished_at ?? row.started_at,
    kind: 'epilogue',
    actor: 'manager',
    summary: `epilogue ${step_name}: ${state}`,
    source: 'epilogue_runs',
    source_id: id,
    details: { correlation_id, error, state, step_name },
  };
}

/** What became of a criterion, or what was done to a session at once (AT-4). */
export function eventEntry(event: AuditRow<'events'>): ReplayEntry {
  return event.type.startsWith('session_') ? actionEntry(event) : criterionEntry(event);
}

function actionEntry({ id, type, actor, created_at: timestamp, payload }: AuditRow<'events'>): ReplayEntry {
  const outcome = payload.dry_run === true ? ' (dry run)' : payload.success === false ? ' (failed)' : '';
  return {
    timestamp,
    kind: type,
    actor,
    summary: `${type.replace('session_', '')} session ${textOf(payload.session) ?? '?'}${outcome}`,
    source: 'events',
    source_id: id,
    details: { event_type: type, ...payload },
  };
}

/** What a worker handed over, for whoever goes on with it (AT-4). */
export function handoffEntry(row: Omit<AuditRow<'worker_handoffs'>, 'summary'>): ReplayEntry {
  const { id, worker_session_id, payload, created_at: timestamp } = row;
  return {
    timestamp,
    kind: 'handoff',
    actor: 'worker',
    summary: `worker handed over: ${saidIn({ ...row }, 'summary')}`,
    source: 'worker_handoffs',
    source_id: id,
    details: { handoff_id: id, payload_keys: Object.keys(payload).toSorted(), worker_session_id },
  };
}

function criterionEntry(event: AuditRow<'events'>): ReplayEntry {
  return {
    timestamp: event.created_at,
    kind: 'acceptance_criterion',
    actor: event.actor,
    summary: criterionSummary(event.payload),
    source: 'events',
    source_id: event.id,
    details: { event_type: event.type, ...event.payload },
  };
}

function criterionSummary(payload: JsonObject): string {
  const { status, previous_status: before, criterion_id: id } = payload;
  const move = typeof before === 'string' ? ` (${before} -> ${String(status)})` : '';
  const isPutAside = status === 'deferred' || status === 'rejected';
  const proof = saidIn(payload, 'proof');
  const said = (isPutAside && saidIn(payload, 'rationale')) || saidIn(payload, 'criterion');
  const told = status === 'satisfied' ? `proof recorded${proof === '' ? '' : ` (${proof})`}` : said;
  return `${String(status)} criterion #${String(id)}${move}: ${told}`;
}

/** What a field says, on one line; how much, when that is hidden; nothing when it is not there. */
function saidIn(object: JsonObject, field: string): string {
  const { [field]: said, [`${field}_byte_count`]: bytes, [`${field}_line_count`]: lines } = object;
  if (typeof said === 'string') return collapse(said);
  return typeof bytes === 'number' && typeof lines === 'number' ? hiddenText(bytes, lines) : '';
}

export function cycleEntry(row: AuditRow<'manager_cycles'>): ReplayEntry {
  const { id, state, manager_capture_id, worker_capture_id } = row;
  return {
    timestamp: row.completed_at ?? row.started_at,
    kind: 'observe',
    actor: 'manager',
    summary: cycleSummary(row),
    source: 'manager_cycles',
    source_id: id,
    details: { cycle_id: id, manager_capture_id, state, worker_capture_id },
  };
}

function cycleSummary({ state, status, error }: AuditRow<'manager_cycles'>): string {
  if (status?.kind === 'session_cycle') {
    const worker = textOf(status.worker_session) ?? '?';
    if (state === 'failed') return `observe failed for session ${worker}: ${collapse(error)}`;
    const seconds = status.staleness_seconds;
    const age = typeof seconds === 'number' ? ` (staleness ${seconds.toFixed(1)}s)` : '';
    const pattern = textOf(status.notable_pane_pattern);
    const notable = pattern === null ? '' : ` [pane pattern: ${pattern}]`;
    return `observed session ${worker} state ${textOf(status.state) ?? 'unknown'}${age}${notable}`;
  }
  if (state === 'failed') return `observe failed: ${collapse(error)}`;
  const worker = isJsonObject(status?.worker_status) ? status.worker_status : status;
  if (typeof worker?.state !== 'string') return 'observed task';
  return `observed worker status ${worker.state}: ${saidIn(worker, 'current_task') || saidIn(worker, 'task')}`;
}

export function spanEntry(span: AuditRow<'manager_cycle_spans'>): ReplayEntry {
  const { id, manager_cycle_id, phase, state, duration_ms, error_type, attributes } = span;
  const failure = error_type === null ? '' : ` (${error_type})`;
  return {
    timestamp: span.completed_at,
    kind: 'manager_cycle_span',
    actor: 'manager',
    summary: `cycle #${manager_cycle_id} phase ${phase} ${state} in ${duration_ms.toFixed(1)}ms${failure}`,
    source: 'manager_cycle_spans',
    source_id: id,
    details: {
      attributes,
      command_id: span.command_id,
      duration_ms,
      error_type,
      manager_cycle_id,
      manager_decision_id: span.manager_decision_id,
      run_id: span.run_id,
      state,
    },
  };
}
