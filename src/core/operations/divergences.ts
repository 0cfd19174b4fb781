import * as z from 'zod/mini';
import { listDivergences } from '../ledger/cycleStore.ts';
import { requireTask } from '../ledger/taskStore.ts';
import { integerWithDefault, positional } from './argument.ts';
import { rawFlag } from './contentClasses.ts';
import { defineOperation } from './operation.ts';

/** The cycles of a task in which the worker's screen showed something notable, newest first. */
export const divergences = defineOperation({
  name: 'divergences',
  summary: "List cycles in which the worker's screen showed something notable.",
  effect: 'reads',
  inputs: {
    task: positional('task id or name', 'TASK'),
    limit: integerWithDefault('how many cycles; negative for all', 50),
    raw: rawFlag,
  },
  output: () =>
    z.array(
      z.object({
        id: z.int(),
        task_id: z.string(),
        started_at: z.string(),
        completed_at: z.nullable(z.string()),
        state: z.enum(['started', 'succeeded', 'failed']),
        notable_pane_pattern: z.string(),
        status: z.record(z.string(), z.json()),
      }),
    ),
  run: ({ ledger }, { task, limit }) =>
    listDivergences(ledger, requireTask(ledger, task).id, limit).map((one) => ({ ...one, status: { ...one.status } })),
});
