import { deliveryStates } from '../core/domain/deliveryState.ts';
import type { PanelSessionState, PanelState, PanelTask } from '../core/engine/panelState.ts';
import type {
  AttentionItem,
  CriterionView,
  PanelSnapshot,
  Problem,
  SessionAttention,
  SessionView,
  TaskView,
} from '../protocol/snapshot.ts';

export interface SnapshotFrame {
  readonly version: number;
  readonly takenAt: string;
  readonly stateRoot: string;
  readonly ledgerPath: string;
  readonly windowId: string;
  readonly shimFolder: string | null;
  readonly tmuxPath: string | null;
  /** The server to attach to, of what was recorded for a session; null for the person's own. */
  readonly socketOf: (recorded: string | null) => string | null;
  /** Why nothing is done to a session for others, by its id. */
  readonly unconfirmed: ReadonlyMap<string, string>;
  readonly codexPath: string | null;
  readonly processed: number;
  readonly problems: readonly Problem[];
}

/** The ledger's state in the terms of the panel. `state` is null while there is no ledger. */
export function panelSnapshot(frame: SnapshotFrame, state: PanelState | null): PanelSnapshot {
  const { windowId, processed, problems, socketOf, unconfirmed, ...rest } = frame;
  const leader = state?.leader ?? null;
  return {
    ...rest,
    ledgerExists: state !== null,
    leader:
      leader === null
        ? null
        : { id: leader.id, thisWindow: leader.id === windowId, heartbeatAgeMs: Math.round(leader.heartbeatAgeMs) },
    dispatcher: dispatcherOf(state, leader?.id === windowId ? processed : null),
    tasks: state?.tasks.map(taskView) ?? [],
    sessions: state?.sessions.map((session) => sessionView(session, { socketOf, unconfirmed })) ?? [],
    criteria: state?.criteria.map(criterionView) ?? [],
    attention: state === null ? [] : attentionOf(state, unconfirmed),
    problems: [...problems, ...leadershipProblem(leader?.id ?? null, windowId)],
  };
}

function dispatcherOf(state: PanelState | null, processed: number | null): PanelSnapshot['dispatcher'] {
  const beat = state?.heartbeat ?? null;
  if (beat === null) return null;
  return {
    id: beat.dispatcher_id,
    processed: processed ?? beat.processed,
    iteration: beat.iteration,
    heartbeatAt: beat.timestamp,
    heartbeatAgeMs: Math.round(beat.ageMs),
  };
}

function leadershipProblem(leader: string | null, windowId: string): Problem[] {
  if (leader === null || leader === windowId) return [];
  const message = `${leader} leads this ledger; this window shows what it does.`;
  return [{ kind: 'other_window_leads', message, remedy: 'Close the other one to let this window lead.' }];
}

