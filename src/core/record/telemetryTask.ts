import { isJsonObject } from '../domain/json.ts';
import { ageSeconds } from '../domain/timestamps.ts';
import { findBinding, withSessions } from '../ledger/bindingStore.ts';
import { listCriteria } from '../ledger/criterionStore.ts';
import { checkSchema } from '../ledger/diagnose.ts';
import { findActiveRun, type Run } from '../ledger/runStore.ts';
import type { Session } from '../ledger/sessionStore.ts';
import type { Task } from '../ledger/taskStore.ts';
import {
  countCommandsInStates,
  countCommandStates,
  countCycles,
  countCycleStates,
  type CycleRow,
  listCommandsInStates,
  listCycles,
  listRecentDecisions,
} from '../ledger/telemetryQueryHealthStore.ts';
import { countTelemetry, listIngestTroubles, listTelemetry, sumIngest } from '../ledger/telemetryQueryStore.ts';
import { hideColumns, shownCriterion, shownDecision, shownRecord, shownTask } from './hideColumns.ts';
import { isCode, redactRecord } from './redact.ts';
import { type Alert, alertAbove, alertWhen } from './telemetryAlerts.ts';
import { readDrift } from './telemetryDrift.ts';
import { commandItem, cycleItem, telemetryBrief } from './telemetryItems.ts';
import { unfinishedStates } from './telemetryOperator.ts';
import { keysOf, showTelemetry, summarise } from './telemetryShown.ts';
import { storageOf, type ViewContext } from './telemetryView.ts';

/** One task as a dashboard needs it. What is recent is the newest (AT-8). */
export function taskSnapshot(view: ViewContext, task: Task) {
  const { ledger, limit, includeContent } = view;
  const facts = readTaskFacts(view, task);
  return {
    alerts: taskAlerts(facts),
    ...describeBinding(view, facts),
    commands: {
      recent: listCommandsInStates(ledger, null, { taskId: task.id }, limit).map((command) => ({
        ...commandItem(command, includeContent),
        payload: shownRecord(command.payload, includeContent),
        result: command.result === null ? null : shownRecord(command.result, includeContent),
      })),
      unfinished_count: facts.unfinished,
      failed_count: facts.failedCommands,
    },
    criteria: {
      open_accepted: facts.criteria
        .filter(({ status }) => status === 'accepted')
        .map((row) => shownCriterion(row, includeContent)),
      open_blocker_count: facts.openAccepted,
      summary: facts.criterionSummary,
    },
    diagnostics: {
      dangling_bindings: facts.drift.dangling_bindings,
      dead_pid_sessions: facts.drift.dead_pid_sessions,
      stuck_tasks: facts.drift.stuck_tasks,
      schema_ok: facts.isSchemaSound,
    },
    latest_cycle: facts.latestCycle === null ? null : latestCycle(facts.latestCycle, includeContent),
    run: shownRun(findActiveRun(ledger, task.id), includeContent),
    task: shownTask(task, includeContent),
    telemetry: {
      recent: listTelemetry(ledger, { taskId: task.id }, { limit, newestFirst: true }).map((record) =>
        showTelemetry(record, includeContent),
      ),
      summary: summarise(countTelemetry(ledger, { taskId: task.id })),
    },
  };
}

export type TaskSnapshot = ReturnType<typeof taskSnapshot>;

