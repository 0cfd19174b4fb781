import { formatTimestamp } from '../domain/timestamps.ts';
import { commandStates } from '../ledger/commandStore.ts';
import { attemptStates } from '../domain/attempt.ts';
import { listSessions } from '../ledger/sessionStore.ts';
import { listTasks, type Task } from '../ledger/taskStore.ts';
import type { Run } from '../ledger/runStore.ts';
import {
  countByType,
  countCriteria,
  countCycleStates,
  countPaneCaptures,
  type TypedCount,
} from '../ledger/telemetryQueryHealthStore.ts';
import { countTelemetry, sumIngest, type TelemetryCount } from '../ledger/telemetryQueryStore.ts';
import { readDrift } from './telemetryDrift.ts';
import { sumBy } from './telemetryShown.ts';
import { storageOf, type ViewContext } from './telemetryView.ts';
import type { TelemetryWindow } from './telemetryWindow.ts';

export interface MetricsQuestion {
  readonly task: Task | null;
  readonly run: Run | null;
  readonly window: TelemetryWindow;
}

/** Numbers for a graph: counters of a stretch of time, gauges of this moment. */
export function metricsView(view: ViewContext, { task, run, window }: MetricsQuestion) {
  const { ledger } = view;
  const filter = { taskId: task?.id ?? null, from: window.start };
  const cycles = countCycleStates(ledger, filter);
  const [succeeded, failed] = [cycles.succeeded ?? 0, cycles.failed ?? 0];
  return {
    schema_version: 1,
    generated_at: formatTimestamp(view.now),
    filters: { run_id: run?.id ?? null, task_id: filter.taskId },
    window,
    counters: {
      ...telemetryCounters(view, { taskId: filter.taskId, runId: run?.id ?? null }, window),
      cycles: {
        started: cycles.started ?? 0,
        succeeded,
        failed,
        total: Object.values(cycles).reduce((total, count) => total + count, 0),
      },
      pane_capture: { succeeded: 0, failed: 0, not_applicable: 0, unknown: 0, ...countPaneCaptures(ledger, filter) },
    },
    gauges: readGauges(view, task),
    rollups: {
      commands_by_type: tabulate(countByType(ledger, 'commands', filter), commandStates),
      command_attempts_by_type: tabulate(countByType(ledger, 'attempts', filter), attemptStates),
      cycle_success_rate: succeeded + failed === 0 ? null : succeeded / (succeeded + failed),
    },
  };
}

export type MetricsView = ReturnType<typeof metricsView>;

function telemetryCounters(
  { ledger }: ViewContext,
  scope: { readonly taskId: string | null; readonly runId: string | null },
  window: TelemetryWindow,
) {
  const filter = { ...scope, from: window.start, until: window.end };
  const { total, counts } = countTelemetry(ledger, filter);
  const isExport = ({ event_type: type }: TelemetryCount) => type.startsWith('export_') || type.endsWith('_exported');
  return {
    ingest: sumIngest(ledger, filter),
    exports: { total: counts.filter(isExport).reduce((sum, { count }) => sum + count, 0) },
    telemetry_events: {
      total,
      by_actor: sumBy(counts, ({ actor }) => actor),
      by_event_type: sumBy(counts, ({ event_type }) => event_type),
      by_severity: sumBy(counts, ({ severity }) => severity),
      by_actor_event_type_severity: sumBy(counts, ({ actor, event_type, severity }) =>
        [actor, event_type, severity].join('.'),
      ),
    },
  };
}

function readGauges(view: ViewContext, task: Task | null) {
  const { ledger } = view;
  const sessions = listSessions(ledger).filter(({ state }) => state === 'active');
  const byRole = (role: string) => sessions.filter((session) => session.role === role).length;
  const tasks = listTasks(ledger, { onlyOpen: true }).filter(({ id }) => task === null || id === task.id);
  const criteria = countCriteria(ledger, task?.id ?? null);
  const drift = readDrift(view);
  const drifted = {
    dead_pid_sessions: drift.dead_pid_sessions.length,
    dangling_bindings: drift.dangling_bindings.length,
    stuck_tasks: drift.stuck_tasks.length,
  };
  const { terminal_captures, transcript_captures, transcript_segments, ...storage } = storageOf(
    ledger,
    task?.id ?? null,
  );
  return {
    active_sessions: { by_role: { manager: byRole('manager'), worker: byRole('worker') }, total: sessions.length },
    active_tasks: tasks.length,
    criteria: {
      by_status: criteria,
      open: (criteria.proposed ?? 0) + (criteria.accepted ?? 0),
      total: Object.values(criteria).reduce((total, count) => total + count, 0),
    },
    reconcile: {
      ...drifted,
      total_drift: drifted.dead_pid_sessions + drifted.dangling_bindings + drifted.stuck_tasks,
    },
    storage_bytes: {
      ...storage,
      terminal_captures: terminal_captures.bytes,
      transcript_captures: transcript_captures.bytes,
      transcript_segments: transcript_segments.bytes,
    },
  };
}

/** Every state of each type, also those that nothing is in. */
function tabulate(counts: readonly TypedCount[], states: readonly string[]): Record<string, Record<string, number>> {
  const table: Record<string, Record<string, number>> = {};
  for (const { type, state, count } of counts) {
    table[type] = { ...(table[type] ?? Object.fromEntries(states.map((one) => [one, 0]))), [state]: count };
  }
  return table;
}
