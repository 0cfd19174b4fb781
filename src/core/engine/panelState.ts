import type { Attention } from '../domain/attention.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import type { TurnPhase } from '../domain/turnState.ts';
import { viewWorkerState } from '../domain/workerState.ts';
import type { Connection } from '../ledger/connection.ts';
import { type Criterion, criterionStatuses, listCriteria, type CriterionStatus } from '../ledger/criterionStore.ts';
import { isLive } from '../domain/lease.ts';
import { leadershipLease, type LeaseHost, momentOf, readLease } from '../ledger/leaseStore.ts';
import { readObservation, type StoredObservation } from '../ledger/observationStore.ts';
import {
  type DeliverySummary,
  type Heartbeat,
  readPanelRows,
  type SessionSummary,
  type TaskSummary,
} from '../ledger/panelStateStore.ts';
import { attentionOfSession, type Need, needOf } from '../supervise/attention.ts';
import { readSessionState, type SessionState } from '../supervise/sessionState.ts';

/** How long a settled message stays in sight. Milliseconds. */
const settledFor = 60_000;

export interface PanelState {
  readonly leader: { readonly id: string; readonly heartbeatAgeMs: number } | null;
  readonly heartbeat: (Heartbeat & { readonly ageMs: number }) | null;
  readonly tasks: readonly PanelTask[];
  readonly sessions: readonly PanelSessionState[];
  readonly criteria: readonly (Criterion & { readonly task: string })[];
}

export interface PanelTask {
  readonly row: TaskSummary;
  readonly counts: Readonly<Record<CriterionStatus, number>>;
  readonly deliveries: readonly DeliverySummary[];
}

export interface PanelSessionState {
  readonly row: SessionSummary;
  readonly state: 'busy' | 'idle' | 'unknown';
  readonly source: 'rollout' | 'pane' | 'none';
  readonly observedAt: string | null;
  readonly note: string | null;
  readonly turn: TurnPhase;
  readonly attention: Attention;
  /** What it needs from the person, if anything. */
  readonly need: Need | null;
  readonly observation: StoredObservation | null;
}

/** Remembers how far each session's events were read, so that a look costs what is new. */
export class PanelReader {
  readonly #ledger: Connection;
  readonly #at: LeaseHost;
  readonly #states = new Map<string, SessionState>();

  constructor(ledger: Connection, at: LeaseHost) {
    this.#ledger = ledger;
    this.#at = at;
  }

  /** Everything that the panel shows, at one moment. */
  read(): PanelState {
    const now = this.#at.clock.now();
    const rows = readPanelRows(this.#ledger, formatTimestamp(now - settledFor));
    const lease = readLease(this.#ledger, leadershipLease);
    const moment = momentOf(this.#at);
    return {
      leader:
        lease !== null && isLive(lease, moment)
          ? { id: lease.holder, heartbeatAgeMs: moment.monotonic - lease.renewedMonotonic }
          : null,
      heartbeat:
        rows.heartbeat === null
          ? null
          : { ...rows.heartbeat, ageMs: Math.max(0, now - Date.parse(rows.heartbeat.timestamp)) },
      tasks: rows.tasks.map((row) => ({
        row,
        counts: countsOf(rows.counts.filter(({ task_id: id }) => id === row.id)),
        deliveries: rows.deliveries.filter(({ task_id: id }) => id === row.id),
      })),
      sessions: rows.sessions.map((row) => this.#session(row)),
      criteria: rows.tasks.flatMap(({ id, name }) =>
        listCriteria(this.#ledger, id).map((criterion) => ({ ...criterion, task: name })),
      ),
    };
  }

  #session(row: SessionSummary): PanelSessionState {
    const known = this.#states.get(row.id) ?? null;
    const events = readSessionState(this.#ledger, row.id, known);
    this.#states.set(row.id, events);
    const view = viewWorkerState(events.worker);
    const observation = readObservation(this.#ledger, row.id, this.#at);
    const shown = shownByPane(observation);
    const isKnown = view.state !== 'unknown';
    const now = this.#at.clock.now();
    const attention = attentionOfSession(this.#ledger, { session: row, state: events, observation, now });
    return {
      row,
      state: isKnown ? view.state : shown,
      source: isKnown ? 'rollout' : shown === 'unknown' ? 'none' : 'pane',
      observedAt: isKnown ? view.last_state_event_at : (observation?.observed_at ?? null),
      note: noteOn(row, view.state, shown, observation),
      turn: events.worker.turn.turn,
      attention,
      need: needOf(row.name, attention),
      observation,
    };
  }
}

function countsOf(
  found: readonly { status: CriterionStatus; count: number }[],
): Readonly<Record<CriterionStatus, number>> {
  const counts = { proposed: 0, accepted: 0, satisfied: 0, deferred: 0, rejected: 0 };
  for (const status of criterionStatuses) counts[status] = found.find((one) => one.status === status)?.count ?? 0;
  return counts;
}

/** What the screen says by itself; the rollout is the arbiter where it says anything. */
function shownByPane(observation: StoredObservation | null): 'busy' | 'idle' | 'unknown' {
  const screen = observation?.pane.screen ?? null;
  if (screen?.startsWith('busy')) return 'busy';
  return screen === 'composer_ready' ? 'idle' : 'unknown';
}

/** One line on why a state is unknown or doubtful. */
function noteOn(
  row: SessionSummary,
  state: 'busy' | 'idle' | 'unknown',
  shown: 'busy' | 'idle' | 'unknown',
  observation: StoredObservation | null,
): string | null {
  if (row.state === 'gone') return 'The session is gone, but its binding is still there.';
  if (observation?.alive === false) return `It does not run any more: ${observation.reason}.`;
  if (observation?.pane.expected && observation.pane.problem !== null)
    return `Its pane cannot be seen: ${observation.pane.problem}`;
  if (state === 'idle' && shown === 'busy') return 'Its screen shows a running turn that the rollout does not know.';
  if (state === 'unknown' && shown === 'unknown') return 'Nothing was read of it yet.';
  return null;
}
