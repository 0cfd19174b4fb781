import { alertLine } from './telemetryAlerts.ts';
import type { FailuresView } from './telemetryFailures.ts';
import type { MetricsView } from './telemetryMetrics.ts';
import type { OperatorSnapshot } from './telemetryOperator.ts';
import type { TaskView } from './telemetryTask.ts';

// What people read of each view: the numbers that matter, then the reasons to look.

export function checkText({ alerts, checks }: OperatorSnapshot): string {
  return lines([`telemetry check: ${checks.ok ? 'healthy' : 'unhealthy'}`, ...alerts.map(alertLine)]);
}

export function taskText({ task, liveness, cycles, commands, alerts }: TaskView): string {
  const counts = Object.entries(cycles.counts_by_state).map(([state, count]) => `${state}=${count}`);
  return lines([
    `task: ${task.name}`,
    `worker_alive: ${known(liveness.worker_alive)}`,
    `manager_alive: ${known(liveness.manager_alive)}`,
    `cycles: ${counts.join(' ') || 'none'}`,
    `failed_commands: ${commands.failed_count}`,
    ...alerts.map(alertLine),
  ]);
}

export function failuresText(view: FailuresView): string {
  return lines([
    `failed_cycles: ${view.failed_cycles.length}`,
    `failed_commands: ${view.failed_commands.length}`,
    `ingest_errors: ${view.ingest.error_count}`,
    `pane_capture_failures: ${view.pane_capture_failures.length}`,
    ...view.alerts.map(alertLine),
  ]);
}

export function metricsText({ window, counters, rollups }: MetricsView): string {
  return lines([
    `window: ${window.label} (${window.start} to ${window.end})`,
    `telemetry_events: ${counters.telemetry_events.total}`,
    `cycle_success_rate: ${rollups.cycle_success_rate ?? 'none'}`,
    `skipped_ingest_lines: ${counters.ingest.skipped_lines}`,
  ]);
}

function known(alive: boolean | null): string {
  return alive === null ? 'unknown' : String(alive);
}

function lines(parts: readonly string[]): string {
  return `${parts.join('\n')}\n`;
}
