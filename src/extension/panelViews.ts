import { type Disposable, DisposableStore } from './disposables.ts';
import { viewIds } from './ids.ts';
import type { PanelModel } from './model.ts';
import { criterionRows } from './rows/criterionRows.ts';
import { sessionRows } from './rows/sessionRows.ts';
import { taskRows } from './rows/taskRows.ts';
import { type RowNode, RowTree } from './rowTree.ts';
import { viewMessage } from './rows/viewMessage.ts';

/** Ages tick while somebody looks; rows whose text stays the same are not redrawn. */
const tickMs = 5000;

export interface PanelViews extends Disposable {
  readonly tasks: RowTree;
  readonly sessions: RowTree;
  readonly criteria: RowTree;
}

/** The three trees, redrawn from the model. */
export function showViews(model: PanelModel): PanelViews {
  const owned = new DisposableStore();
  const tasks = owned.add(new RowTree(viewIds.tasks));
  const sessions = owned.add(new RowTree(viewIds.sessions));
  const criteria = owned.add(new RowTree(viewIds.criteria));

  const draw = () => {
    if (isStillStarting(model)) return;
    const now = Date.now();
    tasks.update(taskRows(model, now));
    sessions.update(sessionRows(model, now));
    criteria.update(criterionRows(model));
    const waiting = model.attention.length;
    tasks.view.badge =
      waiting === 0
        ? undefined
        : { value: waiting, tooltip: waiting === 1 ? '1 thing needs you' : `${waiting} things need you` };
    tasks.view.message = viewMessage(model) ?? '';
    criteria.view.description = model.selectedTask?.item.name ?? '';
  };
  draw();
  const clock = setInterval(() => {
    if (tasks.view.visible || sessions.view.visible) draw();
  }, tickMs);
  owned.addAll(
    model.onChanged(draw),
    { dispose: () => clearInterval(clock) },
    tasks.view.onDidChangeSelection(({ selection }) => selectTaskOf(model, selection)),
  );
  return { tasks, sessions, criteria, dispose: () => owned.dispose() };
}

/** Any row below a task selects it: the Criteria view follows. */
function selectTaskOf(model: PanelModel, [chosen]: readonly RowNode[]): void {
  for (let node: RowNode | null = chosen ?? null; node !== null; node = node.parent) {
    const target = node.row.target;
    if (target?.kind === 'task') {
      model.select({ folder: target.folder, task: target.task });
      return;
    }
  }
}

function isStillStarting(model: PanelModel): boolean {
  return model.folders.some(({ engine }) => engine.kind === 'starting' && engine.snapshot === null);
}
