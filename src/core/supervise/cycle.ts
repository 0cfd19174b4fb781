import type { Attention } from '../domain/attention.ts';
import type { JsonObject, JsonValue } from '../domain/json.ts';
import { formatTimestamp, parseTimestamp } from '../domain/timestamps.ts';
import { findBindingStart, requireSessionBinding } from '../ledger/bindingStore.ts';
import { countEventsSince } from '../ledger/codexEventStore.ts';
import type { Connection } from '../ledger/connection.ts';
import { listTaskDeliveries, putAllBack, takeAll } from '../ledger/cycleStore.ts';
import { listInbox, type Mailbox, type TakenItem } from '../ledger/inboxStore.ts';
import type { Notification } from '../ledger/notificationStore.ts';
import type { StoredObservation } from '../ledger/observationStore.ts';
import type { Session } from '../ledger/sessionStore.ts';
import { requireTask } from '../ledger/taskStore.ts';
import type { Clock } from '../ports/clock.ts';
import type { HostFacts } from '../ports/hostFacts.ts';
import { attentionOfSession, defaultSilenceSeconds, type Need, needsOf } from './attention.ts';
import { loadManagerContext, type ManagerContext } from './cycleContext.ts';
import { CycleRecord, type CycleSubject } from './cycleRecord.ts';
import { type PaneSignal, paneSignal, type Staleness } from './paneSignal.ts';
import { readSessionState, type SessionState, type TaskView, viewForTask } from './sessionState.ts';

export interface IngestCount {
  readonly new_events: number;
  readonly new_offset: number;
  readonly skipped_lines: number;
}

export interface CycleDependencies {
  readonly ledger: Connection;
  readonly clock: Clock;
  readonly host: HostFacts;
  /** How the command line is called in advice. */
  readonly program: string;
  readonly ingest: (session: Session) => Promise<IngestCount>;
  /** With one's own eyes or a supervisor's; null when nobody could look. */
  readonly look: (session: Session) => Promise<StoredObservation | null>;
  /** What is to be said about how the observation came about, when it is not one's own. */
  readonly note: string | null;
}

export interface CycleRequest {
  readonly task: string;
  readonly busyWaitSeconds: number;
  /** Only the manager itself takes its mail; others may see that there is some. */
  readonly takesMail: boolean;
}

/** A finished cycle. Its mail is in the caller's hands: to be consumed once it was shown, or put back. */
export interface Cycle {
  readonly output: CycleOutput;
  readonly taken: readonly TakenItem[];
}

/** Wire names: this is what `cycle` prints. */
export interface CycleOutput {
  readonly kind: 'session_cycle';
  readonly task: string;
  readonly binding_id: string;
  readonly worker_session: string;
  readonly manager_session: string;
  readonly ingest: IngestCount;
  readonly state: TaskView['state'];
  readonly last_state_event_at: string | null;
  readonly staleness_seconds: number | null;
  readonly pane_signal: PaneSignal;
  readonly notable_pane_pattern: string | null;
  readonly worker_alive: boolean | null;
  readonly manager_alive: boolean | null;
  readonly last_event_subtype: string | null;
  readonly task_completed: boolean;
  readonly consumed_dispatch_notifications: number;
  readonly manager_context: ManagerContext;
  /** Who looked at processes and panes: `cli`, a dispatcher's id, or `nobody`. */
  readonly observed_by: string;
  readonly observation: ObservationView;
  /** What the worker is at: richer than `state`, which stays as it always was (docs/states.md). */
  readonly attention: Attention & { readonly needs: readonly Need[] };
  readonly deliveries: readonly JsonValue[];
  /** What was in the manager's mail, oldest first: reading it here is reading it (OD-12). */
  readonly notifications: readonly JsonObject[];
  readonly cycle_id: number;
  readonly cycle_started_at: string;
  readonly cycle_completed_at: string;
}

interface ObservationView {
  readonly worker: SessionLook | null;
  readonly manager: SessionLook | null;
  readonly note: string | null;
}

interface SessionLook {
  readonly alive: boolean | null;
  readonly reason: string;
  readonly screen: string | null;
  readonly dialog: string | null;
  readonly observed_at: string;
  readonly age_seconds: number | null;
}

