import * as z from 'zod/mini';
import { refuse } from '../domain/errors.ts';
import { recordEvent } from '../ledger/auditStore.ts';
import type { Connection } from '../ledger/connection.ts';
import { findBudget, insertTask, listTasks, type Task, taskRow } from '../ledger/taskStore.ts';
import { flag, optionalText } from './argument.ts';
import { defineOperation } from './operation.ts';
import type { OperationContext } from './operationContext.ts';

/** A task with its nudge budget, which only old ledgers have. */
export const listedTask = () =>
  z.extend(taskRow, {
    budget: z.nullable(
      z.object({
        expires_at: z.string(),
        max_nudges: z.number(),
        nudges_remaining: z.number(),
        nudges_used: z.number(),
      }),
    ),
  });
const createdTask = () => z.object({ created: z.literal(true), id: z.string(), name: z.string() });

type ListedTask = z.infer<ReturnType<typeof listedTask>>;
type CreatedTask = z.infer<ReturnType<typeof createdTask>>;

/** Lists the units of work, or creates one. */
export const tasks = defineOperation({
  name: 'tasks',
  summary: 'List tasks, or create one.',
  effect: 'writes',
  inputs: {
    create: optionalText('name of a task to create', { placeholder: 'NAME' }),
    goal: optionalText('goal of the task to create', { placeholder: 'GOAL' }),
    summary: optionalText('summary of the task to create', { placeholder: 'TEXT' }),
    active: flag('only tasks that are not done or failed'),
    json: flag('print JSON'),
  },
  output: () => z.union([createdTask(), z.array(listedTask())]),
  run: (context, { create, goal, summary, active }): CreatedTask | ListedTask[] =>
    create === null
      ? listTasks(context.ledger, { onlyOpen: active }).map((task) => withBudget(context.ledger, task))
      : createTask(context, create, goal, summary),
  text: (output) =>
    Array.isArray(output)
      ? output.map(({ name, state, goal }) => `${name}\t${state}\t${goal}\n`).join('')
      : JSON.stringify(output, null, 2).concat('\n'),
});

function createTask(
  { ledger, clock }: OperationContext,
  name: string,
  goal: string | null,
  summary: string | null,
): CreatedTask {
  if (!name.trim()) throw refuse('invalid_name', 'a task needs a name: tasks --create NAME --goal GOAL');
  if (!goal) throw refuse('missing_input', '--goal is required with tasks --create');
  return ledger.write(() => {
    const task = insertTask(ledger, { name, goal, summary }, clock.now());
    recordEvent(ledger, { type: 'task_created', taskId: task.id, payload: { goal, name, summary } }, clock.now());
    return { created: true, id: task.id, name };
  });
}

function withBudget(ledger: Connection, task: Task): ListedTask {
  const budget = findBudget(ledger, task.id);
  return {
    ...task,
    budget: budget === null ? null : { ...budget, nudges_remaining: budget.max_nudges - budget.nudges_used },
  };
}
