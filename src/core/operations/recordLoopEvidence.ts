import { type Criterion, type CriterionSource, listCriteriaByText } from '../ledger/criterionStore.ts';
import type { Connection } from '../ledger/connection.ts';
import type { Task } from '../ledger/taskStore.ts';
import { criterionStatusOf, criterionText, type Evidence, evidenceObject } from '../loops/evidence.ts';
import { addCriterion, moveCriterion } from '../supervise/criteria.ts';

export interface EvidenceRecord {
  readonly evidence: Evidence;
  /** Null: the manager's, or whoever said it first. */
  readonly source: CriterionSource | null;
  /** Null: as it is, or a sentence when it is new. */
  readonly proof: string | null;
}

/**
 * Stores evidence where the gate looks for it: in the criterion of its run, iteration and type. What is recorded once
 * more replaces what was there, also who said it (LQ-6); what it replaced is in the audit log. Call inside a write
 * transaction.
 */
export function recordLoopEvidence(
  ledger: Connection,
  { task, runId }: { readonly task: Task; readonly runId: string },
  { evidence, source, proof }: EvidenceRecord,
  now: number,
): Criterion {
  const text = criterionText(runId, evidence);
  const stored = evidenceObject(runId, evidence);
  const status = criterionStatusOf(evidence.status);
  const known = listCriteriaByText(ledger, task.id, text);
  const [first] = known;
  if (first === undefined) {
    // Without the outcome: this sentence stays when somebody records another one later.
    const said = proof ?? `Recorded for iteration ${evidence.iteration}: ${evidence.type}.`;
    const proposal = { text, source: source ?? 'manager_inferred', status, proof: said, evidence: stored } as const;
    return addCriterion(ledger, task, proposal, now).criterion;
  }
  // One text may stand there from several sources, when somebody added it by hand: all of them say the same now.
  const isNewSource = source !== null && known.every((criterion) => criterion.source !== source);
  const moved = known.map(({ id }) =>
    moveCriterion(
      ledger,
      task,
      {
        id,
        status,
        note: { proof, evidence: stored },
        ...(isNewSource && id === first.id ? { source } : {}),
      },
      now,
    ),
  );
  return moved.find((criterion) => criterion.source === source) ?? moved[0] ?? first;
}