/**
 * One observation of a task: reads what the worker wrote, looks at it, and gathers what its manager should know. Never
 * acts on the worker. Recorded with its phases whatever comes of it.
 *
 * Throws `unknown_task` and `no_binding` (without a record), and what ingest and the acknowledgements' gate refuse.
 */
export async function runCycle(deps: CycleDependencies, request: CycleRequest): Promise<Cycle> {
  const { ledger, clock } = deps;
  const task = requireTask(ledger, request.task);
  const bound = requireSessionBinding(ledger, task, request.task);
  const subject: CycleSubject = { ...bound, task, reference: request.task };
  const record = new CycleRecord(ledger, clock, subject, request.busyWaitSeconds);
  let taken: readonly TakenItem[] = [];
  try {
    const seen = await observe(deps, record, subject, request);
    const loaded = await record.phase(
      'load_manager_context',
      () => {
        const context = loadManagerContext(ledger, task, request.task, deps.program);
        taken = request.takesMail ? takeAll(ledger, deps, mailboxOf(subject), `cycle-${record.id}`) : [];
        return {
          context,
          mail: request.takesMail ? taken.map(({ notification }) => notification) : peek(deps, subject),
        };
      },
      ({ context }) => ({ attributes: contextFacts(context, taken.length) }),
    );
    return { output: close(deps, record, subject, { ...seen, ...loaded, takenCount: taken.length }), taken };
  } catch (error) {
    putAllBack(ledger, deps, taken);
    record.fail(error);
    throw error;
  }
}

interface Seen {
  readonly ingest: IngestCount;
  readonly state: SessionState;
  readonly view: TaskView;
  readonly staleness: Staleness;
  readonly signal: PaneSignal;
  readonly worker: StoredObservation | null;
  readonly manager: StoredObservation | null;
  readonly attention: Attention;
}

async function observe(
  deps: CycleDependencies,
  record: CycleRecord,
  { binding, worker, manager }: CycleSubject,
  { busyWaitSeconds }: CycleRequest,
): Promise<Seen> {
  const { ledger } = deps;
  const firstEventId = findBindingStart(ledger, binding.id);
  const ingest = await record.phase(
    'ingest_rollout',
    () => deps.ingest(worker),
    ({ new_events, new_offset }) => ({ attributes: { new_events, new_offset, worker_session: worker.name } }),
  );
  const { state, view, staleness } = await record.phase(
    'infer_worker_state',
    () => inferState(ledger, worker, firstEventId, record.startedAt),
    (result) => ({
      attributes: {
        last_state_event_present: result.view.last_state_event_at !== null,
        staleness_seconds: result.staleness.seconds,
        state: result.view.state,
      },
    }),
  );
  const recentEventCount = countEventsSince(ledger, worker.id, firstEventId, record.startedAt - busyWaitSeconds * 1000);
  const { signal, seenWorker } = await record.phase(
    'capture_pane_signal',
    async () => {
      const found = await deps.look(worker);
      const question = { pane: found?.pane ?? null, staleness, busyWaitSeconds, recentEventCount };
      return { seenWorker: found, signal: paneSignal(question) };
    },
    (result) => ({ attributes: signalFacts(result.signal), degraded: result.signal.degraded }),
  );
  record.addSpan('classify_pane_signal', { captured: signal.captured, notable_pattern: signal.notable_pattern });
  const attention = attentionOfSession(ledger, {
    session: worker,
    state,
    observation: seenWorker,
    now: deps.clock.now(),
    silenceLimitSeconds: Math.max(busyWaitSeconds, defaultSilenceSeconds),
  });
  return { ingest, state, view, staleness, signal, worker: seenWorker, manager: await deps.look(manager), attention };
}

function inferState(ledger: Connection, worker: Session, firstEventId: number, now: number) {
  const state = readSessionState(ledger, worker.id);
  const view = viewForTask(ledger, worker.id, state, firstEventId);
  return { state, view, staleness: stalenessOf(view.last_state_event_at, now) };
}

function stalenessOf(timestamp: string | null, now: number): Staleness {
  if (timestamp === null) return { seconds: null, problem: null };
  const at = parseTimestamp(timestamp);
  // The reference may have stored a time that nobody can read; that is no reason to see nothing (OD-6).
  if (at === null) return { seconds: null, problem: `the time of the last state event cannot be read (${timestamp})` };
  return { seconds: Math.max(0, (now - at) / 1000), problem: null };
}

