import { refuse } from '../domain/errors.ts';
import type { Task } from '../ledger/taskStore.ts';

/** A finished task is not silently reopened (CP-32). */
export function refuseEnded(task: Task): void {
  if (task.state !== 'done' && task.state !== 'failed') return;
  throw refuse('task_state', `task '${task.name}' is already ${task.state}; create a new task for new work`);
}
