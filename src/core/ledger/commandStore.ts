import * as z from 'zod/mini';
import { newIdentifier } from '../domain/identifiers.ts';
import { ledgerJson } from '../domain/json.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import { jsonObject, jsonObjectOrNull } from './columns.ts';
import type { Connection } from './connection.ts';
import { query } from './query.ts';
import { recordTelemetry } from './telemetryStore.ts';

export const commandStates = ['pending', 'attempted', 'succeeded', 'failed', 'blocked'] as const;

const commandRow = z.object({
  id: z.string(),
  idempotency_key: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  task_id: z.nullable(z.string()),
  worker_id: z.nullable(z.string()),
  manager_id: z.nullable(z.string()),
  correlation_id: z.nullable(z.string()),
  type: z.string(),
  state: z.enum(commandStates),
  available_at: z.nullable(z.string()),
  claimed_by: z.nullable(z.string()),
  claimed_at: z.nullable(z.string()),
  claim_expires_at: z.nullable(z.string()),
  attempts: z.number(),
  max_attempts: z.number(),
  required_permission: z.nullable(z.string()),
  payload: jsonObject,
  result: jsonObjectOrNull,
  error: z.nullable(z.string()),
});

/** The durable record of one side effect: queued for dispatch, or carried out at once. */
export type Command = z.infer<typeof commandRow>;
export type CommandState = Command['state'];

export const commandColumns = `id, idempotency_key, created_at, updated_at, task_id, worker_id, manager_id, correlation_id, type, state,
  available_at, claimed_by, claimed_at, claim_expires_at, attempts, max_attempts, required_permission,
  payload_json AS payload, result_json AS result, error`;

const byId = query(commandRow, `SELECT ${commandColumns} FROM commands WHERE id = ?`);
const byKey = query(commandRow, `SELECT ${commandColumns} FROM commands WHERE idempotency_key = ?`);

export { commandRow };

export function findCommand(ledger: Connection, id: string): Command | null {
  return byId.first(ledger, [id]);
}

export function findCommandByKey(ledger: Connection, idempotencyKey: string): Command | null {
  return byKey.first(ledger, [idempotencyKey]);
}

export interface NewCommand {
  readonly type: string;
  readonly payload: object;
  readonly taskId?: string | null;
  readonly correlationId?: string | null;
  readonly requiredPermission?: string | null;
  readonly idempotencyKey?: string | null;
  readonly maxAttempts?: number;
  /** Milliseconds since the epoch before which nobody takes it up. */
  readonly availableAt?: number | null;
}

/** Queues a command, with its `command_created` telemetry. Call inside a write transaction. */
export function insertCommand(ledger: Connection, command: NewCommand, now: number): Command {
  const id = newIdentifier('command');
  const timestamp = formatTimestamp(now);
  const key = command.idempotencyKey ?? id;
  const correlationId = command.correlationId ?? newIdentifier('dispatch');
  const taskId = command.taskId ?? null;
  const permission = command.requiredPermission ?? null;
  ledger.run(
    `INSERT INTO commands (id, idempotency_key, created_at, updated_at, task_id, correlation_id, type, state, available_at, max_attempts, required_permission, payload_json)
     VALUES (?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?, ?, ?)`,
    [
      id,
      key,
      timestamp,
      timestamp,
      taskId,
      correlationId,
      command.type,
      typeof command.availableAt === 'number' ? formatTimestamp(command.availableAt) : null,
      command.maxAttempts ?? 1,
      permission,
      ledgerJson(signed(command.payload, ledger.actor)),
    ],
  );
  recordTelemetry(
    ledger,
    {
      type: 'command_created',
      summary: `Command ${command.type} created.`,
      taskId,
      correlation: { command_id: id, command_type: command.type, correlation_id: correlationId },
      attributes: {
        idempotency_key: key,
        manager_id: null,
        required_permission: permission,
        state: 'pending',
        worker_id: null,
      },
    },
    now,
  );
  return requireCommand(ledger, id);
}

/** The shared table has no column for who asked. */
function signed(payload: object, actor: string): object {
  return actor === 'workerctl' ? payload : { ...payload, asked_by: actor };
}

/** A command that is carried out at once goes from pending to attempted without a claim. */
export function startCommand(ledger: Connection, command: Command, now: number): void {
  setState(ledger, command.id, 'attempted', now);
  recordTelemetry(
    ledger,
    {
      type: 'command_attempted',
      summary: `Command ${command.type} attempted.`,
      taskId: command.task_id,
      correlation: { command_id: command.id, command_type: command.type },
      attributes: { manager_id: null, state: 'attempted', worker_id: null },
    },
    now,
  );
}

export interface CommandOutcome {
  readonly state: 'succeeded' | 'failed';
  readonly result: object | null;
  readonly error?: string | null;
}

/** Ends a command that was carried out at once, with its telemetry. */
export function finishCommand(ledger: Connection, command: Command, outcome: CommandOutcome, now: number): void {
  const error = outcome.error ?? null;
  ledger.run('UPDATE commands SET state = ?, updated_at = ?, result_json = ?, error = ? WHERE id = ?', [
    outcome.state,
    formatTimestamp(now),
    outcome.result === null ? null : ledgerJson(outcome.result),
    error,
    command.id,
  ]);
  recordTelemetry(
    ledger,
    {
      type: `command_${outcome.state}`,
      summary: `Command ${command.type} ${outcome.state}.`,
      severity: outcome.state === 'failed' ? 'error' : 'info',
      taskId: command.task_id,
      correlation: { command_id: command.id, command_type: command.type },
      attributes: { error, manager_id: null, result: outcome.result ?? {}, state: outcome.state, worker_id: null },
    },
    now,
  );
}

function setState(ledger: Connection, id: string, state: CommandState, now: number): void {
  ledger.run('UPDATE commands SET state = ?, updated_at = ? WHERE id = ?', [state, formatTimestamp(now), id]);
}

function requireCommand(ledger: Connection, id: string): Command {
  const command = findCommand(ledger, id);
  if (command === null) throw new Error(`command ${id} is gone right after it was inserted`);
  return command;
}
