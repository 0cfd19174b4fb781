import { type ConveyorError, refuse } from '../domain/errors.ts';
import { isAdversarialCheck } from '../domain/loopPolicy.ts';
import type { Connection } from '../ledger/connection.ts';
import { type CriteriaSummary, type Criterion, listCriteria, summarizeCriteria } from '../ledger/criterionStore.ts';
import { type EpilogueRun, listEpilogueRuns } from '../ledger/epilogueStore.ts';
import { findManagerConfig } from '../ledger/managerConfigStore.ts';
import { type SessionRole } from '../ledger/sessionStore.ts';
import type { Task } from '../ledger/taskStore.ts';
import { acknowledgementStates, describeGap } from './acknowledge.ts';

/** What the person or the policy demands before a task is done. */
export interface FinishDemands {
  readonly criteriaAudit: boolean;
  readonly acks: boolean;
  readonly epilogue: boolean;
  readonly adversarialProof: boolean;
}

interface CriteriaAudit {
  readonly open_criteria: readonly { readonly id: number; readonly criterion: string }[];
  readonly require_criteria_audit: boolean;
  readonly summary: CriteriaSummary;
  readonly total: number;
}

interface AckAudit {
  readonly manager_ack_id: number | null;
  readonly missing: readonly SessionRole[];
  /** Roles that answered to another binding, an older policy, or with nothing (CP-34). */
  readonly stale: readonly SessionRole[];
  readonly ok: boolean;
  readonly require_acks: boolean;
  readonly worker_ack_id: number | null;
}

export interface EpilogueAudit {
  readonly missing_or_incomplete: readonly string[];
  readonly ok: boolean;
  readonly require_epilogue: boolean;
  readonly required_steps: readonly string[];
  readonly steps: readonly {
    readonly latest_run: EpilogueRun | null;
    readonly ok: boolean;
    readonly state: EpilogueRun['state'];
    readonly step_name: string;
  }[];
}

export interface FinishAudits {
  readonly final_audit: CriteriaAudit;
  readonly final_ack_audit: AckAudit;
  readonly final_epilogue_audit: EpilogueAudit;
}

/** The state of every gate, whether or not it is demanded. */
export function auditFinish(ledger: Connection, task: Task, demands: FinishDemands): FinishAudits {
  return {
    final_audit: auditCriteria(ledger, task, demands.criteriaAudit),
    final_ack_audit: auditAcks(ledger, task, demands.acks),
    final_epilogue_audit: auditEpilogue(ledger, task, demands.epilogue),
  };
}

/** A gate that is shut. Those with a stage are put on record. */
export interface ShutGate {
  readonly refusal: ConveyorError;
  readonly recorded: { readonly stage: string; readonly audit: Partial<FinishAudits> } | null;
}

/** The first gate that is demanded and shut, in a fixed order; null when all are open. */
export function shutGate(
  ledger: Connection,
  task: Task,
  demands: FinishDemands,
  audits: FinishAudits,
): ShutGate | null {
  if (demands.adversarialProof && !listCriteria(ledger, task.id).some(isAdversarialProof)) {
    return { refusal: gateFailed(task, ADVERSARIAL), recorded: null };
  }
  const { final_audit, final_ack_audit, final_epilogue_audit } = audits;
  if (demands.criteriaAudit && (final_audit.open_criteria.length > 0 || final_audit.total === 0)) {
    return {
      refusal: gateFailed(task, criteriaSentence(task, final_audit)),
      recorded: { stage: 'final_criteria_audit', audit: { final_audit } },
    };
  }
  if (demands.acks && !final_ack_audit.ok) {
    const gaps = acknowledgementStates(ledger, task.id).filter(({ gap }) => gap !== null);
    const sentence = `acknowledgements are missing or stale: ${gaps.map(describeGap).join(', ')}; record them with "worker-ack" and "manager-ack"`;
    return {
      refusal: gateFailed(task, sentence),
      recorded: { stage: 'final_ack_audit', audit: { final_ack_audit } },
    };
  }
  if (demands.epilogue && !final_epilogue_audit.ok) {
    const steps = final_epilogue_audit.missing_or_incomplete.join(', ');
    return {
      refusal: gateFailed(task, `final steps are missing or incomplete: ${steps}; run each with "epilogue --step"`),
      recorded: { stage: 'final_epilogue_audit', audit: { final_epilogue_audit } },
    };
  }
  return null;
}

const ADVERSARIAL =
  'adversarial proof is required before finish: satisfy a criterion with evidence of evidence_type adversarial_check that has failure_mode, check and result, and did not fail';

function gateFailed(task: Task, sentence: string): ConveyorError {
  return refuse('gate_failed', `task '${task.name}' cannot be finished: ${sentence}`);
}

function criteriaSentence(task: Task, { open_criteria: open, total }: CriteriaAudit): string {
  if (total === 0) {
    return `no acceptance criteria were ever recorded, so there is nothing to audit; add them with "criteria ${task.name} --add"`;
  }
  const listed = open.map(({ id, criterion }) => `#${id}: ${criterion}`).join('; ');
  return `accepted criteria are still open: ${listed}; satisfy, defer or reject each`;
}

function auditCriteria(ledger: Connection, task: Task, isRequired: boolean): CriteriaAudit {
  const criteria = listCriteria(ledger, task.id);
  return {
    open_criteria: criteria
      .filter(({ status }) => status === 'accepted')
      .map(({ id, criterion }) => ({ id, criterion })),
    require_criteria_audit: isRequired,
    summary: summarizeCriteria(criteria),
    total: criteria.length,
  };
}

function auditAcks(ledger: Connection, task: Task, isRequired: boolean): AckAudit {
  const states = acknowledgementStates(ledger, task.id);
  const idOf = (role: SessionRole) => states.find((one) => one.role === role)?.acknowledgement?.id ?? null;
  const missing = states.filter(({ gap }) => gap === 'missing').map(({ role }) => role);
  const stale = states.filter(({ gap }) => gap !== null && gap !== 'missing').map(({ role }) => role);
  return {
    manager_ack_id: idOf('manager'),
    missing,
    stale,
    ok: missing.length === 0 && stale.length === 0,
    require_acks: isRequired,
    worker_ack_id: idOf('worker'),
  };
}

/** Every configured step with its latest run. */
export function auditEpilogue(ledger: Connection, task: Task, isRequired: boolean): EpilogueAudit {
  const required = findManagerConfig(ledger, task.id)?.epilogues ?? [];
  const runs = listEpilogueRuns(ledger, task.id);
  const steps = required.map((name) => {
    const latest = runs.findLast((run) => run.step_name === name) ?? null;
    return {
      latest_run: latest,
      ok: latest?.state === 'succeeded',
      state: latest?.state ?? ('pending' as const),
      step_name: name,
    };
  });
  const incomplete = steps.filter(({ ok }) => !ok).map((step) => step.step_name);
  return {
    missing_or_incomplete: incomplete,
    ok: incomplete.length === 0,
    require_epilogue: isRequired,
    required_steps: required,
    steps,
  };
}

/** Somebody tried to disprove the work and failed, and the criterion that says so still stands. */
function isAdversarialProof({ status, evidence }: Criterion): boolean {
  return status === 'satisfied' && evidence.evidence_type === 'adversarial_check' && isAdversarialCheck(evidence);
}
