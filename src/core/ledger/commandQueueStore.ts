import * as z from 'zod/mini';
import type { CommandProgress } from '../domain/attempt.ts';
import { ledgerJson } from '../domain/json.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import { countAbandoned, findNewestAttempt } from './attemptStore.ts';
import { flag } from './columns.ts';
import {
  type Command,
  commandColumns,
  commandRow,
  commandStates,
  type CommandState,
  findCommand,
  findCommandByKey,
  insertCommand,
  type NewCommand,
} from './commandStore.ts';
import type { Connection } from './connection.ts';
import { query, type RowParser } from './query.ts';

/**
 * Queues a command. A key that was used before answers with the command that it made (OD-26).
 *
 * One lock over look-up and insert, so that of many senders with one key exactly one makes the command.
 */
export function enqueueCommand(
  ledger: Connection,
  command: NewCommand,
  now: number,
): { readonly command: Command; readonly isNew: boolean } {
  return ledger.write(() => {
    const key = command.idempotencyKey ?? null;
    const known = key === null ? null : findCommandByKey(ledger, key);
    if (known !== null) return { command: known, isNew: false };
    const inserted = insertCommand(ledger, command, now);
    touchSequence(ledger);
    return { command: inserted, isNew: true };
  });
}

/** Tells those who wait that there is something new. */
export function touchSequence(ledger: Connection): void {
  ledger.run('UPDATE panel_sequence SET value = value + 1 WHERE id = 1');
}

const listedRow = z.extend(commandRow, { task_name: z.nullable(z.string()) });
/** A command with the name of its task. */
export type ListedCommand = z.infer<typeof listedRow>;

const briefShape = z.object({
  id: z.string(),
  state: commandRow.shape.state,
  type: z.string(),
  task_name: z.nullable(z.string()),
});
/** What a line about a command has. */
export type BriefCommand = z.infer<typeof briefShape>;

/** Tens of thousands are listed at once: those that are as they should be are taken as they are. */
const briefRow: RowParser<BriefCommand> = { parse: (value) => (isBrief(value) ? value : briefShape.parse(value)) };

function isBrief(value: unknown): value is BriefCommand {
  if (typeof value !== 'object' || value === null) return false;
  const { id, state, type, task_name: task }: Partial<Record<string, unknown>> = value;
  const isState = typeof state === 'string' && stateNames.has(state);
  return isState && typeof id === 'string' && typeof type === 'string' && (typeof task === 'string' || task === null);
}
const stateNames: ReadonlySet<string> = new Set(commandStates);

const taskName = '(SELECT name FROM tasks t WHERE t.id = c.task_id) AS task_name';
const matching = `WHERE ($state IS NULL OR state = $state) AND ($type IS NULL OR type = $type)
  AND ($worker IS NULL OR worker_id = $worker) AND ($manager IS NULL OR manager_id = $manager)
  AND ($task IS NULL OR task_id IN (SELECT id FROM tasks WHERE id = $task OR name = $task))`;
const all = `FROM commands c ${matching} ORDER BY created_at, rowid`;
// Shown in the order in which they were queued, too.
const newest = `FROM commands c WHERE rowid IN (SELECT rowid FROM commands ${matching}
  ORDER BY created_at DESC, rowid DESC LIMIT $limit) ORDER BY created_at, rowid`;
const lists = <Row>(row: RowParser<Row>, columns: string) => ({
  all: query(row, `SELECT ${columns}, ${taskName} ${all}`),
  newest: query(row, `SELECT ${columns}, ${taskName} ${newest}`),
});
const listed = lists(listedRow, commandColumns);
const briefs = lists(briefRow, 'id, state, type');

export interface CommandFilter {
  readonly task: string | null;
  readonly state: CommandState | null;
  readonly type: string | null;
  readonly worker: string | null;
  readonly manager: string | null;
  /** The newest so many; null for all. */
  readonly limit: number | null;
}

/** Commands of every type in the order in which they were queued. */
export function listCommands(ledger: Connection, filter: CommandFilter): ListedCommand[] {
  return chosen(listed, ledger, filter);
}

/** The same without what they carry. */
export function listCommandBriefs(ledger: Connection, filter: CommandFilter): BriefCommand[] {
  return chosen(briefs, ledger, filter);
}

function chosen<Row>(
  of: ReturnType<typeof lists<Row>>,
  ledger: Connection,
  { limit, ...filter }: CommandFilter,
): Row[] {
  return limit === null ? of.all.all(ledger, filter) : of.newest.all(ledger, { ...filter, limit });
}

const queuedRow = z.object({
  id: z.string(),
  type: z.string(),
  state: z.enum(['pending', 'attempted']),
  created_at: z.string(),
  position: z.number(),
  available_at: z.nullable(z.string()),
  claim_expires_at: z.nullable(z.string()),
  task_id: z.nullable(z.string()),
  correlation_id: z.nullable(z.string()),
  target_id: z.nullable(z.string()),
  is_push: flag,
});

