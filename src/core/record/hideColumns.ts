import type { JsonObject } from '../domain/json.ts';
import { isCode, redactedText, redactRecord, redactWords } from './redact.ts';

/**
 * A row of the ledger as others may see it: of the columns that the tables have, those in which somebody wrote something
 * keep their place and lose their words (AT-2). An error may repeat what it is about, so only one that is a code passes.
 */
export function hideColumns<Row extends object>(row: Row, columns: readonly (keyof Row & string)[]): Row {
  const hidden: Partial<Record<keyof Row, unknown>> = {};
  for (const column of columns) {
    const value = row[column];
    if (typeof value === 'string' && value !== '') hidden[column] = redactedText(value);
  }
  return { ...row, ...hidden };
}

/** The error of a row: a code, or how long its sentence is. */
export function hideError<Row extends { readonly error: string | null }>(row: Row): Row {
  return row.error === null || isCode(row.error) ? row : hideColumns(row, ['error']);
}

interface Written {
  readonly goal: string;
  readonly summary: string | null;
}

/** What somebody wanted to have done. */
export function shownTask<Row extends Written>(task: Row, includeContent: boolean): Row {
  return includeContent ? task : hideColumns(task, ['goal', 'summary']);
}

export function shownRecord(object: JsonObject, includeContent: boolean): JsonObject {
  return includeContent ? object : redactRecord(object);
}

export function shownDecision<Row extends { readonly reason: string; readonly payload: JsonObject }>(
  row: Row,
  includeContent: boolean,
): Row {
  return includeContent ? row : { ...hideColumns(row, ['reason']), payload: redactWords(row.payload) };
}

interface CriterionWords {
  readonly criterion: string;
  readonly proof: string | null;
  readonly rationale: string | null;
  readonly evidence: JsonObject;
}

export function shownCriterion<Row extends CriterionWords>(row: Row, includeContent: boolean): Row {
  if (includeContent) return row;
  return { ...hideColumns(row, ['criterion', 'proof', 'rationale']), evidence: redactWords(row.evidence) };
}
