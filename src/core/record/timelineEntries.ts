import { readTurnEvent } from '../codex/readTurnEvent.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../domain/json.ts';
import type { TimelineSource } from '../ledger/timelineStore.ts';
import { collapse, textOf } from './replayEntry.ts';

/** What a row says to a person. */
export interface Presented {
  readonly kind: string;
  readonly actor: string;
  /** The role that a message is carried to. */
  readonly toward?: 'worker' | 'manager' | null;
  readonly summary: string;
  readonly state?: string | null;
  readonly severity?: 'info' | 'warning' | 'error';
  readonly correlationId?: string | null;
  /** By label, in order; what is empty is left out. */
  readonly details: Readonly<Record<string, JsonValue | undefined>>;
}

type Facts = JsonObject;

const presenters: Readonly<Record<TimelineSource, (facts: Facts) => Presented>> = {
  codex_events: presentTurn,
  manager_cycles: presentCycle,
  manager_decisions: presentDecision,
  events: presentEvent,
  task_acknowledgements: (facts) => ({
    kind: 'acknowledgement',
    actor: word(facts.role),
    summary: `${word(facts.role)} acknowledged the contract (revision ${word(facts.revision)})`,
    correlationId: textOf(facts.correlation_id),
    details: { Acknowledged: facts.payload },
  }),
  worker_handoffs: (facts) => ({
    kind: 'handoff',
    actor: 'worker',
    summary: `handed off: ${word(facts.summary)}`,
    details: { Summary: facts.summary, 'Next steps': facts.next_steps, More: facts.payload },
  }),
  task_continuations: (facts) => ({
    kind: 'continuation',
    actor: word(facts.proposer),
    summary: `${word(facts.proposer)} proposed how to continue (revision ${word(facts.revision)})`,
    correlationId: textOf(facts.correlation_id),
    details: { Proposal: facts.payload },
  }),
  continuation_reviews: (facts) => ({
    kind: 'continuation_review',
    actor: 'reviewer',
    summary: `reviewed the continuation: ${word(facts.agreement)}, ${word(facts.verdict)}`,
    state: textOf(facts.verdict),
    severity: facts.verdict === 'stop' ? 'warning' : 'info',
    correlationId: textOf(facts.correlation_id),
    details: { Rationale: facts.rationale, Addendum: facts.addendum },
  }),
  epilogue_runs: (facts) => ({
    kind: 'epilogue',
    actor: 'manager',
    summary: `epilogue ${word(facts.step)}: ${word(facts.state)}`,
    state: textOf(facts.state),
    severity: facts.state === 'failed' ? 'error' : 'info',
    correlationId: textOf(facts.correlation_id),
    details: { Error: facts.error },
  }),
  commands: presentCommand,
  command_attempts: (facts) => ({
    kind: 'command_attempt',
    actor: 'dispatch',
    toward: towardOf(facts.command_type),
    summary: `attempt at ${words(facts.command_type)}: ${word(facts.state)}`,
    state: textOf(facts.state),
    severity: severityOf(facts.state),
    correlationId: textOf(facts.correlation_id),
    details: {
      Error: facts.error,
      Dispatcher: facts.dispatcher,
      Command: facts.command_id,
      Started: facts.started,
      Finished: facts.finished,
    },
  }),
  routed_notifications: presentNotification,
};

export function presentFacts(source: TimelineSource, facts: JsonObject): Presented {
  return presenters[source](facts);
}

function presentTurn(facts: Facts): Presented {
  const payload = isJsonObject(facts.payload) ? facts.payload : {};
  const event = readTurnEvent({ timestamp: null, type: 'event_msg', payload });
  const base = { actor: word(facts.role), details: { Session: facts.session } };
  switch (event.kind) {
    case 'userMessageSeen':
      return {
        ...base,
        kind: 'user_message',
        summary: `was told: ${event.text}`,
        details: { ...base.details, Message: event.text, Turn: event.turnId },
      };
    case 'turnCompleted': {
      const failed = event.error !== null;
      const said = event.lastAgentMessage ?? (failed ? event.error.message : 'without a word');
      return {
        ...base,
        kind: 'turn_completed',
        summary: `${failed ? 'turn failed' : 'turn completed'}: ${said}`,
        state: failed ? 'failed' : 'succeeded',
        severity: failed ? 'error' : 'info',
        details: {
          ...base.details,
          'Last message': event.lastAgentMessage,
          Error: event.error?.message,
          'Duration (ms)': event.durationMs,
          Turn: event.turnId,
        },
      };
    }
    case 'turnAborted':
      return {
        ...base,
        kind: 'turn_aborted',
        summary: `turn aborted${event.reason === null ? '' : `: ${event.reason}`}`,
        state: 'aborted',
        severity: 'warning',
        details: { ...base.details, Turn: event.turnId },
      };
    case 'modelErrorSeen':
      return { ...base, kind: 'model_error', summary: `model error: ${event.error.message}`, severity: 'error' };
    default:
      return { ...base, kind: word(facts.subtype), summary: words(facts.subtype) };
  }
}

