import { hasEvidence, type LoopPolicy, missingEvidence } from '../domain/loopPolicy.ts';
import { findSessionBinding } from '../ledger/bindingStore.ts';
import { type Criterion, listCriteria } from '../ledger/criterionStore.ts';
import { countLoopMail } from '../ledger/loopMailStore.ts';
import type { Run } from '../ledger/runStore.ts';
import type { Task } from '../ledger/taskStore.ts';
import { countCommandStates } from '../ledger/telemetryQueryHealthStore.ts';
import { countTelemetry } from '../ledger/telemetryQueryStore.ts';
import { findFailures } from './telemetryFailures.ts';
import type { ViewContext } from './telemetryView.ts';

export const loopRecommendations = [
  'inspect_failures',
  'worker_should_consume_inbox',
  'record_missing_evidence',
  'ready_for_manager_review',
] as const;

/** What is only written down: nothing stops a loop that ignores it (LQ-13). */
const advisory = ['cleanup_policy', 'stop_conditions', 'artifact_requirements'] as const;
const telemetryLimit = 1000;

/** Where one loop of a task stands, and nothing of its other loops. Never ready while evidence is missing (LQ-10). */
export function loopStatus(view: ViewContext, { task, run, policy }: LoopQuestion) {
  const { ledger } = view;
  const scope = { taskId: task.id, runId: run.id };
  const states = countCommandStates(ledger, scope);
  const mail = countLoopMail(ledger, { ...scope, reader: findSessionBinding(ledger, task.id)?.worker.id ?? null });
  const criteria = listCriteria(ledger, task.id).filter(({ evidence }) => evidence.ralph_loop_run_id === run.id);
  // A loop that stands at 0 has its first iteration before it: that one has to be shown too.
  const iteration = Math.max(policy.current_iteration, 1);
  const missing = missingEvidence(policy, iteration, criteria);
  const earlier = missingEarlier(policy, iteration, criteria);
  const failures = failuresOf(view, scope);
  return {
    task: { id: task.id, name: task.name, state: task.state },
    run: { id: run.id, name: run.name, status: run.status },
    policy: policyOf(policy),
    commands: { total: Object.values(states).reduce((total, count) => total + count, 0), states },
    notifications: { total: mail.total, delivered: mail.delivered },
    inbox: { worker_unconsumed: mail.unconsumed },
    evidence: evidenceOf(run.id, criteria, { iteration, missing, earlier }),
    telemetry: telemetryOf(view, scope),
    failures,
    recommendation: recommend(failures, mail.unconsumed, missing.length > 0 || earlier.length > 0),
  };
}

interface LoopQuestion {
  readonly task: Task;
  readonly run: Run;
  readonly policy: LoopPolicy;
}

export type LoopStatus = ReturnType<typeof loopStatus>;

interface Scope {
  readonly taskId: string;
  readonly runId: string;
}

function policyOf(policy: LoopPolicy) {
  return {
    template: policy.template,
    current_iteration: policy.current_iteration,
    max_iterations: policy.max_iterations,
    required_before_continue: policy.required_before_continue,
    cleanup_policy: policy.cleanup_policy,
    advisory,
  };
}

interface MissingEvidence {
  readonly iteration: number;
  readonly missing: readonly string[];
  readonly earlier: readonly { readonly iteration: number; readonly missing: readonly string[] }[];
}

/** What was shown for an earlier iteration and does not stand any more: it was recorded anew as failed, or rejected. */
function missingEarlier(
  policy: LoopPolicy,
  iteration: number,
  criteria: readonly Criterion[],
): MissingEvidence['earlier'] {
  return iterationsOf(criteria)
    .filter((number) => number >= 1 && number < iteration)
    .map((number) => ({ iteration: number, missing: missingEvidence(policy, number, criteria) }))
    .filter(({ missing }) => missing.length > 0);
}

/** Evidence that was typed in by hand may lack its iteration. */
function iterationsOf(criteria: readonly Criterion[]): readonly number[] {
  const numbers = criteria.map(({ evidence }) => evidence.iteration).filter((number) => typeof number === 'number');
  return [...new Set(numbers)].toSorted((a, b) => a - b);
}

