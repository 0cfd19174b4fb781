import * as z from 'zod/mini';
import { refuse } from '../domain/errors.ts';
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
import { flag, type InputOf, optionalChoice, optionalInteger, optionalText } from './argument.ts';
import { defineOperation } from './operation.ts';
import type { OperationContext } from './operationContext.ts';
import { jsonRecord } from './outputs.ts';

const inputs = {
  task: optionalText('only this task', { placeholder: 'TASK' }),
  run: optionalText('only this run', { placeholder: 'RUN' }),
  actor: optionalChoice('only what this actor did', telemetryActors),
  eventType: optionalText('only events of this type', { placeholder: 'TYPE' }),
  severity: optionalChoice('only this severity', telemetrySeverities),
  search: optionalText('only events that hold all of these words, or are of this type', { placeholder: 'WORDS' }),
  window: optionalText('only the last stretch of time: 90m, 24h, 7d', { placeholder: 'DURATION' }),
  newest: flag('newest first'),
  summary: flag('counts instead of events'),
  limit: optionalInteger('how many events, 100 when left out; negative for all. A summary counts all when left out'),
  includeContent: flag('show messages and other words instead of their size'),
  json: flag('print JSON'),
};
type Input = InputOf<typeof inputs>;

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

/** What happened, as every part of Conveyor told it. */
export const telemetry = defineOperation({
  name: 'telemetry',
  summary: 'Look through what happened, or sum it up.',
  effect: 'reads',
  inputs,
  output: () => z.union([telemetrySummary(), z.array(telemetryRecord())]),
  run: (context, input): TelemetrySummary | TelemetryRecord[] => (input.summary ? sumUp : list)(context, input),
  text: (output) => (Array.isArray(output) ? output.map(telemetryLine).join('') : summaryText(output)),
});

function list(context: OperationContext, input: Input): TelemetryRecord[] {
  const page = { limit: input.limit ?? 100, newestFirst: input.newest };
  return listTelemetry(context.ledger, filterOf(context, input), page).map((record) =>
    showTelemetry(record, input.includeContent),
  );
}

function sumUp(context: OperationContext, input: Input): TelemetrySummary {
  const page = { limit: input.limit ?? -1, newestFirst: input.newest };
  return summarise(countTelemetry(context.ledger, filterOf(context, input), page));
}

function filterOf({ ledger, clock }: OperationContext, input: Input): TelemetryFilter {
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
