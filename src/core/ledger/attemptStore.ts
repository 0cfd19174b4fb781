import * as z from 'zod/mini';
import { attemptStates } from '../domain/attempt.ts';
import { ledgerJson } from '../domain/json.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import { flag, jsonObjectOrNull } from './columns.ts';
import type { Connection } from './connection.ts';
import { query } from './query.ts';

const attemptRow = z.object({
  id: z.number(),
  command_id: z.string(),
  correlation_id: z.string(),
  dispatcher_id: z.string(),
  started_at: z.string(),
  finished_at: z.nullable(z.string()),
  state: z.enum(attemptStates),
  result: jsonObjectOrNull,
  error: z.nullable(z.string()),
  side_effect_started: flag,
  side_effect_completed: flag,
});

/** One try of a dispatcher to carry out a command. */
export type Attempt = z.infer<typeof attemptRow>;

const columns = `id, command_id, correlation_id, dispatcher_id, started_at, finished_at, state,
  result_json AS result, error, side_effect_started, side_effect_completed`;
const newestOf = query(
  attemptRow,
  `SELECT ${columns} FROM command_attempts WHERE command_id = ? ORDER BY id DESC LIMIT 1`,
);
const byId = query(attemptRow, `SELECT ${columns} FROM command_attempts WHERE id = ?`);
const ofCommands = query(
  attemptRow,
  `SELECT ${columns} FROM command_attempts WHERE command_id IN (SELECT value FROM json_each(?)) ORDER BY id`,
);

export function findNewestAttempt(ledger: Connection, commandId: string): Attempt | null {
  return newestOf.first(ledger, [commandId]);
}

/** The attempts of several commands, oldest first, by command. */
export function listAttempts(ledger: Connection, commandIds: readonly string[]): Map<string, Attempt[]> {
  const found = ofCommands.all(ledger, [JSON.stringify(commandIds)]);
  const byCommand = new Map<string, Attempt[]>();
  for (const attempt of found)
    byCommand.set(attempt.command_id, [...(byCommand.get(attempt.command_id) ?? []), attempt]);
  return byCommand;
}

/** Attempts whose dispatcher died before anything began. */
export function countAbandoned(ledger: Connection, commandId: string): number {
  const row = ledger.get(
    `SELECT count(*) AS found FROM command_attempts
     WHERE command_id = ? AND state = 'abandoned' AND side_effect_started = 0 AND result_json IS NULL`,
    [commandId],
  );
  return z.object({ found: z.number() }).parse(row).found;
}

export interface NewAttempt {
  readonly commandId: string;
  readonly correlationId: string;
  readonly dispatcherId: string;
}

/** Begins an attempt. One that was only put off goes on in its row: hours of waiting don't fill the ledger. */
export function beginAttempt(
  ledger: Connection,
  { commandId, correlationId, dispatcherId }: NewAttempt,
  now: number,
): { readonly attempt: Attempt; readonly isNew: boolean } {
  const newest = findNewestAttempt(ledger, commandId);
  if (newest?.state === 'abandoned' && newest.result?.state === 'deferred') {
    ledger.run(
      `UPDATE command_attempts SET state = 'running', dispatcher_id = ?, finished_at = NULL, result_json = NULL, error = NULL
       WHERE id = ?`,
      [dispatcherId, newest.id],
    );
    return { attempt: requireAttempt(ledger, newest.id), isNew: false };
  }
  const { lastId } = ledger.run(
    `INSERT INTO command_attempts (command_id, correlation_id, dispatcher_id, started_at, state) VALUES (?, ?, ?, ?, 'running')`,
    [commandId, correlationId, dispatcherId, formatTimestamp(now)],
  );
  return { attempt: requireAttempt(ledger, lastId), isNew: true };
}

export interface AttemptChange {
  readonly state: Attempt['state'];
  readonly started: boolean;
  readonly completed: boolean;
  readonly result?: object | null;
  readonly error?: string | null;
}

/** Changes a running attempt; false when it is not running any more. */
export function changeAttempt(ledger: Connection, id: number, change: AttemptChange, now: number): boolean {
  const { changes } = ledger.run(
    `UPDATE command_attempts SET state = ?, side_effect_started = ?, side_effect_completed = ?, result_json = ?, error = ?,
       finished_at = ? WHERE id = ? AND state = 'running'`,
    [
      change.state,
      change.started ? 1 : 0,
      change.completed ? 1 : 0,
      change.result === undefined || change.result === null ? null : ledgerJson(change.result),
      change.error ?? null,
      change.state === 'running' ? null : formatTimestamp(now),
      id,
    ],
  );
  return changes === 1;
}

function requireAttempt(ledger: Connection, id: number): Attempt {
  const attempt = byId.first(ledger, [id]);
  if (attempt === null) throw new Error(`attempt ${id} is gone right after it was written`);
  return attempt;
}
