import type { PanelModel } from '../model.ts';

/**
 * The line above a Tasks tree that isn't empty: what keeps its tasks from going on. An empty tree has a welcome
 * instead.
 */
export function viewMessage(model: PanelModel): string | null {
  if (model.tasks.length === 0) return null;
  const failed = model.folders.find(({ engine }) => engine.kind === 'failed');
  if (failed?.engine.kind === 'failed') return `The engine stopped and starts again. What is shown may be old.`;
  const [problem] = model.problems;
  if (!problem) return null;
  const { message, remedy } = problem.item;
  return remedy === null ? message : `${message} ${remedy}`;
}
