import * as z from 'zod/mini';
import { formatTimestamp } from '../domain/timestamps.ts';
import type { Connection } from './connection.ts';
import { query } from './query.ts';
import { sessionRoles } from './sessionStore.ts';

// What does not fit together any more. A task id of null stands for all tasks.

const danglingRow = z.object({
  binding_id: z.string(),
  task_id: z.string(),
  task_name: z.string(),
  gone_role: z.enum(sessionRoles),
  gone_session_name: z.string(),
});
/** A live binding one side of which is gone; one for each such side. */
export type DanglingBinding = z.infer<typeof danglingRow>;

const side = (role: 'worker' | 'manager') =>
  `SELECT b.rowid AS position, b.id AS binding_id, t.id AS task_id, t.name AS task_name, '${role}' AS gone_role, s.name AS gone_session_name
   FROM bindings b JOIN tasks t ON t.id = b.task_id JOIN sessions s ON s.id = b.${role}_session_id
   WHERE b.state IN ('active', 'ending') AND s.state = 'gone' AND ($taskId IS NULL OR t.id = $taskId)`;
const dangling = query(
  danglingRow,
  `SELECT * FROM (${side('worker')} UNION ALL ${side('manager')}) ORDER BY position, gone_role DESC`,
);

export function listDanglingBindings(ledger: Connection, taskId: string | null): DanglingBinding[] {
  return dangling.all(ledger, { taskId });
}

const observedRow = z.object({ task_name: z.string(), binding_id: z.string(), last_cycle_at: z.string() });
const lastObserved = query(
  observedRow,
  `SELECT t.name AS task_name, b.id AS binding_id, c.completed_at AS last_cycle_at
   FROM bindings b JOIN tasks t ON t.id = b.task_id
   JOIN manager_cycles c ON c.id = (SELECT id FROM manager_cycles WHERE task_id = t.id AND completed_at IS NOT NULL
     ORDER BY coalesce(completed_at, started_at) DESC LIMIT 1)
   WHERE b.state IN ('active', 'ending') AND ($taskId IS NULL OR t.id = $taskId) ORDER BY b.rowid`,
);

/** Bound tasks that somebody has looked at, with the last time. */
export function listLastCycles(ledger: Connection, taskId: string | null): z.infer<typeof observedRow>[] {
  return lastObserved.all(ledger, { taskId });
}

const orphanRow = z.object({
  command_id: z.string(),
  type: z.string(),
  task_id: z.string(),
  task_name: z.string(),
  created_at: z.string(),
});
/** A message that waits for a pair which was given up. */
export type OrphanedCommand = z.infer<typeof orphanRow>;

const orphans = query(
  orphanRow,
  `SELECT c.id AS command_id, c.type, t.id AS task_id, t.name AS task_name, c.created_at
   FROM commands c JOIN tasks t ON t.id = c.task_id
   WHERE c.state = 'pending' AND c.type IN ('nudge_worker', 'notify_manager', 'continue_iteration')
     AND ($taskId IS NULL OR t.id = $taskId)
     AND (SELECT b.state FROM bindings b WHERE b.task_id = t.id ORDER BY b.rowid DESC LIMIT 1) = 'invalid'
   ORDER BY c.created_at, c.rowid`,
);

export function listOrphanedCommands(ledger: Connection, taskId: string | null): OrphanedCommand[] {
  return orphans.all(ledger, { taskId });
}

/** Call inside a write transaction. */
export function invalidateBinding(ledger: Connection, id: string, now: number): void {
  ledger.run("UPDATE bindings SET state = 'invalid', ended_at = ? WHERE id = ?", [formatTimestamp(now), id]);
}

const unfinishedRow = z.object({
  id: z.string(),
  type: z.string(),
  state: z.enum(['pending', 'attempted']),
  created_at: z.string(),
  updated_at: z.string(),
});
export type UnfinishedCommand = z.infer<typeof unfinishedRow>;

const unfinished = query(
  unfinishedRow,
  `SELECT id, type, state, created_at, updated_at FROM commands
   WHERE task_id = ? AND state IN ('pending', 'attempted') ORDER BY created_at, rowid`,
);

export function listUnfinishedCommands(ledger: Connection, taskId: string): UnfinishedCommand[] {
  return unfinished.all(ledger, [taskId]);
}

const legacySideRow = z.object({
  id: z.string(),
  name: z.string(),
  state: z.string(),
  tmux_session: z.string(),
  tmux_pane_id: z.nullable(z.string()),
  last_seen_at: z.nullable(z.string()),
});
/** A worker or manager of the older tables that a live binding names. */
export type LegacySide = z.infer<typeof legacySideRow>;

const legacySide = (table: 'workers' | 'managers', column: string) =>
  query(
    legacySideRow,
    `SELECT x.id, x.name, x.state, x.tmux_session, x.tmux_pane_id, x.last_seen_at
     FROM bindings b JOIN ${table} x ON x.id = b.${column}
     WHERE b.task_id = ? AND b.state IN ('active', 'ending') ORDER BY b.rowid DESC LIMIT 1`,
  );
const legacySides = { worker: legacySide('workers', 'worker_id'), manager: legacySide('managers', 'manager_id') };

export function findLegacySide(ledger: Connection, taskId: string, role: 'worker' | 'manager'): LegacySide | null {
  return legacySides[role].first(ledger, [taskId]);
}
