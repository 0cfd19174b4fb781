import * as z from 'zod/mini';
import { refuse } from '../domain/errors.ts';
import { isJsonObject } from '../domain/json.ts';
import { requireRun } from '../ledger/runStore.ts';
import { requireTask } from '../ledger/taskStore.ts';
import {
  countTelemetry,
  listTelemetry,
  telemetryActors,
  type TelemetryFilter,
  type TelemetryRecord,
  telemetrySeverities,
} from '../ledger/telemetryQueryStore.ts';
import {
  showTelemetry,
  summarise,
  summaryText,
  telemetryLine,
  type TelemetrySummary,
} from '../record/telemetryShown.ts';
import { parseWindow } from '../record/telemetryWindow.ts';
import {
  flag,
  flagName,
  type InputOf,
  optionalChoice,
  optionalInteger,
  optionalNumber,
  optionalPositional,
  optionalText,
} from './argument.ts';
import { contentFlags } from './contentClasses.ts';
import { defineOperation } from './operation.ts';
import type { OperationContext } from './operationContext.ts';
import { jsonRecord } from './outputs.ts';
import { runView, type TelemetryView, telemetryViews, viewText } from './telemetryViews.ts';

const inputs = {
  view: optionalChoice('a view instead of single events', telemetryViews, { positional: true, placeholder: 'VIEW' }),
  viewTask: optionalPositional('the task of a view', 'TASK'),
  task: optionalText('only this task', { placeholder: 'TASK' }),
  run: optionalText('only this run', { placeholder: 'RUN' }),
  actor: optionalChoice('only what this actor did', telemetryActors),
  eventType: optionalText('only events of this type', { placeholder: 'TYPE' }),
  severity: optionalChoice('only this severity', telemetrySeverities),
  search: optionalText('only events that hold all of these words, or are of this type', { placeholder: 'WORDS' }),
  window: optionalText('only the last stretch of time: 90m, 24h, 7d', { placeholder: 'DURATION' }),
  newest: flag('newest first'),
  summary: flag('counts instead of events'),
  limit: optionalInteger(
    'how many events, or rows of each list; 100 when left out, negative for all. A summary counts all when left out',
  ),
  activeOnly: flag('failures: nothing of tasks that are done or failed'),
  staleCycleSeconds: optionalNumber('how old the newest cycle of a task may be; 3600 when left out'),
  workerStalenessSeconds: optionalNumber('how long a session may be without sign of life; 3600 when left out'),
  maxUnfinishedCommands: optionalInteger('how many unfinished commands are fine; 0 when left out'),
  maxOpenCriteria: optionalInteger('how many accepted criteria may be open; 0 when left out'),
  maxStorageBytes: optionalInteger('how large the ledger may be; no bound when left out'),
  ...contentFlags,
  json: flag('print JSON'),
};
export type TelemetryInput = InputOf<typeof inputs>;

export const telemetryRecord = (): z.ZodMiniType<TelemetryRecord> =>
  z.object({
    id: z.string(),
    run_id: z.nullable(z.string()),
    task_id: z.nullable(z.string()),
    timestamp: z.string(),
    actor: z.enum(telemetryActors),
    event_type: z.string(),
    severity: z.enum(telemetrySeverities),
    summary: z.string(),
    correlation: jsonRecord(),
    attributes: jsonRecord(),
  });

const telemetrySummary = (): z.ZodMiniType<TelemetrySummary> => {
  const counts = z.record(z.string(), z.number());
  return z.object({
    total: z.number(),
    first_timestamp: z.nullable(z.string()),
    last_timestamp: z.nullable(z.string()),
    run_id: z.nullable(z.string()),
    task_id: z.nullable(z.string()),
    by_actor: counts,
    by_event_type: counts,
    by_severity: counts,
  });
};

type Output = TelemetrySummary | TelemetryRecord[] | TelemetryView;