function taskView({ row, counts, deliveries }: PanelTask): TaskView {
  return {
    id: row.id,
    name: row.name,
    goal: row.goal,
    state: row.state,
    worker: row.worker,
    manager: row.manager,
    criteria: { ...counts },
    lastCycle:
      row.cycle_id === null || row.cycle_at === null || row.cycle_state === null
        ? null
        : {
            id: row.cycle_id,
            at: row.cycle_at,
            outcome: row.cycle_state,
            workerState: row.cycle_worker_state,
            error: row.cycle_error,
          },
    deliveries: deliveries.map(({ command_id: commandId, target, state, reason, at }) => ({
      commandId,
      target,
      state: deliveryState(state),
      reason,
      at,
    })),
    timelineVersion: row.timeline_version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** A word that a later version wrote is no state that we can vouch for. */
function deliveryState(state: string): TaskView['deliveries'][number]['state'] {
  return deliveryStates.find((known) => known === state) ?? 'uncertain';
}

function sessionView(
  session: PanelSessionState,
  { socketOf, unconfirmed }: Pick<SnapshotFrame, 'socketOf' | 'unconfirmed'>,
): SessionView {
  const { row } = session;
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    registration: row.state,
    state: session.state,
    source: session.source,
    observedAt: session.observedAt,
    note: session.note,
    attention: attentionView(session),
    question: questionView(session),
    unconfirmed: unconfirmed.get(row.id) ?? null,
    alive: session.observation?.alive ?? null,
    task: row.task,
    cwd: row.cwd,
    pid: row.pid,
    codexSessionId: row.codex_session_id,
    terminal:
      row.tmux_session === null
        ? null
        : {
            session: row.tmux_session,
            target: `=${row.tmux_session}:`,
            paneId: row.pane_id,
            socketPath: socketOf(row.tmux_socket),
          },
  };
}

function attentionView({ attention }: PanelSessionState): SessionAttention {
  const { state, detail, reason, since, sources, contradictions } = attention;
  const from = new Set(sources.map(({ source }) => source));
  return { state, detail, reason, since, sources: [...from], contradictions: [...contradictions] };
}

/** Only while it is what the session waits for: a screen of before is no question any more. */
function questionView({ attention, observation }: PanelSessionState): SessionView['question'] {
  const { dialog = null, question } = observation?.pane ?? {};
  const isAsking = attention.state === 'waiting_approval' || attention.state === 'waiting_input';
  if (!isAsking || dialog === null || question == null) return null;
  const { text, options, fingerprint } = question;
  return { dialog, text, options: options.map(({ number, label }) => ({ number, label })), fingerprint };
}

const shownEvidence = 4000;

function criterionView(criterion: PanelState['criteria'][number]): CriterionView {
  const evidence = JSON.stringify(criterion.evidence, null, 2);
  return {
    id: criterion.id,
    task: criterion.task,
    text: criterion.criterion,
    status: criterion.status,
    source: criterion.source,
    proof: criterion.proof,
    rationale: criterion.rationale,
    evidence: evidence === '{}' ? null : evidence.slice(0, shownEvidence),
    updatedAt: criterion.updated_at,
  };
}

/** What waits for the person; the same thing keeps its id. */
function attentionOf(state: PanelState, unconfirmed: ReadonlyMap<string, string>): AttentionItem[] {
  return [
    ...state.sessions.flatMap(sessionAttention),
    ...state.sessions.filter(({ row }) => unconfirmed.has(row.id)).map(confirmationAttention),
    ...state.sessions.filter(isNews).map(finishedAttention),
    ...state.tasks.flatMap(deliveryAttention),
  ];
}

/** Of a session that is on a task the other side is told; of any other only the person. */
function isNews({ row, attention }: PanelSessionState): boolean {
  const isUnread = attention.state === 'turn_ended' && attention.detail === 'unread';
  return isUnread && row.state === 'active' && row.task === null;
}

function finishedAttention({ row, attention }: PanelSessionState): AttentionItem {
  const since = attention.since ?? '';
  const message = `${row.name} has finished its turn.`;
  return {
    id: `turn_finished:${row.id}:${since}`,
    kind: 'turn_finished',
    message,
    session: row.name,
    task: null,
    since,
  };
}

function confirmationAttention({ row }: PanelSessionState): AttentionItem {
  const message = `${row.name} was put into the ledger by something else: confirm it before others may steer it.`;
  return { id: `unconfirmed:${row.id}`, kind: 'unconfirmed', message, session: row.name, task: row.task, since: '' };
}

function sessionAttention({ row, observation, turn, attention, need }: PanelSessionState): AttentionItem[] {
  if (row.state === 'gone' || need === null) return [];
  // That an unbound session ended is nobody's business but its own.
  if (need.kind === 'gone' && row.task === null) return [];
  const turnKey = turn.phase === 'unknown' ? '' : (turn.turnId ?? '');
  const kind = need.kind === 'gone' ? 'failed' : need.kind;
  // The same thing is announced once, however often it is looked at; the next question of the turn is another one.
  const key = [attention.state, attention.detail ?? '', turnKey, observation?.pane.question?.fingerprint ?? ''].join(
    ':',
  );
  const since = attention.since ?? observation?.observed_at ?? '';
  return [{ id: `${kind}:${row.id}:${key}`, kind, message: need.message, session: row.name, task: row.task, since }];
}

function deliveryAttention({ row, deliveries }: PanelTask): AttentionItem[] {
  return deliveries
    .filter(({ state }) => state === 'undelivered')
    .map(({ command_id: id, target, reason, at }) => ({
      id: `undelivered:${id}`,
      kind: 'undelivered' as const,
      message: `A message did not reach ${target}: ${reason ?? 'unknown reason'}.`,
      session: target,
      task: row.name,
      since: at,
    }));
}