function presentCycle(facts: Facts): Presented {
  const { state, staleness, pattern, error } = facts;
  const seconds = typeof staleness === 'number' ? ` for ${duration(staleness)}` : '';
  const notable = typeof pattern === 'string' ? `, ${words(pattern)} on its screen` : '';
  const seen = `saw ${word(facts.worker)} ${word(facts.worker_state)}${seconds}${notable}`;
  const summaries: Readonly<Record<string, string>> = {
    succeeded: seen,
    failed: `could not observe: ${word(error)}`,
    started: 'is observing',
  };
  return {
    kind: 'observe',
    actor: 'manager',
    summary: summaries[word(state)] ?? seen,
    state: state === 'succeeded' ? textOf(facts.worker_state) : textOf(state),
    severity: state === 'failed' ? 'error' : notable === '' ? 'info' : 'warning',
    details: {
      Cycle: facts.id,
      Error: error,
      'New events': facts.new_events,
      'Messages read': facts.consumed,
      'Observed by': facts.observed_by,
    },
  };
}

function presentDecision(facts: Facts): Presented {
  return {
    kind: 'decision',
    actor: 'manager',
    summary: `decided to ${word(facts.decision)}: ${word(facts.reason)}`,
    state: textOf(facts.decision),
    severity: facts.decision === 'escalate' ? 'warning' : 'info',
    details: { Reason: facts.reason, Decision: facts.id, Cycle: facts.cycle, More: facts.payload },
  };
}

function presentEvent(facts: Facts): Presented {
  const payload = isJsonObject(facts.payload) ? facts.payload : {};
  const type = word(facts.type);
  const base = { actor: word(facts.actor), correlationId: textOf(facts.correlation_id) };
  if (!type.startsWith('acceptance_criterion_')) {
    const failed = payload.success === false || type.endsWith('_failed');
    const severity = failed ? 'error' : 'info';
    return { ...base, kind: type, summary: words(type), severity, details: { Details: payload } };
  }
  const { status, previous_status: before, criterion, criterion_id: id, proof, rationale, evidence, source } = payload;
  const move = typeof before === 'string' && before !== status ? ` (was ${before})` : '';
  return {
    ...base,
    kind: 'acceptance_criterion',
    summary: `${word(status)} criterion #${word(id)}${move}: ${word(criterion)}`,
    state: textOf(status),
    details: { Criterion: criterion, Proof: proof, Rationale: rationale, Evidence: evidence, Source: source },
  };
}

function presentCommand(facts: Facts): Presented {
  const payload = isJsonObject(facts.payload) ? facts.payload : {};
  const { type, state, error } = facts;
  const message = textOf(payload.message) ?? textOf(payload.text);
  const isFinish = type === 'finish_task';
  const said = isFinish ? textOf(payload.reason) : message;
  return {
    kind: isFinish ? 'finish' : 'command',
    actor: textOf(payload.asked_by) ?? (isFinish ? 'manager' : 'workerctl'),
    toward: towardOf(type),
    summary: `${words(type)} ${word(state)}${said === null ? '' : `: ${collapse(said)}`}`,
    state: textOf(facts.delivery) ?? textOf(state),
    severity: severityOf(state),
    correlationId: textOf(facts.correlation_id),
    details: {
      Message: message,
      Reason: payload.reason,
      Error: error,
      Delivery: facts.delivery,
      'Delivery note': facts.delivery_reason,
      Permission: facts.permission,
      Command: facts.id,
    },
  };
}

function presentNotification(facts: Facts): Presented {
  const payload = isJsonObject(facts.payload) ? facts.payload : {};
  const way = facts.mode === 'push' ? 'pushed' : 'left in the mailbox';
  const outcome = facts.state === 'delivered' ? way : word(facts.state);
  return {
    kind: 'routed_notification',
    actor: 'dispatch',
    toward: facts.target_role === 'worker' || facts.target_role === 'manager' ? facts.target_role : null,
    summary: `${words(facts.signal)} from ${word(facts.source)} to ${word(facts.target)}: ${outcome}`,
    state: textOf(facts.state),
    severity: severityOf(facts.state),
    correlationId: textOf(facts.correlation_id),
    details: {
      Message: payload.message,
      Receipt: payload.worker_receipt,
      Error: facts.error,
      'Read at': facts.consumed_at,
      Notification: facts.id,
    },
  };
}

function duration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
}

const towardWorker: ReadonlySet<JsonValue | undefined> = new Set([
  'nudge_worker',
  'continue_iteration',
  'request_worker_compact',
  'task_nudge',
  'task_interrupt',
]);

function towardOf(commandType: JsonValue | undefined): 'worker' | 'manager' | null {
  if (towardWorker.has(commandType)) return 'worker';
  return commandType === 'notify_manager' ? 'manager' : null;
}

function severityOf(state: JsonValue | undefined): 'info' | 'warning' | 'error' {
  if (state === 'failed') return 'error';
  return state === 'blocked' || state === 'abandoned' ? 'warning' : 'info';
}

function word(value: JsonValue | undefined): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : '?';
}

function words(value: JsonValue | undefined): string {
  return word(value).replaceAll('_', ' ');
}