/** What happened, as every part of Conveyor told it; and views that sum up how things stand. */
export const telemetry = defineOperation({
  name: 'telemetry',
  summary: 'Look through what happened, or see how things stand.',
  effect: 'reads',
  inputs,
  output: (): z.ZodMiniType<Output> =>
    z.union([telemetrySummary(), z.array(telemetryRecord()), z.custom<TelemetryView>(isJsonObject)]),
  run: (context, input): Output => {
    refuseInapplicable(input);
    if (input.view !== null) return runView(input.view, context, input);
    return (input.summary ? sumUp : list)(context, input);
  },
  text: (output, input) => {
    if (Array.isArray(output)) return output.map(telemetryLine).join('');
    return 'total' in output ? summaryText(output) : viewText(output, input.view);
  },
  exitStatus: (output, { view }) =>
    view === 'check' && 'checks' in output && 'ok' in output.checks && !output.checks.ok ? 1 : 0,
});

const events = ['task', 'run', 'actor', 'eventType', 'severity', 'search', 'window', 'newest', 'summary', 'limit'];
const health = ['maxUnfinishedCommands', 'maxOpenCriteria', 'maxStorageBytes', 'workerStalenessSeconds'];
const always = ['view', 'includeContent', 'raw', 'json'];

/** What each view makes use of; anything else that is given would be ignored (AT-7). */
function applicableTo({ view, task, viewTask }: TelemetryInput): readonly string[] {
  switch (view) {
    case null:
      return events;
    case 'metrics':
      return ['viewTask', 'task', 'run', 'window'];
    case 'check':
      return [...health, 'staleCycleSeconds', 'window', 'limit'];
    case 'snapshot':
      return task === null && viewTask === null
        ? [...health, 'staleCycleSeconds', 'window', 'limit']
        : ['viewTask', 'task', 'limit'];
    case 'task':
      return ['viewTask', 'task', 'staleCycleSeconds', 'limit'];
    case 'failures':
      return [...health, 'viewTask', 'task', 'run', 'window', 'activeOnly', 'staleCycleSeconds', 'limit'];
  }
}

function refuseInapplicable(input: TelemetryInput): void {
  const applicable = [...always, ...applicableTo(input)];
  const where = input.view === null ? 'a list of events' : `telemetry ${input.view}`;
  for (const [name, value] of Object.entries(input)) {
    if (value === null || value === false || applicable.includes(name)) continue;
    const spelled = name === 'viewTask' ? `the task '${input.viewTask}'` : flagName(name);
    throw refuse('usage', `${spelled} does not apply to ${where}`);
  }
  if (input.viewTask !== null && input.task !== null) {
    throw refuse('usage', `give the task once: '${input.viewTask}' or --task ${input.task}`);
  }
}

function list(context: OperationContext, input: TelemetryInput): TelemetryRecord[] {
  const page = { limit: input.limit ?? 100, newestFirst: input.newest };
  return listTelemetry(context.ledger, filterOf(context, input), page).map((record) =>
    showTelemetry(record, input.includeContent),
  );
}

function sumUp(context: OperationContext, input: TelemetryInput): TelemetrySummary {
  const page = { limit: input.limit ?? -1, newestFirst: input.newest };
  const summary = summarise(countTelemetry(context.ledger, filterOf(context, input), page));
  if (!input.newest) return summary;
  // First is what would be listed first.
  return { ...summary, first_timestamp: summary.last_timestamp, last_timestamp: summary.first_timestamp };
}

function filterOf({ ledger, clock }: OperationContext, input: TelemetryInput): TelemetryFilter {
  if (input.search !== null && input.search.trim() === '') {
    throw refuse('invalid_value', '--search needs at least one word');
  }
  const window = input.window === null ? null : parseWindow(input.window, clock.now());
  return {
    taskId: input.task === null ? null : requireTask(ledger, input.task).id,
    runId: input.run === null ? null : requireRun(ledger, input.run).id,
    actor: input.actor,
    eventType: input.eventType,
    severity: input.severity,
    search: input.search,
    from: window?.start ?? null,
    until: window?.end ?? null,
  };
}
