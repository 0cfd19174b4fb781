import type { CriterionStatus, CriterionView } from '../../protocol/snapshot.ts';
import { rowKinds } from '../ids.ts';
import type { InFolder, PanelModel } from '../model.ts';
import { card, codeBlock } from './markdown.ts';
import { icon, type Row, row, type RowIcon } from './row.ts';

interface StatusLook {
  readonly group: string;
  readonly icon: RowIcon;
  readonly isExpanded: boolean;
}

const looks: Readonly<Record<CriterionStatus, StatusLook>> = {
  accepted: { group: 'Open', icon: icon('circle-large-outline', 'charts.blue'), isExpanded: true },
  proposed: { group: 'Proposed', icon: icon('lightbulb', 'charts.yellow'), isExpanded: true },
  satisfied: { group: 'Satisfied', icon: icon('pass-filled', 'charts.green'), isExpanded: true },
  deferred: { group: 'Deferred', icon: icon('history', 'disabledForeground'), isExpanded: false },
  rejected: { group: 'Rejected', icon: icon('circle-slash', 'disabledForeground'), isExpanded: false },
};

/** What still needs work first, then what waits for a decision. */
const order: readonly CriterionStatus[] = ['accepted', 'proposed', 'satisfied', 'deferred', 'rejected'];

/** The Criteria view: those of the selected task, by status. */
export function criterionRows(model: PanelModel): readonly Row[] {
  const selected = model.selectedTask;
  if (!selected) return [];
  const criteria = model.criteria.filter(
    ({ folder, item }) => folder.path === selected.folder.path && item.task === selected.item.name,
  );
  return order.flatMap((status) => {
    const some = criteria.filter(({ item }) => item.status === status);
    if (some.length === 0) return [];
    return [
      row({
        id: `status/${selected.folder.path}/${selected.item.id}/${status}`,
        label: looks[status].group,
        description: String(some.length),
        icon: null,
        spoken: `${looks[status].group}, ${some.length}`,
        children: some.map((criterion) => criterionRow(criterion)),
        isExpanded: looks[status].isExpanded,
      }),
    ];
  });
}

const sourceWords: Readonly<Record<string, string>> = {
  user_requested: 'you',
  manager_inferred: 'manager',
  worker_proposed: 'worker',
  final_audit: 'audit',
};

function criterionRow({ folder, item }: InFolder<CriterionView>): Row {
  const from = sourceWords[item.source] ?? item.source;
  const facts = card(`#${item.id} ${item.text}`, null, [
    ['Status', item.status],
    ['From', from],
    ['Proof', item.proof],
    ['Rationale', item.rationale],
    ['Updated', item.updatedAt],
  ]);
  return row({
    id: `criterion/${folder.path}/${item.task}/${item.id}`,
    label: item.text,
    description: item.proof ?? `from ${from}`,
    icon: looks[item.status].icon,
    tooltip: item.evidence === null ? facts : `${facts}\n\n${codeBlock(item.evidence, 'json')}`,
    spoken: `criterion ${item.id}, ${item.status}: ${item.text}, from ${from}`,
    contextValue: `${rowKinds.criterion}.${item.status}`,
    target: { kind: 'criterion', folder: folder.path, task: item.task, criterion: item.id },
  });
}
