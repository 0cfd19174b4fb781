import type { JsonObject } from '../domain/json.ts';
import type { AuditTables } from '../ledger/auditQueryStore.ts';
import { hideColumns, hideError, shownCriterion, shownDecision } from './hideColumns.ts';
import { measure, redactRecord, redactWords } from './redact.ts';

/** Words are hidden column by column; what is inside payloads, results and evidence passes the allow-list. */
export function hideTables(tables: AuditTables) {
  return {
    events: tables.events.map(hidePayload),
    commands: tables.commands.map((row) => ({ ...hideError(hidePayload(row)), result: hide(row.result) })),
    command_attempts: tables.command_attempts.map((row) => ({ ...hideError(row), result: hide(row.result) })),
    routed_notifications: tables.routed_notifications.map((row) => hideError(hidePayload(row))),
    manager_cycles: tables.manager_cycles.map((row) => ({
      ...hideError(row),
      status: hide(row.status),
      health: hide(row.health),
    })),
    manager_cycle_spans: tables.manager_cycle_spans.map((row) => ({
      ...row,
      attributes: redactRecord(row.attributes),
    })),
    epilogue_runs: tables.epilogue_runs.map((row) => ({ ...hideError(row), result: hide(row.result) })),
    agent_observations: tables.agent_observations.map((row) => withoutText(hidePayload(row), 'message')),
    ...hideAgentsWords(tables),
  };
}

/** What agents wrote themselves: no name of a field makes it the supervisor's. */
function hideAgentsWords(tables: AuditTables) {
  const payload = <Row extends { readonly payload: JsonObject }>(row: Row): Row => ({
    ...row,
    payload: redactWords(row.payload),
  });
  return {
    manager_decisions: tables.manager_decisions.map((row) => shownDecision(row, false)),
    task_acknowledgements: tables.task_acknowledgements.map(payload),
    task_continuations: tables.task_continuations.map(payload),
    continuation_reviews: tables.continuation_reviews.map((row) => ({
      ...withoutText(hideColumns(row, ['rationale']), 'addendum'),
      subagent_run: redactRecord(row.subagent_run),
    })),
    acceptance_criteria: tables.acceptance_criteria.map((row) => shownCriterion(row, false)),
    worker_handoffs: tables.worker_handoffs.map((row) => payload(withoutText(row, 'summary'))),
  };
}

function hide(object: JsonObject | null): JsonObject | null {
  return object === null ? null : redactRecord(object);
}

function hidePayload<Row extends { readonly payload: JsonObject }>(row: Row): Row {
  return { ...row, payload: redactRecord(row.payload) };
}

/** The row without what somebody wrote, with its measure instead. */
function withoutText<Row extends object, Column extends keyof Row & string>(row: Row, column: Column) {
  const { [column]: words, ...rest } = row;
  if (typeof words !== 'string') return rest;
  const { bytes, lines } = measure(words);
  return { ...rest, [`${column}_redacted`]: true, [`${column}_byte_count`]: bytes, [`${column}_line_count`]: lines };
}