/** `types` and `total` are of any status and iteration, as scripts know them; the rest keeps them apart. */
function evidenceOf(runId: string, criteria: readonly Criterion[], { iteration, missing, earlier }: MissingEvidence) {
  return {
    total: criteria.length,
    types: typesOf(criteria),
    iteration,
    missing,
    missing_earlier: earlier,
    by_iteration: iterationsOf(criteria).map((number) => {
      const types = typesOf(criteria.filter(({ evidence }) => evidence.iteration === number));
      const stands = (type: string) => hasEvidence(runId, number, type, criteria);
      const satisfied: readonly string[] = types.filter(stands);
      const others: readonly string[] = types.filter((type) => !stands(type));
      return { iteration: number, satisfied, not_satisfied: others };
    }),
  };
}

function typesOf(criteria: readonly Criterion[]): readonly string[] {
  const types = criteria.map(({ evidence }) => evidence.evidence_type);
  return [...new Set(types.filter((type) => typeof type === 'string'))].toSorted();
}

function telemetryOf({ ledger }: ViewContext, scope: Scope) {
  const { total, counts } = countTelemetry(ledger, scope, { limit: telemetryLimit, newestFirst: true });
  const byType = new Map<string, number>();
  for (const { event_type: type, count } of counts) byType.set(type, (byType.get(type) ?? 0) + count);
  return {
    total,
    by_event_type: Object.fromEntries(byType),
    dispatch_inbox_consumed: byType.get('dispatch_inbox_consumed') ?? 0,
  };
}

function failuresOf(view: ViewContext, scope: Scope) {
  const { alerts, count } = findFailures(view, { ...scope, from: null, onlyOpen: false });
  return {
    alerts: alerts.length,
    failed_commands: count.commands,
    failed_cycles: count.cycles,
    pane_capture_failures: count.panes,
  };
}

function recommend(
  failures: ReturnType<typeof failuresOf>,
  unconsumed: number,
  isMissing: boolean,
): (typeof loopRecommendations)[number] {
  const { alerts, failed_commands: commands, failed_cycles: cycles } = failures;
  if (alerts > 0 || commands > 0 || cycles > 0) return 'inspect_failures';
  if (unconsumed > 0) return 'worker_should_consume_inbox';
  return isMissing ? 'record_missing_evidence' : 'ready_for_manager_review';
}

/** What people read. */
export function loopStatusText(status: LoopStatus): string {
  const { task, run, policy, commands, notifications, failures, evidence } = status;
  const counts = (record: object) =>
    Object.entries(record)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, count]) => `${name} ${String(count)}`)
      .join(', ') || 'none';
  return [
    `task: ${task.name} (${task.state})`,
    `run: ${run.name} (${run.status})`,
    `policy: ${policy.template ?? 'custom'} iteration ${policy.current_iteration}/${policy.max_iterations}`,
    ...evidence.missing_earlier.map(
      ({ iteration, missing }) => `evidence for iteration ${iteration}: missing ${missing.join(', ')}`,
    ),
    `evidence for iteration ${evidence.iteration}: ${evidence.missing.length > 0 ? `missing ${evidence.missing.join(', ')}` : 'complete'}`,
    ...evidence.by_iteration.map(evidenceLine),
    `commands: ${counts(commands.states)}`,
    `notifications: ${notifications.delivered}/${notifications.total} delivered`,
    `worker_unconsumed: ${status.inbox.worker_unconsumed}`,
    `dispatch_inbox_consumed: ${status.telemetry.dispatch_inbox_consumed}`,
    `failures: ${counts(failures)}`,
    `advisory only: ${policy.advisory.join(', ')}`,
    `recommendation: ${status.recommendation}`,
    '',
  ].join('\n');
}

function evidenceLine({ iteration, satisfied, not_satisfied: others }: LoopStatus['evidence']['by_iteration'][number]) {
  const parts = [
    ...(satisfied.length > 0 ? [`has ${satisfied.join(', ')}`] : []),
    ...(others.length > 0 ? [`not satisfied: ${others.join(', ')}`] : []),
  ];
  return `  iteration ${iteration}: ${parts.join('; ')}`;
}
