import type { LastHeartbeat, DispatchState } from '../core/engine/dispatchState.ts';
import type { PanelSessionState, PanelState, PanelTask } from '../core/engine/panelState.ts';
import type { DashboardSession, DashboardTask, DashboardView, Receipt } from '../protocol/dashboard.ts';
import { type MoodFacts, moodWords, sessionMood } from '../protocol/sessionMood.ts';
import type { AttentionItem } from '../protocol/snapshot.ts';

/** A heartbeat older than this is no sign of life. Milliseconds. */
const freshHeartbeat = 30_000;

export interface ViewFrame {
  readonly takenAt: string;
  readonly ledgerPath: string;
  readonly cwd: string;
  /** The task that the page is about. */
  readonly task: string | null;
  readonly unconfirmed: ReadonlyMap<string, string>;
  readonly problems: readonly string[];
  readonly receipts: readonly Receipt[];
}

export interface ViewState {
  readonly panel: PanelState;
  readonly heartbeat: LastHeartbeat | null;
  readonly dispatch: DispatchState | null;
}

/** Everything the page shows, at one moment. `state` is null while there is no ledger. */
export function dashboardView(frame: ViewFrame, state: ViewState | null): DashboardView {
  const { task: chosen, unconfirmed, problems, receipts, ...rest } = frame;
  const tasks = state?.panel.tasks ?? [];
  const task = tasks.find(({ row }) => row.name === chosen);
  return {
    ...rest,
    ledgerExists: state !== null,
    task: task === undefined ? null : taskView(task),
    tasks: tasks.map(({ row }) => ({ name: row.name, state: row.state })),
    sessions: state?.panel.sessions.map((session) => sessionView(session, unconfirmed)) ?? [],
    dispatch: dispatchBanner(state),
    detail: detailOf(state?.dispatch ?? null),
    problems: [...problems],
    receipts: [...receipts],
  };
}

function taskView({ row, counts }: PanelTask): DashboardTask {
  const { name, goal, state, worker, manager } = row;
  return { name, goal, state, worker, manager, criteria: { ...counts }, lastCycle: lastCycleOf(row) };
}

function lastCycleOf(row: PanelTask['row']): DashboardTask['lastCycle'] {
  const { cycle_id: id, cycle_at: at, cycle_state: outcome } = row;
  if (id === null || at === null || outcome === null) return null;
  return { id, at, outcome, workerState: row.cycle_worker_state, error: row.cycle_error };
}

function sessionView(session: PanelSessionState, unconfirmed: ReadonlyMap<string, string>): DashboardSession {
  const { row, need, note } = session;
  const why = unconfirmed.get(row.id) ?? null;
  return {
    name: row.name,
    role: row.role,
    word: moodWords[sessionMood(moodFacts(session), waitsFor(session, why))],
    needsYou: need !== null || why !== null,
    note: need?.message ?? (why === null ? note : `Nobody may steer it until you confirm it: ${why}.`),
    task: row.task,
    cwd: row.cwd,
    tmux: row.tmux_session,
    noTerminal: whyNoTerminal(session),
  };
}

/** What the timeline's header says of a session. */
export function actorOf(session: PanelSessionState, unconfirmed: ReadonlyMap<string, string>) {
  const { name, role, word, needsYou } = sessionView(session, unconfirmed);
  return { name, role, word, needsYou };
}

function moodFacts({ row, observation, attention }: PanelSessionState): MoodFacts {
  return { registration: row.state, alive: observation?.alive ?? null, attention };
}

function waitsFor({ need, row }: PanelSessionState, unconfirmed: string | null): AttentionItem['kind'] | null {
  if (need !== null && need.kind !== 'gone') return need.kind;
  // That an unbound session ended is nobody's business but its own.
  if (need !== null && row.task !== null) return 'failed';
  return unconfirmed === null ? null : 'unconfirmed';
}

function whyNoTerminal({ row, observation }: PanelSessionState): string | null {
  if (row.tmux_session === null) return 'It does not run in tmux.';
  return row.state === 'gone' || observation?.alive === false ? 'It has ended.' : null;
}

function dispatchBanner(state: ViewState | null): DashboardView['dispatch'] {
  const leader = state?.panel.leader ?? null;
  const beat = state?.heartbeat ?? null;
  const ages = [leader?.heartbeatAgeMs, beat?.ageMs].filter((age) => age !== undefined);
  const common = {
    dispatcherId: beat?.dispatcherId ?? leader?.id ?? null,
    leader: leader?.id ?? null,
    iteration: beat?.iteration ?? null,
    processed: beat?.processed ?? null,
    isDryRun: beat?.isDryRun ?? false,
    heartbeatAgeMs: ages.length === 0 ? null : Math.round(Math.max(0, Math.min(...ages))),
  };
  if (leader !== null) {
    const message = 'Messages are carried as they come.';
    return { ...common, dispatcherId: leader.id, isDryRun: false, status: 'active', message };
  }
  if (beat === null) {
    const message =
      'Messages wait, and no manager hears that its worker is done. Run “conveyor dispatch --watch”, or open the folder in VS Code.';
    return { ...common, status: 'not_observed', message };
  }
  if (beat.ageMs > freshHeartbeat) {
    const message = `${beat.dispatcherId} has gone quiet: completions may not wake their managers.`;
    return { ...common, status: 'stale', message };
  }
  if (beat.isDryRun) {
    return { ...common, status: 'rehearsing', message: `${beat.dispatcherId} only rehearses: nothing is delivered.` };
  }
  return { ...common, status: 'active', message: 'Messages are carried as they come.' };
}

function detailOf(state: DispatchState | null): DashboardView['detail'] {
  if (state === null) return null;
  const { counts, mail, chains, finish } = state;
  const sum = (pick: (one: DispatchState['mail'][number]) => number) =>
    mail.reduce((total, one) => total + pick(one), 0);
  return {
    counts: {
      queued: counts.queued,
      failed: counts.failed,
      staleClaims: counts.stale_claims,
      atRisk: counts.at_risk,
      suppressed: counts.suppressed,
    },
    inbox: {
      pending: sum(({ pending }) => pending),
      consumed: sum(({ consumed }) => consumed),
      pullRequired: sum(({ pull_required: required }) => required),
      sessions: mail.map(({ session, pending, consumed, latest_consumed_at: latestConsumedAt }) => ({
        name: session,
        pending,
        consumed,
        latestConsumedAt,
      })),
    },
    chains: chains.map((chain) => ({ ...chain, conversation: [...chain.conversation] })),
    finish,
  };
}
