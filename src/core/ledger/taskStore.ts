import * as z from 'zod/mini';
import { refuse, unknownTask } from '../domain/errors.ts';
import { newIdentifier } from '../domain/identifiers.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import type { Connection } from './connection.ts';
import { query } from './query.ts';

export const taskStates = ['candidate', 'managed', 'paused', 'done', 'failed'] as const;

/** The wire form of a task, in the ledger and in every output. */
export const taskRow = z.object({
  id: z.string(),
  name: z.string(),
  goal: z.string(),
  summary: z.nullable(z.string()),
  state: z.enum(taskStates),
  created_at: z.string(),
  updated_at: z.string(),
});

/** A unit of work, as the ledger has it. */
export type Task = z.infer<typeof taskRow>;
export type TaskState = Task['state'];

const columns = 'id, name, goal, summary, state, created_at, updated_at';

const byReference = query(
  taskRow,
  // A bound task wins over a namesake that was created later (OD-48); rowid settles what one second cannot (CP-33).
  `SELECT ${columns} FROM tasks t WHERE id = $reference OR name = $reference
   ORDER BY id = $reference DESC,
     EXISTS (SELECT 1 FROM bindings b WHERE b.task_id = t.id AND b.state IN ('active', 'ending')) DESC,
     created_at DESC, t.rowid DESC LIMIT 1`,
);
const everyTask = query(taskRow, `SELECT ${columns} FROM tasks ORDER BY created_at, rowid`);
const openTasks = query(
  taskRow,
  `SELECT ${columns} FROM tasks WHERE state IN ('candidate', 'managed', 'paused') ORDER BY created_at, rowid`,
);

/** The task with this id or name, or null. */
export function findTask(ledger: Connection, reference: string): Task | null {
  return byReference.first(ledger, { reference });
}

/** The task with this id or name; throws `unknown_task`. */
export function requireTask(ledger: Connection, reference: string): Task {
  const task = findTask(ledger, reference);
  if (task === null) throw unknownTask(reference);
  return task;
}

export function listTasks(ledger: Connection, { onlyOpen }: { readonly onlyOpen: boolean }): Task[] {
  return (onlyOpen ? openTasks : everyTask).all(ledger);
}

export interface NewTask {
  readonly name: string;
  readonly goal: string;
  readonly summary: string | null;
}

/** Throws `invalid_name` for none at all: nobody could ask for the task again. */
export function insertTask(ledger: Connection, { name, goal, summary }: NewTask, now: number): Task {
  if (name.trim() === '') throw refuse('invalid_name', 'a task needs a name');
  const timestamp = formatTimestamp(now);
  const task: Task = {
    id: newIdentifier('task'),
    name,
    goal,
    summary,
    state: 'candidate',
    created_at: timestamp,
    updated_at: timestamp,
  };
  ledger.run(
    `INSERT INTO tasks (${columns}) VALUES ($id, $name, $goal, $summary, $state, $created_at, $updated_at)`,
    task,
  );
  return task;
}

export function setTaskState(ledger: Connection, id: string, state: TaskState, now: number): void {
  ledger.run('UPDATE tasks SET state = ?, updated_at = ? WHERE id = ?', [state, formatTimestamp(now), id]);
}

const budgetRow = z.object({ max_nudges: z.number(), nudges_used: z.number(), expires_at: z.string() });
export type NudgeBudget = z.infer<typeof budgetRow>;
const budgetOfTask = query(budgetRow, 'SELECT max_nudges, nudges_used, expires_at FROM budgets WHERE task_id = ?');

/** The legacy nudge budget of a task; nothing writes it any more. */
export function findBudget(ledger: Connection, taskId: string): NudgeBudget | null {
  return budgetOfTask.first(ledger, [taskId]);
}
