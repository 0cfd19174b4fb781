import type { ErrorCode } from '../domain/errors.ts';
import { recordEvent } from '../ledger/auditStore.ts';
import { findBindingOfSession } from '../ledger/bindingStore.ts';
import { recordTelemetry } from '../ledger/telemetryStore.ts';
import type { DispatchDependencies } from './dependencies.ts';
import { interruptKey } from './interruptSession.ts';
import type { SessionAction } from './sessionAction.ts';

export interface ActionRecord {
  readonly dryRun: boolean;
  readonly commandId: string | null;
  readonly error: { readonly code: ErrorCode; readonly sentence: string } | null;
}

/** Puts a nudge or an interrupt on record, on its task (OD-47): lengths, never words. Call inside a write transaction. */
export function recordAction(
  deps: Pick<DispatchDependencies, 'ledger' | 'clock'>,
  action: SessionAction,
  { dryRun, commandId, error }: ActionRecord,
): void {
  const { ledger, clock } = deps;
  const { session } = action;
  const now = clock.now();
  const binding = findBindingOfSession(ledger, session.id);
  const taskId = binding?.task_id ?? null;
  const failure = error === null ? {} : { error: error.sentence, error_type: error.code, rollback_error: null };
  const facts = { dry_run: dryRun, success: error === null, ...failure };
  const isNudge = action.type === 'session_nudge';
  const said = isNudge
    ? { text_length: lengthOf(action.text) }
    : { followup_length: action.followup === null ? null : lengthOf(action.followup) };
  const key = isNudge ? {} : { key: interruptKey({ ledger }, session, action.key) };
  recordEvent(
    ledger,
    {
      type: isNudge ? 'session_nudged' : 'session_interrupted',
      taskId,
      commandId,
      payload: { session: session.name, ...key, ...said, ...facts },
    },
    now,
  );
  const verb = isNudge ? 'session_nudge' : 'session_interrupt';
  recordTelemetry(
    ledger,
    {
      type: `${verb}_${error === null ? 'succeeded' : 'failed'}`,
      summary: `${isNudge ? 'Nudge of' : 'Interrupt of'} ${session.name} ${error === null ? 'succeeded' : 'failed'}.`,
      severity: error === null ? 'info' : 'error',
      taskId,
      correlation: {
        binding_id: binding?.id ?? null,
        dry_run: dryRun,
        role: session.role,
        session: session.name,
        session_id: session.id,
        ...key,
      },
      attributes: { ...said, ...facts },
    },
    now,
  );
}

/** In characters as a person counts them, as the reference does. */
function lengthOf(text: string): number {
  return [...text].length;
}
