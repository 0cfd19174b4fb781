import type { JsonObject } from '../domain/json.ts';
import type { TelemetryCount, TelemetryExtent, TelemetryRecord } from '../ledger/telemetryQueryStore.ts';
import { redactObject } from './redact.ts';

/**
 * Names, states and codes that the supervisor itself puts into its records, besides what the policy shows everywhere.
 * Not for what agents wrote: a field of theirs may have any name.
 */
export const supervisorFields: ReadonlySet<string> = new Set(
  [
    'action reasons run_name purpose retention_class segment_kind capture_kind last_event_subtype notable_pane_pattern',
    'source_session_role target_session_role goal task worker manager signal observed_by startup',
    'supervision_mode permissions epilogues granted withheld nudge_on_completion failure_stage slash_command',
    'claimed_by claimed_at claim_expires_at available_at captured_at finished_at ended_at last_state_event_at',
    'warnings allowed_decisions missing missing_or_incomplete required_steps capture_transcript_mode allowed_context',
    'codex_session_id content_sha256 sha256 reviewer_session_id manager_session_id worker_session_id',
  ].flatMap((line) => line.split(' ')),
);

/** An event as others may see it. The sentence in `summary` is the supervisor's own. */
export function showTelemetry(record: TelemetryRecord, includeContent: boolean): TelemetryRecord {
  if (includeContent) return record;
  return {
    ...record,
    correlation: redactObject(record.correlation, supervisorFields),
    attributes: redactObject(record.attributes, supervisorFields),
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
