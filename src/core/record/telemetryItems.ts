import { isJsonObject, type JsonObject, type JsonValue } from '../domain/json.ts';
import type { CommandRow, CycleRow } from '../ledger/telemetryQueryHealthStore.ts';
import type { TelemetryRecord } from '../ledger/telemetryQueryStore.ts';
import { hideColumns, hideError, shownRecord } from './hideColumns.ts';
import { isCode } from './redact.ts';
import { keysOf, showTelemetry } from './telemetryShown.ts';

/** A cycle in numbers and states, without what was said in it. */
export function cycleItem(row: CycleRow, includeContent: boolean) {
  const cycle = includeContent ? row : hideError(row);
  const status = cycle.status ?? {};
  const signal = shownSignal(status, includeContent);
  return {
    id: cycle.id,
    task_id: cycle.task_id,
    manager_id: cycle.manager_id,
    started_at: cycle.started_at,
    completed_at: cycle.completed_at,
    state: cycle.state,
    decision: cycle.decision,
    error: cycle.error,
    health: shownRecord(cycle.health ?? {}, includeContent),
    ingest: numbersOf(status.ingest),
    worker_state: status.state ?? null,
    staleness_seconds: status.staleness_seconds ?? null,
    notable_pane_pattern: status.notable_pane_pattern ?? null,
    pane_signal: {
      captured: signal.captured ?? null,
      notable_pattern: signal.notable_pattern ?? null,
      reason: signal.reason ?? null,
      // The pane has no age of its own; the key belongs to the contract.
      staleness_seconds: null,
    },
  };
}

/** Why a pane could not be looked at may repeat what stood in a rollout. */
function shownSignal({ pane_signal: signal }: JsonObject, includeContent: boolean): JsonObject {
  if (!isJsonObject(signal)) return {};
  const { reason = null } = signal;
  if (includeContent || typeof reason !== 'string' || isCode(reason)) return signal;
  return hideColumns(signal, ['reason']);
}

export function cycleItemWithTask(cycle: CycleRow, includeContent: boolean) {
  return { ...cycleItem(cycle, includeContent), task_name: cycle.task_name };
}

/** A command by the names of its fields: what they hold may be what somebody said. */
export function commandItem(row: CommandRow, includeContent: boolean) {
  const {
    payload,
    result,
    task_name: _name,
    idempotency_key: _key,
    ...command
  } = includeContent ? row : hideError(row);
  const { claimed_at: _at, claim_expires_at: _until, ...rest } = command;
  return { ...rest, payload_keys: keysOf(payload), result_keys: keysOf(result) };
}

/** As the health of all tasks lists it. */
export function commandBrief(command: CommandRow, includeContent: boolean) {
  const { id, type, state, task_id, task_name, created_at, updated_at, attempts, claimed_by, error } = includeContent
    ? command
    : hideError(command);
  return { id, type, state, task_id, task_name, created_at, updated_at, attempts, claimed_by, error };
}

/** An event without attributes. */
export function telemetryBrief(record: TelemetryRecord, includeContent: boolean): Omit<TelemetryRecord, 'attributes'> {
  const { attributes: _, ...rest } = showTelemetry(record, includeContent);
  return rest;
}

function numbersOf(value: JsonValue | undefined): JsonObject | null {
  if (!isJsonObject(value)) return null;
  return Object.fromEntries(Object.entries(value).filter(([, item]) => typeof item === 'number'));
}
