import type { JsonObject } from '../domain/json.ts';
import type { TelemetryCount, TelemetryExtent, TelemetryRecord } from '../ledger/telemetryQueryStore.ts';
import { redactRecord } from './redact.ts';

/** An event as others may see it. The sentence in `summary` is the supervisor's own. */
export function showTelemetry(record: TelemetryRecord, includeContent: boolean): TelemetryRecord {
  if (includeContent) return record;
  return {
    ...record,
    correlation: redactRecord(record.correlation),
    attributes: redactRecord(record.attributes),
  };
}

export interface TelemetrySummary {
  readonly total: number;
  readonly first_timestamp: string | null;
  readonly last_timestamp: string | null;
  /** Only when every event belongs to the same one. */
  readonly run_id: string | null;
  readonly task_id: string | null;
  readonly by_actor: Readonly<Record<string, number>>;
  readonly by_event_type: Readonly<Record<string, number>>;
  readonly by_severity: Readonly<Record<string, number>>;
}

export function summarise({ counts, ...extent }: TelemetryExtent): TelemetrySummary {
  return {
    ...extent,
    by_actor: sumBy(counts, ({ actor }) => actor),
    by_event_type: sumBy(counts, ({ event_type }) => event_type),
    by_severity: sumBy(counts, ({ severity }) => severity),
  };
}

export function sumBy(
  counts: readonly TelemetryCount[],
  keyOf: (count: TelemetryCount) => string,
): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const count of counts) sums[keyOf(count)] = (sums[keyOf(count)] ?? 0) + count.count;
  return sums;
}

/** `timestamp actor event_type [severity] summary` */
export function telemetryLine({ timestamp, actor, event_type, severity, summary }: TelemetryRecord): string {
  return `${timestamp} ${actor} ${event_type} [${severity}] ${oneLine(summary)}\n`;
}

export function summaryText(summary: TelemetrySummary): string {
  const group = (label: string, counts: Readonly<Record<string, number>>) => [
    `${label}:`,
    ...Object.keys(counts)
      .toSorted()
      .map((key) => `  ${key}: ${counts[key]}`),
  ];
  return [
    `total: ${summary.total}`,
    `first_timestamp: ${summary.first_timestamp ?? 'None'}`,
    `last_timestamp: ${summary.last_timestamp ?? 'None'}`,
    ...group('by_actor', summary.by_actor),
    ...group('by_event_type', summary.by_event_type),
    ...group('by_severity', summary.by_severity),
    '',
  ].join('\n');
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

/** The names of fields, for views that must not show what they hold. */
export function keysOf(object: JsonObject | null): string[] {
  return Object.keys(object ?? {}).toSorted();
}
