import type { CriterionCounts, TaskView } from '../../protocol/snapshot.ts';
import { rowKinds } from '../ids.ts';
import { type FolderState, type InFolder, isOpen, type PanelModel } from '../model.ts';
import { ageOf, agoText } from './age.ts';
import { dispatcherRow } from './dispatcherRow.ts';
import { card } from './markdown.ts';
import { icon, type Row, row, type RowIcon } from './row.ts';
import { sessionLook, sessionRow } from './sessionRows.ts';

/** The Tasks view: open tasks, finished ones folded away, and who dispatches. Empty when there is no task at all. */
export function taskRows(model: PanelModel, now: number): readonly Row[] {
  const folders = model.folders.filter(({ engine }) => (engine.snapshot?.tasks.length ?? 0) > 0);
  if (model.folders.length < 2) return folders.flatMap((folder) => folderRows(folder, model, now));
  return folders.map((folder) =>
    row({
      id: `folder/${folder.path}`,
      label: folder.name,
      icon: icon('root-folder'),
      tooltip: card(folder.name, folder.path, []),
      children: folderRows(folder, model, now),
      isExpanded: true,
    }),
  );
}

function folderRows(folder: FolderState, model: PanelModel, now: number): readonly Row[] {
  const tasks = folder.engine.snapshot?.tasks ?? [];
  const finished = tasks.filter((task) => !isOpen(task));
  const rowsOf = (some: readonly TaskView[]) => some.map((item) => taskRow({ folder, item }, model, now));
  return [
    ...rowsOf(tasks.filter(isOpen)),
    ...(finished.length === 0 ? [] : [finishedGroup(folder, rowsOf(finished))]),
    dispatcherRow(folder, now),
  ];
}

function finishedGroup(folder: FolderState, children: readonly Row[]): Row {
  return row({
    id: `finished/${folder.path}`,
    label: 'Finished',
    description: String(children.length),
    icon: icon('archive'),
    spoken: `${children.length} finished`,
    children,
  });
}

function taskRow(place: InFolder<TaskView>, model: PanelModel, now: number): Row {
  const { folder, item: task } = place;
  const look = taskLook(place);
  return row({
    id: `task/${folder.path}/${task.id}`,
    label: task.name,
    description: [look.word, criteriaShare(task.criteria)].filter(Boolean).join(' · '),
    icon: look.icon,
    tooltip: card(task.name, task.goal, [
      ['State', task.state],
      ['Worker', task.worker],
      ['Manager', task.manager],
      ['Criteria', criteriaText(task.criteria)],
    ]),
    spoken: `task ${task.name}, ${look.word}, ${criteriaText(task.criteria)}. ${task.goal}`,
    contextValue: isOpen(task) ? rowKinds.task : rowKinds.finishedTask,
    target: { kind: 'task', folder: folder.path, task: task.name },
    children: [
      ...boundSessions(place, model, now),
      ...deliveryRows(place, now),
      criteriaRow(place),
      ...cycleRows(place, now),
    ],
    isExpanded: isOpen(task),
  });
}

function taskLook({ folder, item: task }: InFolder<TaskView>): { word: string; icon: RowIcon } {
  if (task.state === 'done') return { word: 'done', icon: icon('pass-filled', 'charts.green') };
  if (task.state === 'failed') return { word: 'failed', icon: icon('error', 'list.errorForeground') };
  if (task.state === 'paused') return { word: 'paused', icon: icon('debug-pause') };
  const snapshot = folder.engine.snapshot;
  const waiting = snapshot?.attention.find((item) => item.task === task.name);
  if (waiting) return { word: 'needs you', icon: icon('bell-dot', 'list.warningForeground') };
  const worker = snapshot?.sessions.find(({ name }) => name === task.worker);
  if (!worker) return { word: 'no worker', icon: icon('target', 'disabledForeground') };
  return { word: `worker ${sessionLook(worker, undefined).word}`, icon: icon('target', 'charts.blue') };
}

