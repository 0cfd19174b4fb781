import { refuse } from '../domain/errors.ts';
import type { JsonObject } from '../domain/json.ts';
import { recordEvent } from '../ledger/auditStore.ts';
import type { Connection } from '../ledger/connection.ts';
import {
  type Criterion,
  type CriterionSource,
  type CriterionStatus,
  findCriterion,
  findCriterionByText,
  insertCriterion,
  listCriteria,
  updateCriterion,
} from '../ledger/criterionStore.ts';
import type { Task } from '../ledger/taskStore.ts';
import { recordTelemetry } from '../ledger/telemetryStore.ts';
import { trimmedOnce } from './managerConfig.ts';

/** What somebody says about a criterion. Left out: as it is. */
export interface CriterionNote {
  readonly proof?: string | null;
  readonly rationale?: string | null;
  /** Replaces what is stored; `{}` empties it. */
  readonly evidence?: JsonObject | null;
}

export interface CriterionProposal extends CriterionNote {
  readonly text: string;
  readonly source: CriterionSource;
  readonly status: CriterionStatus;
}

export interface AddedCriterion {
  readonly criterion: Criterion;
  /** False when this source had said this very text before: the row is as it was. */
  readonly created: boolean;
}

/** Adds a criterion, with its audit; the same text from the same source is the same criterion. Call inside a write transaction. */
export function addCriterion(ledger: Connection, task: Task, given: CriterionProposal, now: number): AddedCriterion {
  const known = findCriterionByText(ledger, task.id, given.source, given.text);
  if (known !== null) return { criterion: known, created: false };
  const criterion = insertCriterion(
    ledger,
    {
      taskId: task.id,
      criterion: given.text,
      status: given.status,
      source: given.source,
      proof: given.proof ?? null,
      rationale: given.rationale ?? null,
      evidence: given.evidence ?? {},
    },
    now,
  );
  audit(ledger, 'acceptance_criterion_added', criterion, { created: true }, {}, now);
  return { criterion, created: true };
}

interface CriterionMove {
  readonly id: number;
  readonly status: CriterionStatus;
  readonly note: CriterionNote;
  /** Who says so now; left out: whoever said it first. */
  readonly source?: CriterionSource;
}

/** Moves a criterion to a status, with its audit. Throws `unknown_criterion` and `missing_input`. Call inside a write transaction. */
export function moveCriterion(
  ledger: Connection,
  task: Task,
  { id, status, note, source }: CriterionMove,
  now: number,
): Criterion {
  const known = findCriterion(ledger, task.id, id);
  if (known === null) {
    throw refuse(
      'unknown_criterion',
      `Unknown acceptance criterion for task ${task.name}: ${id}; list them with "criteria ${task.name} --list"`,
    );
  }
  const change = {
    status,
    proof: note.proof ?? known.proof,
    rationale: note.rationale ?? known.rationale,
    evidence: note.evidence ?? known.evidence,
    source: source ?? known.source,
  };
  refuseUnproven(known, change);
  const criterion = updateCriterion(ledger, known, change, now);
  const former = {
    previous_status: known.status,
    previous_proof: known.proof,
    previous_rationale: known.rationale,
    previous_evidence: known.evidence,
    ...(criterion.source === known.source ? {} : { previous_source: known.source }),
  };
  audit(ledger, 'acceptance_criterion_updated', criterion, former, { previous_status: known.status }, now);
  return criterion;
}

/**
 * Acceptance texts of a policy become accepted criteria, once each, whatever source knew them before: one list, not two
 * (CP-39). Returns how many are new. Call inside a write transaction.
 */
export function seedCriteria(ledger: Connection, task: Task, texts: readonly string[], now: number): number {
  const known = new Set(listCriteria(ledger, task.id).map(({ criterion }) => criterion));
  const ids = trimmedOnce(texts)
    .filter((text) => !known.has(text))
    .map((text) => {
      const proposal = {
        text,
        source: 'manager_inferred',
        status: 'accepted',
        rationale: 'Taken over from the acceptance list of the manager configuration.',
        evidence: { source: 'manager_config' },
      } as const;
      return addCriterion(ledger, task, proposal, now).criterion.id;
    });
  if (ids.length > 0) {
    const payload = { criterion_ids: ids, source: 'manager_config' };
    recordEvent(ledger, { type: 'manager_acceptance_criteria_seeded', taskId: task.id, payload }, now);
  }
  return ids.length;
}

/** The burden of proof is on whoever says that something is true (CP-35). */
function refuseUnproven(
  known: Criterion,
  change: { readonly status: CriterionStatus; readonly proof: string | null; readonly evidence: JsonObject },
): void {
  if (change.status !== 'satisfied') return;
  if (change.proof?.trim() || Object.keys(change.evidence).length > 0) return;
  throw refuse(
    'missing_input',
    `criterion #${known.id} cannot be satisfied without evidence; say what shows it with --proof or --evidence-json`,
  );
}

function audit(
  ledger: Connection,
  type: 'acceptance_criterion_added' | 'acceptance_criterion_updated',
  criterion: Criterion,
  more: object,
  attributes: object,
  now: number,
): void {
  const { id, task_id: taskId, criterion: text, evidence, proof, rationale, source, status } = criterion;
  recordTelemetry(
    ledger,
    {
      type,
      summary: type === 'acceptance_criterion_added' ? 'Acceptance criterion added.' : 'Acceptance criterion updated.',
      taskId,
      correlation: { criterion_id: id, source },
      attributes: {
        criterion: text,
        has_evidence: Object.keys(evidence).length > 0,
        has_proof: Boolean(proof),
        status,
        ...attributes,
      },
    },
    now,
  );
  const payload = {
    criterion: text,
    criterion_id: id,
    evidence,
    proof,
    rationale,
    source,
    status,
    task_id: taskId,
    ...more,
  };
  recordEvent(ledger, { type, taskId, payload }, now);
}
