import type { JsonObject } from '../domain/json.ts';
import type { AuditRow, AuditTableName } from '../ledger/auditTables.ts';
import { hideColumns, hideError, shownCriterion, shownDecision } from './hideColumns.ts';
import { measure, redactRecord, redactWords } from './redact.ts';

type Hide<Name extends AuditTableName> = (row: AuditRow<Name>) => object;

/** Words are hidden column by column; what is inside payloads, results and evidence passes the allow-list. */
export const hideRow = {
  events: hidePayload,
  commands: (row: AuditRow<'commands'>) => ({ ...hideError(hidePayload(row)), result: hide(row.result) }),
  command_attempts: (row: AuditRow<'command_attempts'>) => ({ ...hideError(row), result: hide(row.result) }),
  routed_notifications: (row: AuditRow<'routed_notifications'>) => hideError(hidePayload(row)),
  manager_cycles: (row: AuditRow<'manager_cycles'>) => ({
    ...hideError(row),
    status: hide(row.status),
    health: hide(row.health),
  }),
  manager_cycle_spans: (row: AuditRow<'manager_cycle_spans'>) => ({ ...row, attributes: redactRecord(row.attributes) }),
  epilogue_runs: (row: AuditRow<'epilogue_runs'>) => ({ ...hideError(row), result: hide(row.result) }),
  agent_observations: (row: AuditRow<'agent_observations'>) => withoutText(hidePayload(row), 'message'),
  // What agents wrote themselves: no name of a field makes it the supervisor's.
  manager_decisions: (row: AuditRow<'manager_decisions'>) => shownDecision(row, false),
  task_acknowledgements: hideWords,
  task_continuations: hideWords,
  continuation_reviews: (row: AuditRow<'continuation_reviews'>) => ({
    ...withoutText(hideColumns(row, ['rationale']), 'addendum'),
    subagent_run: redactRecord(row.subagent_run),
  }),
  acceptance_criteria: (row: AuditRow<'acceptance_criteria'>) => shownCriterion(row, false),
  worker_handoffs: (row: AuditRow<'worker_handoffs'>) => hideWords(withoutText(row, 'summary')),
} satisfies { readonly [Name in AuditTableName]: Hide<Name> };

function hideWords<Row extends { readonly payload: JsonObject }>(row: Row): Row {
  return { ...row, payload: redactWords(row.payload) };
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