function boundSessions({ folder, item: task }: InFolder<TaskView>, model: PanelModel, now: number): readonly Row[] {
  const sessions = folder.engine.snapshot?.sessions ?? [];
  return [task.worker, task.manager].flatMap((name) => {
    const session = sessions.find((candidate) => candidate.name === name);
    if (!session) return [];
    return [sessionRow({ folder, item: session }, { model, now, idPrefix: `task/${task.id}/session` })];
  });
}

function deliveryRows({ folder, item: task }: InFolder<TaskView>, now: number): readonly Row[] {
  return task.deliveries.map((delivery) => {
    const ageMs = ageOf(delivery.at, now);
    // The sidebar is narrow: to whom, then how far, then why not further.
    const toward = delivery.target === task.worker ? 'worker' : delivery.target === task.manager ? 'manager' : null;
    return row({
      id: `delivery/${folder.path}/${delivery.commandId}`,
      label: `To ${toward ?? delivery.target}`,
      description: [delivery.state, delivery.reason, ageMs === null ? null : agoText(ageMs)]
        .filter(Boolean)
        .join(' · '),
      icon: deliveryIcons[delivery.state],
      spoken: [`message to ${toward ?? delivery.target}`, delivery.state, delivery.reason].filter(Boolean).join(', '),
      tooltip: card(`Message to ${delivery.target}`, delivery.reason, [
        ['State', delivery.state],
        ['Command', delivery.commandId],
      ]),
    });
  });
}

/** What stands still looks other than what is on its way, in shape as well as in colour. */
const deliveryIcons: Readonly<Record<TaskView['deliveries'][number]['state'], RowIcon>> = {
  queued: icon('mail'),
  claimed: icon('mail'),
  typed: icon('mail'),
  submitted: icon('mail'),
  seen: icon('mail-read'),
  answered: icon('mail-read', 'charts.green'),
  deferred: icon('clock', 'list.warningForeground'),
  undelivered: icon('error', 'list.errorForeground'),
  uncertain: icon('question', 'list.warningForeground'),
};

function criteriaRow({ folder, item: task }: InFolder<TaskView>): Row {
  return row({
    id: `criteria/${folder.path}/${task.id}`,
    label: 'Criteria',
    description: criteriaText(task.criteria),
    icon: icon('checklist'),
    tooltip: card('Criteria', criteriaText(task.criteria), []),
    target: { kind: 'task', folder: folder.path, task: task.name },
  });
}

function cycleRows({ folder, item: task }: InFolder<TaskView>, now: number): readonly Row[] {
  const cycle = task.lastCycle;
  if (!cycle) return [];
  const ageMs = ageOf(cycle.at, now);
  const saw = cycle.outcome === 'succeeded' ? `saw ${cycle.workerState ?? 'nothing'}` : cycle.outcome;
  return [
    row({
      id: `cycle/${folder.path}/${task.id}`,
      label: 'Last cycle',
      description: [saw, ageMs === null ? '' : agoText(ageMs)].filter(Boolean).join(' · '),
      icon: icon('eye', cycle.outcome === 'failed' ? 'list.errorForeground' : null),
      tooltip: card(`Cycle ${cycle.id}`, cycle.error, [
        ['Outcome', cycle.outcome],
        ['Worker', cycle.workerState],
        ['At', cycle.at],
      ]),
    }),
  ];
}

/** Settled criteria don't count: what was deferred or rejected no longer stands against finishing. */
function criteriaShare({ accepted, satisfied, proposed }: CriterionCounts): string {
  const wanted = accepted + satisfied;
  if (wanted > 0) return `${satisfied}/${wanted}`;
  return proposed > 0 ? `${proposed} proposed` : '';
}

export function criteriaText(counts: CriterionCounts): string {
  const wanted = counts.accepted + counts.satisfied;
  const parts = [wanted > 0 ? `${counts.satisfied} of ${wanted} satisfied` : ''];
  for (const status of ['proposed', 'deferred', 'rejected'] as const) {
    if (counts[status] > 0) parts.push(`${counts[status]} ${status}`);
  }
  return parts.filter(Boolean).join(', ') || 'none yet';
}
