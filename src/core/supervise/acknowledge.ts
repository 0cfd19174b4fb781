import type { JsonObject } from '../domain/json.ts';
import { type Acknowledgement, findAcknowledgement, insertAcknowledgement } from '../ledger/acknowledgementStore.ts';
import { recordEvent } from '../ledger/auditStore.ts';
import { findBinding, findNewestBinding } from '../ledger/bindingStore.ts';
import type { Connection } from '../ledger/connection.ts';
import { findManagerConfig } from '../ledger/managerConfigStore.ts';
import { type SessionRole, sessionRoles } from '../ledger/sessionStore.ts';
import type { Task } from '../ledger/taskStore.ts';

export interface AcknowledgementNote {
  readonly role: SessionRole;
  readonly payload: JsonObject;
  readonly correlationId: string | null;
}

/** Records an answer to the contract as it stands: this binding, this revision. Call inside a write transaction. */
export function acknowledge(ledger: Connection, task: Task, note: AcknowledgementNote, now: number): Acknowledgement {
  const { role, payload, correlationId } = note;
  const bindingId = findBinding(ledger, task.id)?.id ?? null;
  const managerConfigRevision = findManagerConfig(ledger, task.id)?.revision ?? null;
  const given = { ...note, taskId: task.id, bindingId, managerConfigRevision };
  const acknowledgement = insertAcknowledgement(ledger, given, now);
  recordEvent(
    ledger,
    {
      type: `${role}_ack_recorded`,
      actor: role,
      taskId: task.id,
      correlationId,
      payload: {
        ack_id: acknowledgement.id,
        binding_id: bindingId,
        payload_keys: Object.keys(payload).toSorted(),
        role,
      },
    },
    now,
  );
  return acknowledgement;
}

/** Why an answer does not stand for the contract as it is now; null when it does. */
type AcknowledgementGap = 'missing' | 'empty' | 'other_binding' | 'older_config';

export interface AcknowledgementState {
  readonly role: SessionRole;
  readonly acknowledgement: Acknowledgement | null;
  readonly gap: AcknowledgementGap | null;
}

/** Both sides' latest answers, judged by the binding and the policy of this moment (CP-34). */
export function acknowledgementStates(ledger: Connection, taskId: string): readonly AcknowledgementState[] {
  // After an unbind the binding that was is still the one that was answered to.
  const bindingId = (findBinding(ledger, taskId) ?? findNewestBinding(ledger, taskId))?.id ?? null;
  const revision = findManagerConfig(ledger, taskId)?.revision ?? null;
  return sessionRoles.map((role) => {
    const acknowledgement = findAcknowledgement(ledger, taskId, role);
    return { role, acknowledgement, gap: gapOf(acknowledgement, bindingId, revision) };
  });
}

function gapOf(
  acknowledgement: Acknowledgement | null,
  bindingId: string | null,
  revision: number | null,
): AcknowledgementGap | null {
  if (acknowledgement === null) return 'missing';
  if (Object.keys(acknowledgement.payload).length === 0) return 'empty';
  if (acknowledgement.binding_id !== bindingId) return 'other_binding';
  return acknowledgement.manager_config_revision === revision ? null : 'older_config';
}

/** `worker (of an older configuration)`: for messages. */
export function describeGap({ role, gap }: AcknowledgementState): string {
  return gap === null || gap === 'missing' ? role : `${role} (${GAPS[gap]})`;
}

const GAPS = {
  empty: 'its acknowledgement is empty',
  other_binding: 'it acknowledged another binding',
  older_config: 'it acknowledged an older configuration',
} as const;
