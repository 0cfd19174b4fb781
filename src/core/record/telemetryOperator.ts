import { ageSeconds, formatTimestamp } from '../domain/timestamps.ts';
import { checkSchema } from '../ledger/diagnose.ts';
import { listSessions, type Session } from '../ledger/sessionStore.ts';
import { listTasks, type Task } from '../ledger/taskStore.ts';
import {
  countCommandsInStates,
  countCycles,
  countOpenTasksCriteria,
  type HealthFilter,
  type LastCycle,
  listCommandsInStates,
  listCycles,
  listLastCycles,
  listOpenAccepted,
} from '../ledger/telemetryQueryHealthStore.ts';
import { type Alert, alertAbove, alertWhen } from './telemetryAlerts.ts';
import { readDrift } from './telemetryDrift.ts';
import { shownTask } from './hideColumns.ts';
import { commandBrief, cycleItemWithTask } from './telemetryItems.ts';
import { ledgerBytes, type ViewContext } from './telemetryView.ts';

/** What is still healthy. Counts alert when they are above. */
export interface Thresholds {
  readonly max_open_criteria: number;
  readonly max_storage_bytes: number | null;
  readonly max_unfinished_commands: number;
  readonly stale_cycle_seconds: number;
  readonly worker_staleness_seconds: number;
}

export const unfinishedStates = ['pending', 'attempted'] as const;
/** A failure that is older than this is history: otherwise health would never recover (AT-11). */
const defaultWindowSeconds = 86_400;

/** The health of everything that this ledger knows, with the reasons to look. */
export function operatorSnapshot(view: ViewContext, thresholds: Thresholds, from?: string | null) {
  const since = from ?? formatTimestamp(view.now - defaultWindowSeconds * 1000);
  const recent = { taskId: null, from: since };
  const parts = readParts(view, thresholds, recent);
  const alerts = operatorAlerts(parts, thresholds);
  return { alerts, checks: { ok: alerts.length === 0, thresholds }, ...parts };
}

export type OperatorSnapshot = ReturnType<typeof operatorSnapshot>;

function readParts(view: ViewContext, thresholds: Thresholds, recent: HealthFilter) {
  return {
    commands: commandHealth(view, recent),
    criteria: criterionHealth(view, { taskId: null }),
    cycles: cycleHealth(view, recent, thresholds),
    reconcile: { ...readDrift(view), schema_health: checkSchema(view.ledger).checks },
    sessions: sessionHealth(view, thresholds),
    storage: storageHealth(view),
    tasks: taskHealth(view),
  };
}

function commandHealth({ ledger, limit, includeContent }: ViewContext, recent: HealthFilter) {
  const any = { taskId: recent.taskId };
  return {
    failed_count: countCommandsInStates(ledger, ['failed'], recent),
    recent_failed: listCommandsInStates(ledger, ['failed'], recent, limit).map((row) =>
      commandBrief(row, includeContent),
    ),
    unfinished_count: countCommandsInStates(ledger, unfinishedStates, any),
    recent_unfinished: listCommandsInStates(ledger, unfinishedStates, any, limit).map((row) =>
      commandBrief(row, includeContent),
    ),
  };
}

export function criterionHealth({ ledger, limit }: ViewContext, filter: HealthFilter) {
  const byStatus = countOpenTasksCriteria(ledger, filter);
  return {
    by_status: byStatus,
    open_accepted: listOpenAccepted(ledger, filter, limit),
    open_accepted_count: byStatus.accepted ?? 0,
  };
}

export function cycleHealth(view: ViewContext, recent: HealthFilter, thresholds: Thresholds) {
  const { ledger, limit, includeContent } = view;
  const stale = staleCycles(view, thresholds.stale_cycle_seconds);
  return {
    recent_failed: listCycles(ledger, 'failed', recent, limit).map((row) => cycleItemWithTask(row, includeContent)),
    recent_failed_count: countCycles(ledger, 'failed', recent),
    stale,
    stale_count: stale.length,
  };
}

