import { refuse } from '../domain/errors.ts';
import { requireRun, type Run } from '../ledger/runStore.ts';
import type { Connection } from '../ledger/connection.ts';
import type { Task } from '../ledger/taskStore.ts';
import {
  countCommandsInStates,
  countCommandStates,
  countCycles,
  listCommandsInStates,
  listCycles,
} from '../ledger/telemetryQueryHealthStore.ts';
import { alertAbove } from './telemetryAlerts.ts';
import { commandItem, cycleItemWithTask } from './telemetryItems.ts';
import {
  criterionHealth,
  cycleHealth,
  operatorSnapshot,
  sessionHealth,
  taskHealth,
  type Thresholds,
} from './telemetryOperator.ts';
import { readIngest } from './telemetryTask.ts';
import { storageOf, type ViewContext } from './telemetryView.ts';
import type { TelemetryWindow } from './telemetryWindow.ts';

export interface FailureQuestion {
  readonly task: Task | null;
  /** A loop policy. */
  readonly run: Run | null;
  readonly window: TelemetryWindow | null;
  readonly activeOnly: boolean;
  readonly thresholds: Thresholds;
}

/** What went wrong, and what is still open. */
export function failuresView(view: ViewContext, question: FailureQuestion) {
  const { ledger, limit, includeContent } = view;
  const filter = filterOf(question);
  const { alerts, ingest, criteria } = findFailures(view, filter);
  return {
    schema_version: 1,
    alerts,
    failed_cycles: listCycles(ledger, 'failed', filter, limit).map((row) => cycleItemWithTask(row, includeContent)),
    failed_commands: listCommandsInStates(ledger, ['failed'], filter, limit).map((row) =>
      commandItem(row, includeContent),
    ),
    pane_capture_failures: listCycles(ledger, 'pane_failed', filter, limit).map((row) =>
      cycleItemWithTask(row, includeContent),
    ),
    ingest,
    open_criteria: criteria,
    filters: {
      active_only: question.activeOnly,
      run_id: filter.runId,
      task_id: filter.taskId,
      window: question.window,
    },
    operator: operatorPart(view, question),
    storage: storageOf(ledger, filter.taskId),
  };
}

interface FailureFilter {
  readonly taskId: string | null;
  readonly runId: string | null;
  readonly from: string | null;
  readonly onlyOpen: boolean;
}

/** How much went wrong, and what that alerts to. */
export function findFailures(view: ViewContext, filter: FailureFilter) {
  const { ledger } = view;
  const ingest = readIngest(view, filter.taskId, { runId: filter.runId, from: filter.from });
  const criteria = criterionHealth(view, { taskId: filter.taskId, runId: filter.runId });
  const count = {
    cycles: countCycles(ledger, 'failed', filter),
    commands: countCommandsInStates(ledger, ['failed'], filter),
    panes: countCycles(ledger, 'pane_failed', filter),
  };
  const alerts = [
    ...alertAbove(0, count.cycles, 'failed_cycles', 'error', (n) => `${n} cycle(s) failed`),
    ...alertAbove(0, count.commands, 'failed_commands', 'error', (n) => `${n} command(s) failed`),
    ...alertAbove(0, ingest.error_count, 'ingest_errors', 'error', (n) => `${n} error(s) while reading rollouts`),
    ...alertAbove(0, count.panes, 'pane_capture_failures', 'warning', (n) => `${n} look(s) at a terminal failed`),
    ...alertAbove(
      0,
      criteria.open_accepted_count,
      'open_accepted_criteria',
      'warning',
      (n) => `${n} accepted criterion(s) still open`,
    ),
  ];
  return { alerts, count, ingest, criteria };
}

export type FailuresView = ReturnType<typeof failuresView>;

/** Sessions and tasks are never narrowed; what is stale is shown only when nothing else is narrowed. */
function operatorPart(view: ViewContext, question: FailureQuestion) {
  const { ledger, limit, includeContent } = view;
  const filter = filterOf(question);
  const cycles = cycleHealth(view, filter, question.thresholds);
  const isNarrowed = question.task !== null || question.window !== null || question.activeOnly;
  const counts = countCommandStates(ledger, filter);
  return {
    checks: operatorSnapshot(view, question.thresholds, filter.from).checks,
    commands: {
      counts_by_state: counts,
      failed_count: counts.failed ?? 0,
      recent: listCommandsInStates(ledger, null, filter, limit).map((row) => commandItem(row, includeContent)),
      total: Object.values(counts).reduce((total, count) => total + count, 0),
    },
    cycles: isNarrowed ? { ...cycles, stale: [], stale_count: 0 } : cycles,
    sessions: sessionHealth(view, question.thresholds),
    tasks: taskHealth(view),
  };
}

function filterOf({ task, run, window, activeOnly }: FailureQuestion): FailureFilter {
  return {
    taskId: task?.id ?? run?.task_id ?? null,
    runId: run?.id ?? null,
    from: window?.start ?? null,
    onlyOpen: activeOnly,
  };
}

/** The loop policy that was asked for. Throws `unknown_run`, `run_conflict`. */
export function requireLoopRun(ledger: Connection, reference: string, task: Task | null): Run {
  const run = requireRun(ledger, reference);
  if (task !== null && run.task_id !== task.id) {
    throw refuse('run_conflict', `run '${run.name}' does not belong to task '${task.name}'`);
  }
  if (run.purpose !== 'ralph_loop' && run.metadata.kind !== 'ralph_loop') {
    throw refuse('run_conflict', `run '${run.name}' is not a Ralph loop run: failures are told by loop policy`);
  }
  return run;
}
