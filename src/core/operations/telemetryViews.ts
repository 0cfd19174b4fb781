import { refuse } from '../domain/errors.ts';
import { printedJson } from '../domain/json.ts';
import { requireRun } from '../ledger/runStore.ts';
import { requireTask, type Task } from '../ledger/taskStore.ts';
import { type FailuresView, failuresView, requireLoopRun } from '../record/telemetryFailures.ts';
import { type MetricsView, metricsView } from '../record/telemetryMetrics.ts';
import { operatorSnapshot, type OperatorSnapshot, type Thresholds } from '../record/telemetryOperator.ts';
import { type TaskSnapshot, taskSnapshot, type TaskView, taskView } from '../record/telemetryTask.ts';
import { checkText, failuresText, metricsText, taskText } from '../record/telemetryText.ts';
import type { ViewContext } from '../record/telemetryView.ts';
import { parseWindow } from '../record/telemetryWindow.ts';
import { livenessFrom } from './liveness.ts';
import type { OperationContext } from './operationContext.ts';
import type { TelemetryInput } from './telemetry.ts';

export const telemetryViews = ['metrics', 'snapshot', 'check', 'task', 'failures'] as const;
export type TelemetryViewName = (typeof telemetryViews)[number];

export type TelemetryView = OperatorSnapshot | TaskSnapshot | TaskView | FailuresView | MetricsView;

export function runView(name: TelemetryViewName, context: OperationContext, input: TelemetryInput): TelemetryView {
  const view = viewOf(context, input);
  const task = taskOf(context, input);
  const window = input.window === null ? null : parseWindow(input.window, view.now);
  const thresholds = thresholdsOf(input);
  switch (name) {
    case 'metrics': {
      const run = input.run === null ? null : requireRun(context.ledger, input.run);
      return metricsView(view, { task, run, window: window ?? parseWindow('24h', view.now) });
    }
    case 'snapshot':
      return task === null ? operatorSnapshot(view, thresholds, window?.start) : taskSnapshot(view, task);
    case 'check':
      return operatorSnapshot(view, thresholds, window?.start);
    case 'task':
      if (task === null)
        throw refuse('missing_input', 'telemetry task requires a task name or ID: telemetry task TASK');
      return taskView(view, task, thresholds.stale_cycle_seconds);
    case 'failures': {
      const run = input.run === null ? null : requireLoopRun(context.ledger, input.run, task);
      return failuresView(view, { task, run, window, activeOnly: input.activeOnly, thresholds });
    }
  }
}

/** What people read. A snapshot is JSON in any case. */
export function viewText(output: TelemetryView, name: TelemetryViewName | null): string {
  if ('gauges' in output) return metricsText(output);
  if ('failed_cycles' in output) return failuresText(output);
  if ('liveness' in output) return taskText(output);
  if (name === 'check' && 'checks' in output) return checkText(output);
  return `${printedJson(output)}\n`;
}

const hour = 3600;

function thresholdsOf(input: TelemetryInput): Thresholds {
  return {
    max_open_criteria: input.maxOpenCriteria ?? 0,
    max_storage_bytes: input.maxStorageBytes,
    max_unfinished_commands: input.maxUnfinishedCommands ?? 0,
    stale_cycle_seconds: input.staleCycleSeconds ?? hour,
    worker_staleness_seconds: input.workerStalenessSeconds ?? hour,
  };
}

function taskOf({ ledger }: OperationContext, { task, viewTask }: TelemetryInput): Task | null {
  const reference = viewTask ?? task;
  return reference === null ? null : requireTask(ledger, reference);
}

function viewOf(context: OperationContext, input: TelemetryInput): ViewContext {
  return {
    ledger: context.ledger,
    now: context.clock.now(),
    isAlive: livenessFrom(context),
    includeContent: input.includeContent,
    limit: input.limit ?? 100,
  };
}
