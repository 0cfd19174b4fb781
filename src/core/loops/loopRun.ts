import { refuse } from '../domain/errors.ts';
import { type LoopPolicy, readLoopPolicy } from '../domain/loopPolicy.ts';
import type { Connection } from '../ledger/connection.ts';
import { findRunOfTask, listNamesakes, requireRun, type Run } from '../ledger/runStore.ts';
import type { Task } from '../ledger/taskStore.ts';

export interface LoopRun {
  readonly run: Run;
  readonly policy: LoopPolicy;
  /** What to tell whoever named it, when other runs of the task are called the same (LQ-12). */
  readonly remark: string | null;
}

/** The loop of a task by id or name; of several with one name, the newest. Throws `unknown_run`, `loop_policy`. */
export function requireLoopRun(
  ledger: Connection,
  task: Task,
  reference: string,
  owner = `task '${task.name}'`,
): LoopRun {
  const run = findRunOfTask(ledger, task.id, reference) ?? requireRun(ledger, reference);
  if (run.task_id !== task.id) {
    throw refuse('loop_policy', `run '${reference}' does not belong to ${owner}`);
  }
  const reading = readLoopPolicy(run);
  if (reading.kind === 'not_a_loop') throw refuse('loop_policy', `run '${reference}' is not a Ralph loop run`);
  if (reading.kind === 'no_iterations') throw refuse('loop_policy', `run '${reference}' is missing iteration policy`);
  const others = run.id === reference ? 0 : listNamesakes(ledger, task.id, reference).length - 1;
  const remark =
    others > 0 ? `${others + 1} runs of this task are called '${reference}'; the newest is meant: ${run.id}` : null;
  return { run, policy: reading.policy, remark };
}
