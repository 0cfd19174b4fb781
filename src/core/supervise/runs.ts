import { refuse } from '../domain/errors.ts';
import type { Connection } from '../ledger/connection.ts';
import { endRun, type Run, type RunStatus } from '../ledger/runStore.ts';
import { recordTelemetry } from '../ledger/telemetryStore.ts';

/**
 * Ends a run, with its telemetry. Ending it again the same way is harmless; another way would rewrite history and throws
 * `run_conflict` (CP-44). Call inside a write transaction.
 */
export function finishRun(ledger: Connection, run: Run, status: Exclude<RunStatus, 'active'>, now: number): Run {
  if (run.status === status) return run;
  if (run.status !== 'active') {
    throw refuse('run_conflict', `run '${run.name}' (${run.id}) has already ended as ${run.status}`);
  }
  // Before it ends, so that the event still belongs to it.
  recordTelemetry(
    ledger,
    {
      type: 'run_finished',
      summary: `Run ${run.name} ended as ${status}.`,
      severity: status === 'failed' ? 'error' : 'info',
      taskId: run.task_id,
      runId: run.id,
      correlation: { run_id: run.id, run_name: run.name },
      attributes: { status },
    },
    now,
  );
  return endRun(ledger, run, status, now);
}