function mailboxOf({ manager, binding }: CycleSubject): Mailbox {
  return { sessionId: manager.id, bindingId: binding.id };
}

const mailShown = 50;

function peek({ ledger, clock, host }: CycleDependencies, subject: CycleSubject): Notification[] {
  return listInbox(ledger, { clock, host }, mailboxOf(subject), mailShown);
}

interface Gathered extends Seen {
  readonly context: ManagerContext;
  readonly mail: readonly Notification[];
  readonly takenCount: number;
}

function close(deps: CycleDependencies, record: CycleRecord, subject: CycleSubject, seen: Gathered): CycleOutput {
  const { binding, worker, manager, task, reference } = subject;
  const { ingest, view, staleness, signal, context } = seen;
  // What was settled meanwhile, or a little before, is still news.
  const deliveries = listTaskDeliveries(deps.ledger, task.id, record.startedAt - newsMilliseconds);
  const undelivered = deliveries
    .filter((one) => one.state === 'undelivered' && one.command_type !== 'notify_manager')
    .map(({ reason }) => reason);
  const needs = needsOf({
    session: worker.name,
    attention: seen.attention,
    pane: seen.worker?.pane ?? null,
    undelivered,
  });
  const status = {
    kind: 'session_cycle' as const,
    task: reference,
    binding_id: binding.id,
    worker_session: worker.name,
    manager_session: manager.name,
    ingest,
    ...view,
    staleness_seconds: staleness.seconds,
    pane_signal: signal,
    notable_pane_pattern: signal.notable_pattern,
    worker_alive: aliveOf(worker, seen.worker),
    manager_alive: aliveOf(manager, seen.manager),
    consumed_dispatch_notifications: seen.takenCount,
    manager_context: context,
    observed_by: seen.worker?.observed_by ?? seen.manager?.observed_by ?? 'nobody',
    observation: { worker: lookOf(seen.worker), manager: lookOf(seen.manager), note: deps.note },
    attention: { ...seen.attention, needs },
  };
  const { worker_alive, manager_alive, state, task_completed, last_event_subtype, notable_pane_pattern } = status;
  record.addSpan('persist_cycle_row', { manager_alive, state, task_completed, worker_alive });
  const completedAt = record.succeed(JSON.parse(JSON.stringify(status)), {
    ingest,
    last_event_subtype,
    manager_alive,
    notable_pane_pattern,
    state,
    task_completed,
    worker_alive,
  });
  return {
    ...status,
    deliveries,
    notifications: seen.mail.map(mailItem),
    cycle_id: record.id,
    cycle_started_at: formatTimestamp(record.startedAt),
    cycle_completed_at: formatTimestamp(completedAt),
  };
}

const newsMilliseconds = 60_000;

/** A session without a process of its own counts as not alive, as it always did; unknown is said as unknown. */
function aliveOf(session: Session, look: StoredObservation | null): boolean | null {
  if (look === null) return null;
  return look.alive ?? (session.pid === null && !look.pane.expected ? false : null);
}

function lookOf(look: StoredObservation | null): SessionLook | null {
  if (look === null) return null;
  const { alive, reason, pane, observed_at, age_seconds } = look;
  return { alive, reason, screen: pane.screen, dialog: pane.dialog, observed_at, age_seconds };
}

function mailItem(notification: Notification): JsonObject {
  const { id, signal_type, correlation_id, command_id, source_session_name, created_at, payload } = notification;
  return { id, signal_type, correlation_id, command_id, source_session_name, created_at, payload };
}

function signalFacts({ captured, classifier, degraded, notable_pattern, status_age_seconds }: PaneSignal): object {
  return { captured, classifier, degraded, notable_pattern, status_age_seconds };
}

function contextFacts(context: ManagerContext, taken: number): object {
  return {
    accepted_criteria: context.acceptance_criteria.summary.accepted,
    consumed_dispatch_notifications: taken,
    manager_ack_present: context.manager_ack !== null,
    manager_config_present: context.manager_config !== null,
    require_acks: context.manager_config?.require_acks ?? false,
    worker_ack_present: context.worker_ack !== null,
    worker_handoff_present: context.worker_handoff !== null,
    worker_receipt_present: context.worker_receipt !== null,
  };
}