/** One task in counts and states, without a word of what was said. */
export function taskView(view: ViewContext, task: Task, staleCycleSeconds: number) {
  const { ledger, limit, includeContent } = view;
  const facts = readTaskFacts(view, task);
  const cycles = readCycles(view, task);
  const ingest = readIngest(view, task.id);
  const bound = describeBinding(view, facts);
  const cycleAge = ageSeconds(facts.latestCycle?.completed_at ?? facts.latestCycle?.started_at ?? null, view.now);
  const isStale = cycleAge !== null && cycleAge > staleCycleSeconds;
  const failed = listCommandsInStates(ledger, ['failed'], { taskId: task.id }, limit).map((row) =>
    commandItem(row, includeContent),
  );
  const open = facts.criteria.filter(({ status }) => status === 'proposed' || status === 'accepted');
  return {
    schema_version: 1,
    alerts: [
      ...taskAlerts(facts),
      ...alertWhen(isStale, 'stale_cycle', 'warning', `the newest cycle is ${cycleAge} s old`),
      ...alertAbove(0, ingest.skipped_lines, 'ingest_skipped_lines', 'warning', (n) => `${n} line(s) were passed by`),
      ...alertAbove(0, ingest.error_count, 'ingest_errors', 'error', (n) => `${n} error(s) while reading rollouts`),
    ],
    commands: readCommands(view, task),
    failed_commands: failed,
    criteria: {
      open: open.map((row) => {
        const { id, status, source, proof, created_at, updated_at } = shownCriterion(row, includeContent);
        return { id, status, source, proof, created_at, updated_at };
      }),
      open_count: open.length,
      summary: facts.criterionSummary,
      total: facts.criteria.length,
    },
    cycles,
    decisions: {
      recent: listRecentDecisions(ledger, task.id, limit).map((row) => {
        const { payload: _, ...decision } = shownDecision(row, includeContent);
        return { ...decision, payload_keys: keysOf(row.payload) };
      }),
    },
    ingest,
    liveness: {
      worker_alive: bound.worker?.alive ?? null,
      manager_alive: bound.manager?.alive ?? null,
      latest_cycle_age_seconds: cycleAge,
      latest_cycle_stale: isStale,
    },
    storage: storageOf(ledger, task.id),
    task: shownTask(task, includeContent),
    telemetry: {
      recent: listTelemetry(ledger, { taskId: task.id }, { limit, newestFirst: true }).map((record) =>
        telemetryBrief(record, includeContent),
      ),
      summary: summarise(countTelemetry(ledger, { taskId: task.id })),
    },
  };
}

export type TaskView = ReturnType<typeof taskView>;

/** What a run is for, and its policy, may be in anybody's words. */
function shownRun(run: Run | null, includeContent: boolean): Run | null {
  if (run === null || includeContent) return run;
  const purpose = run.purpose !== null && isCode(run.purpose) ? run.purpose : hideColumns(run, ['purpose']).purpose;
  return { ...run, purpose, metadata: redactRecord(run.metadata) };
}

function readCommands({ ledger, limit, includeContent }: ViewContext, { id }: Task) {
  const counts = countCommandStates(ledger, { taskId: id });
  return {
    counts_by_state: counts,
    failed_count: counts.failed ?? 0,
    recent: listCommandsInStates(ledger, null, { taskId: id }, limit).map((row) => commandItem(row, includeContent)),
    total: sum(counts),
  };
}

function readCycles({ ledger, limit, includeContent }: ViewContext, { id }: Task) {
  const of = { taskId: id };
  const counts = countCycleStates(ledger, of);
  const [lastSuccessful] = listCycles(ledger, 'succeeded', of, 1);
  return {
    counts_by_state: counts,
    total: sum(counts),
    failed_count: counts.failed ?? 0,
    failed: listCycles(ledger, 'failed', of, limit).map((row) => cycleItem(row, includeContent)),
    history: listCycles(ledger, 'any', of, limit).map((row) => cycleItem(row, includeContent)),
    last_successful: lastSuccessful === undefined ? null : cycleItem(lastSuccessful, includeContent),
    pane_capture_failures: listCycles(ledger, 'pane_failed', of, limit).map((row) => cycleItem(row, includeContent)),
    pane_capture_failure_count: countCycles(ledger, 'pane_failed', of),
  };
}

/** What was read of rollouts, and what went wrong. */
export function readIngest(
  { ledger, limit, includeContent }: ViewContext,
  taskId: string | null,
  { runId = null, from = null }: { readonly runId?: string | null; readonly from?: string | null } = {},
) {
  const filter = { taskId, runId, from };
  const troubles = listIngestTroubles(ledger, filter, limit);
  return {
    ...sumIngest(ledger, filter),
    error_count: troubles.errorCount + countCycles(ledger, 'ingest_failed', filter),
    recent_errors: troubles.errors.map((record) => showTelemetry(record, includeContent)),
    recent_skipped: troubles.skipping.map((record) => showTelemetry(record, includeContent)),
    cycle_errors: listCycles(ledger, 'ingest_failed', filter, limit).map((row) => cycleItem(row, includeContent)),
  };
}

