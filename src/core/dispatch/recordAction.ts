import type { ErrorCode } from '../domain/errors.ts';
import type { JsonObject } from '../domain/json.ts';
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
  /** What was asked: for the event alone. */
  readonly words?: JsonObject;
}

/**
 * Puts a nudge, an interrupt or an answer on record, on its task (OD-47): of messages the length, never the words; of a
 * question that was answered the words, in the event alone. Call inside a write transaction.
 */
export function recordAction(
  deps: Pick<DispatchDependencies, 'ledger' | 'clock'>,
  action: SessionAction,
  { dryRun, commandId, error, words = {} }: ActionRecord,
): void {
  const { ledger, clock } = deps;
  const { session } = action;
  const now = clock.now();
  const binding = findBindingOfSession(ledger, session.id);
  const taskId = binding?.task_id ?? null;
  const failure = error === null ? {} : { error: error.sentence, error_type: error.code, rollback_error: null };
  const facts = { dry_run: dryRun, success: error === null, ...failure };
  const { event, telemetry, title, key, said } = described(deps, action);
  const legacy =
    action.type === 'session_nudge' && action.legacyCommand ? { legacy_command: action.legacyCommand } : {};
  const payload = { session: session.name, ...legacy, ...key, ...words, ...said, ...facts };
  recordEvent(ledger, { type: event, taskId, commandId, payload }, now);
  recordTelemetry(
    ledger,
    {
      type: `${telemetry}_${error === null ? 'succeeded' : 'failed'}`,
      summary: `${title} ${session.name} ${error === null ? 'succeeded' : 'failed'}.`,
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

interface Described {
  readonly event: string;
  readonly telemetry: string;
  readonly title: string;
  readonly key: object;
  readonly said: object;
}

function described({ ledger }: Pick<DispatchDependencies, 'ledger'>, action: SessionAction): Described {
  switch (action.type) {
    case 'session_nudge': {
      const said = { text_length: lengthOf(action.text) };
      return { event: 'session_nudged', telemetry: action.type, title: 'Nudge of', key: {}, said };
    }
    case 'session_interrupt': {
      const { session, key, followup } = action;
      return {
        event: 'session_interrupted',
        telemetry: action.type,
        title: 'Interrupt of',
        key: { key: interruptKey({ ledger }, session, key) },
        said: { followup_length: followup === null ? null : lengthOf(followup) },
      };
    }
    case 'session_answer': {
      const { option } = action;
      const said = { option, denied: option === null };
      return { event: 'session_answered', telemetry: action.type, title: 'Answer to', key: {}, said };
    }
    default:
      return action satisfies never;
  }
}

/** In characters as a person counts them, as the reference does. */
function lengthOf(text: string): number {
  return [...text].length;
}
