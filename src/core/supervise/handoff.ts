import type { JsonObject } from '../domain/json.ts';
import { recordEvent } from '../ledger/auditStore.ts';
import { findBinding } from '../ledger/bindingStore.ts';
import type { Connection } from '../ledger/connection.ts';
import { type Handoff, insertHandoff } from '../ledger/handoffStore.ts';
import type { Task } from '../ledger/taskStore.ts';
import { recordTelemetry } from '../ledger/telemetryStore.ts';

export interface HandoffNote {
  readonly summary: string;
  readonly nextSteps: readonly string[];
  readonly payload: JsonObject;
}

/** Appends a handoff of the bound worker, with its audit. Call inside a write transaction. */
export function recordHandoff(ledger: Connection, task: Task, note: HandoffNote, now: number): Handoff {
  const workerSessionId = findBinding(ledger, task.id)?.worker_session_id ?? null;
  const handoff = insertHandoff(ledger, { ...note, taskId: task.id, workerSessionId }, now);
  const subject = { handoff_id: handoff.id, worker_session_id: workerSessionId };
  recordTelemetry(
    ledger,
    {
      type: 'worker_handoff_recorded',
      summary: 'Worker handoff recorded.',
      actor: 'worker',
      taskId: task.id,
      correlation: subject,
      attributes: {
        next_step_count: note.nextSteps.length,
        payload_keys: Object.keys(note.payload).toSorted(),
        summary_length: [...note.summary].length,
      },
    },
    now,
  );
  const payload = { ...subject, next_step_count: note.nextSteps.length };
  recordEvent(ledger, { type: 'worker_handoff_recorded', taskId: task.id, payload }, now);
  return handoff;
}