function readTaskFacts(view: ViewContext, task: Task) {
  const { ledger } = view;
  const binding = findBinding(ledger, task.id);
  const criteria = listCriteria(ledger, task.id);
  const counted = (status: string) => criteria.filter((row) => row.status === status).length;
  const [latestCycle = null] = listCycles(ledger, 'any', { taskId: task.id }, 1);
  return {
    task,
    binding,
    bound: binding === null ? null : withSessions(ledger, binding),
    criteria,
    criterionSummary: {
      proposed: counted('proposed'),
      accepted: counted('accepted'),
      satisfied: counted('satisfied'),
      deferred: counted('deferred'),
      rejected: counted('rejected'),
    },
    openAccepted: counted('accepted'),
    unfinished: countCommandsInStates(ledger, unfinishedStates, { taskId: task.id }),
    failedCommands: countCommandsInStates(ledger, ['failed'], { taskId: task.id }),
    telemetryErrors: countTelemetry(ledger, { taskId: task.id, severity: 'error' }).total,
    drift: readDrift(view),
    isSchemaSound: checkSchema(ledger).ok,
    latestCycle,
  };
}

type TaskFacts = ReturnType<typeof readTaskFacts>;

/** Of the sessions that are bound now, not of the legacy tables: a healthy task has nothing to explain (AT-10). */
function taskAlerts(facts: TaskFacts): Alert[] {
  const { task, binding, bound, drift, latestCycle } = facts;
  const dead = drift.dead_pid_sessions.filter(
    ({ name }) => name === bound?.worker.name || name === bound?.manager.name,
  );
  const pattern = latestCycle?.status?.notable_pane_pattern;
  const dangling = drift.dangling_bindings.filter(({ task_id }) => task_id === task.id);
  const stuck = drift.stuck_tasks.filter(({ task_id }) => task_id === task.id);
  return [
    ...alertWhen(
      task.state === 'managed' && binding === null,
      'integrity_issue',
      'error',
      'managed_without_active_binding: nobody works on this task; tie sessions to it with "bind"',
    ),
    ...dead.flatMap(({ name }) => alertWhen(true, 'dead_pid_session', 'error', `the process of session ${name} ended`)),
    ...alertWhen(latestCycle?.state === 'failed', 'latest_cycle_failed', 'error', 'the newest cycle failed'),
    ...alertWhen(
      typeof pattern === 'string',
      'notable_pane_pattern',
      'warning',
      `the worker's screen: ${String(pattern)}`,
    ),
    ...alertAbove(
      0,
      facts.openAccepted,
      'open_accepted_criteria',
      'warning',
      (n) => `${n} accepted criterion(s) still open`,
    ),
    ...alertAbove(0, facts.unfinished, 'unfinished_commands', 'warning', (n) => `${n} command(s) not finished`),
    ...alertAbove(0, facts.failedCommands, 'failed_commands', 'error', (n) => `${n} command(s) failed`),
    ...alertAbove(0, facts.telemetryErrors, 'telemetry_errors', 'error', (n) => `${n} event(s) of severity error`),
    ...dangling.flatMap(({ gone_session_name: name }) =>
      alertWhen(true, 'dangling_binding', 'error', `bound to session ${name}, which is gone`),
    ),
    ...alertWhen(stuck.length > 0, 'stuck_task', 'warning', 'nobody has looked at the worker for long'),
    ...alertWhen(!facts.isSchemaSound, 'schema_health', 'error', 'the ledger is not sound; run "db-doctor"'),
  ];
}

function describeBinding(view: ViewContext, { binding, bound }: TaskFacts) {
  const side = (session: Session) => {
    const { id, name, role, state, pid, cwd, codex_session_id, last_heartbeat_at } = session;
    const { tmux_session, tmux_pane_id } = session;
    const shown = { id, name, role, state, pid, cwd, codex_session_id, last_heartbeat_at, tmux_session, tmux_pane_id };
    return { ...shown, alive: view.isAlive(session) };
  };
  return {
    binding:
      binding === null || bound === null
        ? null
        : {
            id: binding.id,
            task_id: binding.task_id,
            state: binding.state,
            created_at: binding.created_at,
            worker_session_id: bound.worker.id,
            worker_session_name: bound.worker.name,
            manager_session_id: bound.manager.id,
            manager_session_name: bound.manager.name,
          },
    worker: bound === null ? null : side(bound.worker),
    manager: bound === null ? null : side(bound.manager),
  };
}

/** With the stored status: a worker's last words and a manager's context are among it. */
function latestCycle(cycle: CycleRow, includeContent: boolean) {
  const { pane_signal: _, ...item } = cycleItem(cycle, includeContent);
  const status = isJsonObject(cycle.status) ? cycle.status : {};
  return { ...item, status: shownRecord(status, includeContent) };
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