/** A command that waits or is being carried out, with the session that it is for. */
export type QueuedCommand = z.infer<typeof queuedRow>;

// Whoever can write the file can put bytes where text belongs; such a row must not keep all others waiting.
const isReadable = `'blob' NOT IN (typeof(c.id), typeof(c.idempotency_key), typeof(c.created_at), typeof(c.updated_at),
    typeof(c.worker_id), typeof(c.manager_id), typeof(c.task_id), typeof(c.correlation_id), typeof(c.available_at),
    typeof(c.claimed_by), typeof(c.claimed_at), typeof(c.claim_expires_at), typeof(c.required_permission),
    typeof(c.payload_json), typeof(c.result_json), typeof(c.error))
  AND typeof(c.attempts) = 'integer' AND typeof(c.max_attempts) = 'integer'`;

const queued = query(
  queuedRow,
  // Of each target only the first few: a long queue behind one pane hides nobody else's.
  `WITH queue AS (
     SELECT c.id, c.type, c.state, c.created_at, c.rowid AS position, c.available_at, c.claim_expires_at, c.task_id,
       c.correlation_id,
       CASE WHEN c.type = 'notify_manager' THEN b.manager_session_id
            WHEN c.type IN ('nudge_worker', 'continue_iteration') THEN b.worker_session_id
            WHEN json_type(c.payload_json, '$.session_id') = 'text' THEN json_extract(c.payload_json, '$.session_id')
            END AS target_id
     FROM commands c LEFT JOIN bindings b ON b.task_id = c.task_id AND b.state IN ('active', 'ending')
     WHERE c.type IN (SELECT value FROM json_each($types))
       AND (c.state = 'pending' AND c.attempts < c.max_attempts OR c.state = 'attempted' AND c.claim_expires_at IS NOT NULL)
       AND ${isReadable}
   )
   SELECT q.*, (s.tmux_session IS NOT NULL AND s.state = 'active') IS TRUE AS is_push FROM (
     SELECT *, row_number() OVER (PARTITION BY coalesce(target_id, id) ORDER BY position) AS place FROM queue
   ) q LEFT JOIN sessions s ON s.id = q.target_id
   WHERE q.place <= $limit ORDER BY q.created_at, q.position`,
);

export function listQueuedCommands(ledger: Connection, types: readonly string[], limit: number): QueuedCommand[] {
  return queued.all(ledger, { types: JSON.stringify(types), limit });
}

/** Where a command stands, with its newest attempt. */
export interface StoredProgress extends CommandProgress {
  readonly attemptId: number | null;
}

export function readProgress(ledger: Connection, commandId: string): StoredProgress | null {
  const command = findCommand(ledger, commandId);
  if (command === null) return null;
  const attempt = findNewestAttempt(ledger, commandId);
  return {
    state: command.state,
    attempts: command.attempts,
    abandoned: countAbandoned(ledger, commandId),
    attemptId: attempt?.id ?? null,
    attempt:
      attempt === null
        ? null
        : {
            state: attempt.state,
            started: attempt.side_effect_started,
            completed: attempt.side_effect_completed,
          },
  };
}

/** Claims are kept by whoever finishes in time, and taken away by whoever clears up. */
export interface CommandChange {
  readonly state: CommandState;
  readonly attempts: number;
  readonly result?: object | null;
  readonly error?: string | null;
  readonly availableAt?: string | null;
  readonly claim?: ClaimStamp | null;
}

export interface ClaimStamp {
  readonly by: string;
  readonly at: string;
  readonly expiresAt: string;
}

export function changeCommand(ledger: Connection, id: string, change: CommandChange, now: number): void {
  ledger.run(
    `UPDATE commands SET state = ?, attempts = ?, result_json = ?, error = ?, updated_at = ?, available_at = ? WHERE id = ?`,
    [
      change.state,
      change.attempts,
      change.result === undefined || change.result === null ? null : ledgerJson(change.result),
      change.error ?? null,
      formatTimestamp(now),
      change.availableAt ?? null,
      id,
    ],
  );
  if (change.claim !== undefined) stampClaim(ledger, id, change.claim);
  touchSequence(ledger);
}

function stampClaim(ledger: Connection, id: string, claim: ClaimStamp | null): void {
  ledger.run('UPDATE commands SET claimed_by = ?, claimed_at = ?, claim_expires_at = ? WHERE id = ?', [
    claim?.by ?? null,
    claim?.at ?? null,
    claim?.expiresAt ?? null,
    id,
  ]);
}

export function setCorrelation(ledger: Connection, id: string, correlationId: string): void {
  ledger.run('UPDATE commands SET correlation_id = ? WHERE id = ? AND correlation_id IS NULL', [correlationId, id]);
}