function staleCycles({ ledger, now }: ViewContext, staleSeconds: number): (LastCycle & { age_seconds: number })[] {
  return listLastCycles(ledger)
    .map((cycle) => ({ ...cycle, age_seconds: ageSeconds(cycle.last_cycle_at, now) ?? 0 }))
    .filter((cycle) => cycle.age_seconds > staleSeconds);
}

export function sessionHealth(view: ViewContext, { worker_staleness_seconds }: Thresholds) {
  const sessions = listSessions(view.ledger)
    .filter(({ state }) => state === 'active')
    .toSorted((left, right) => left.name.localeCompare(right.name));
  const item = (session: Session) => sessionBrief(session, view.now);
  const stale = sessions
    .map(item)
    .filter(({ heartbeat_age_seconds: age }) => age !== null && age > worker_staleness_seconds);
  const dead = sessions.filter((session) => session.pid !== null && view.isAlive(session) === false).map(item);
  return {
    active: sessions.map(item),
    active_count: sessions.length,
    stale,
    stale_count: stale.length,
    dead_pid_sessions: dead,
    dead_pid_count: dead.length,
  };
}

function sessionBrief(session: Session, now: number) {
  const { id, name, role, pid, cwd, registered_at, last_heartbeat_at, tmux_session, tmux_pane_id } = session;
  const heartbeat_age_seconds = ageSeconds(last_heartbeat_at, now);
  const shown = { id, name, role, pid, cwd, registered_at, last_heartbeat_at, tmux_session, tmux_pane_id };
  return { ...shown, heartbeat_age_seconds };
}

export function taskHealth({ ledger, includeContent }: ViewContext) {
  const active = listTasks(ledger, { onlyOpen: true }).map((task) => taskBrief(shownTask(task, includeContent)));
  return { active, active_count: active.length };
}

function taskBrief({ id, name, state, summary, created_at, updated_at }: Task): Omit<Task, 'goal'> {
  return { id, name, state, summary, created_at, updated_at };
}

function storageHealth({ ledger }: ViewContext) {
  const { database, total } = ledgerBytes(ledger);
  return { database_bytes: database, total_bytes: total };
}

function operatorAlerts(parts: ReturnType<typeof readParts>, allowed: Thresholds): Alert[] {
  const { commands, criteria, cycles, reconcile, sessions, storage } = parts;
  const drifted = reconcile.dangling_bindings.length + reconcile.stuck_tasks.length;
  const isSchemaSound = reconcile.schema_health.every(({ ok }) => ok);
  const { max_storage_bytes: maxBytes } = allowed;
  return [
    ...alertWhen(!isSchemaSound, 'schema_health', 'error', 'the ledger is not sound; run "db-doctor"'),
    ...alertAbove(
      0,
      sessions.dead_pid_count,
      'dead_pid_sessions',
      'error',
      (n) => `${n} session(s) whose process ended`,
    ),
    ...alertAbove(0, drifted, 'reconcile_drift', 'error', (n) => `${n} binding(s) or task(s) nobody tends`),
    ...alertAbove(0, cycles.stale_count, 'stale_cycles', 'warning', (n) => `${n} task(s) not looked at for long`),
    ...alertAbove(0, sessions.stale_count, 'stale_sessions', 'warning', (n) => `${n} session(s) without sign of life`),
    ...alertAbove(
      allowed.max_unfinished_commands,
      commands.unfinished_count,
      'unfinished_commands',
      'warning',
      (n) => `${n} command(s) not finished`,
    ),
    ...alertAbove(
      allowed.max_open_criteria,
      criteria.open_accepted_count,
      'open_accepted_criteria',
      'warning',
      (n) => `${n} accepted criterion(s) still open`,
    ),
    ...alertWhen(
      maxBytes !== null && storage.total_bytes > maxBytes,
      'storage_bytes',
      'warning',
      `the ledger has ${storage.total_bytes} bytes`,
    ),
    ...alertAbove(0, cycles.recent_failed_count, 'failed_cycles', 'error', (n) => `${n} cycle(s) failed lately`),
    ...alertAbove(0, commands.failed_count, 'failed_commands', 'error', (n) => `${n} command(s) failed lately`),
  ];
}
