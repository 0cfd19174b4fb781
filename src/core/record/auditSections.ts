import type { JsonObject } from '../domain/json.ts';
import { auditTables } from '../ledger/auditTables.ts';
import type { Connection } from '../ledger/connection.ts';
import type { PagedTable, RowKey } from '../ledger/pagedTable.ts';
import { measuredCaptures, measuredSegments, wholeCaptures, wholeSegments } from '../ledger/screenTables.ts';
import { sessionNudges } from '../ledger/telemetryQueryStore.ts';
import { hideRow } from './hideRow.ts';
import { showTelemetry } from './telemetryShown.ts';

/** One table of an audit, as it may be shown. */
export interface AuditSection<Shown = object> {
  /** One after the other, in the order of an audit. */
  all(): Generator<Shown>;
  /** The newest before a key, newest first, with the key of each. */
  page(before: RowKey | null, limit: number): { readonly shown: Shown; readonly key: RowKey }[];
}

type Show<Row> = (row: Row) => object;

/** Every table that an audit shows. Without content unless it is asked for (AT-2). */
export function auditSections(ledger: Connection, taskId: string, includeContent: boolean) {
  const of = <Row>(table: PagedTable<Row, 'audit' | 'page'>, show: Show<Row>): AuditSection => ({
    *all() {
      for (const { row } of table.each(ledger, taskId, { order: 'audit', direction: 'oldest-first' })) yield show(row);
    },
    page: (after, limit) =>
      table
        .page(ledger, taskId, { order: 'page', direction: 'newest-first', after, limit })
        .map(({ row, key }) => ({ shown: show(row), key })),
  });
  const show = <Row extends object>(hideFrom: Show<Row>): Show<Row> => (includeContent ? whole : hideFrom);
  return {
    events: of(auditTables.events, show(hideRow.events)),
    commands: of(auditTables.commands, show(hideRow.commands)),
    command_attempts: of(auditTables.command_attempts, show(hideRow.command_attempts)),
    routed_notifications: of(auditTables.routed_notifications, show(hideRow.routed_notifications)),
    manager_cycles: of(auditTables.manager_cycles, show(hideRow.manager_cycles)),
    manager_cycle_spans: of(auditTables.manager_cycle_spans, show(hideRow.manager_cycle_spans)),
    manager_decisions: of(auditTables.manager_decisions, show(hideRow.manager_decisions)),
    task_acknowledgements: of(auditTables.task_acknowledgements, show(hideRow.task_acknowledgements)),
    task_continuations: of(auditTables.task_continuations, show(hideRow.task_continuations)),
    continuation_reviews: of(auditTables.continuation_reviews, show(hideRow.continuation_reviews)),
    epilogue_runs: of(auditTables.epilogue_runs, show(hideRow.epilogue_runs)),
    acceptance_criteria: of(auditTables.acceptance_criteria, show(hideRow.acceptance_criteria)),
    worker_handoffs: of(auditTables.worker_handoffs, show(hideRow.worker_handoffs)),
    agent_observations: of(auditTables.agent_observations, show(hideRow.agent_observations)),
    session_nudges: of(sessionNudges, (record) => showTelemetry(record, includeContent)),
    // Sizes come from the ledger: thousands of screens are not read to be counted (AT-20).
    terminal_captures: includeContent ? of(wholeCaptures, whole) : of(measuredCaptures, (row) => sized(row, 'content')),
    transcript_segments: includeContent
      ? of(wholeSegments, whole)
      : of(measuredSegments, (row) => sized(row, 'segment_text')),
  };
}

export type AuditSectionName = keyof ReturnType<typeof auditSections>;

function whole(row: object): object {
  return row;
}

interface Measured {
  readonly text_byte_count: number | null;
  readonly text_line_count: number | null;
}

function sized<Row extends Measured>({ text_byte_count: bytes, text_line_count: lines, ...row }: Row, column: string) {
  return bytes === null ? row : { ...row, ...measured(column, bytes, lines) };
}

function measured(column: string, bytes: number, lines: number | null): JsonObject {
  return { [`${column}_redacted`]: true, [`${column}_byte_count`]: bytes, [`${column}_line_count`]: lines };
}
