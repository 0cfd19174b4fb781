import { type CommandName, commandIds, rowKinds, viewIds } from '../ids.ts';

interface MenuEntry {
  readonly command: CommandName;
  readonly when: string;
  readonly group: string;
}

const inTasks = `view == ${viewIds.tasks}`;
const inSessions = `view == ${viewIds.sessions}`;
const inCriteria = `view == ${viewIds.criteria}`;
const onTask = `viewItem == ${rowKinds.task}`;
const onAnyTask = `viewItem =~ /^conveyor\\.task/`;
const onSession = `viewItem =~ /^conveyor\\.session(\\.asking|\\.unread)?$/`;
const onAsking = `viewItem == ${rowKinds.askingSession}`;
const onUnread = `viewItem == ${rowKinds.unreadSession}`;
const onCalm = `viewItem =~ /^conveyor\\.session(\\.unread)?$/`;
const onCriterion = (...statuses: readonly string[]) =>
  `viewItem =~ /^conveyor\\.criterion\\.(${statuses.join('|')})$/`;

const viewTitle: readonly MenuEntry[] = [
  { command: 'startPair', when: inTasks, group: 'navigation@1' },
  { command: 'showAttention', when: inTasks, group: 'navigation@2' },
  { command: 'runDoctor', when: inTasks, group: '2_health@1' },
  { command: 'restartEngine', when: inTasks, group: '2_health@2' },
  { command: 'showLog', when: inTasks, group: '2_health@3' },
  { command: 'installHooks', when: inTasks, group: '3_codex@1' },
  { command: 'removeHooks', when: inTasks, group: '3_codex@2' },
  { command: 'registerSession', when: inSessions, group: 'navigation@1' },
  { command: 'bindSessions', when: inSessions, group: 'navigation@2' },
  { command: 'addCriterion', when: inCriteria, group: 'navigation@1' },
];

// At most three inline actions a row: what one reaches for while watching. The rest is a right click away.
const rowActions: readonly MenuEntry[] = [
  { command: 'openTimeline', when: onAnyTask, group: 'inline@1' },
  { command: 'cycleNow', when: onTask, group: 'inline@2' },
  { command: 'finishTask', when: onTask, group: 'inline@3' },
  { command: 'nudgeSession', when: onCalm, group: 'inline@1' },
  { command: 'interruptSession', when: onCalm, group: 'inline@2' },
  { command: 'approveSession', when: onAsking, group: 'inline@1' },
  { command: 'denySession', when: onAsking, group: 'inline@2' },
  { command: 'openSessionTerminal', when: onSession, group: 'inline@3' },
  { command: 'acceptCriterion', when: onCriterion('proposed'), group: 'inline@1' },
  { command: 'satisfyCriterion', when: onCriterion('accepted'), group: 'inline@1' },

  { command: 'openTimeline', when: onAnyTask, group: '1_look@1' },
  { command: 'openWorkerTerminal', when: onTask, group: '1_look@2' },
  { command: 'openManagerTerminal', when: onTask, group: '1_look@3' },
  { command: 'cycleNow', when: onTask, group: '2_steer@1' },
  { command: 'addCriterion', when: onTask, group: '2_steer@2' },
  { command: 'finishTask', when: onTask, group: '3_end@1' },
  { command: 'openSessionTerminal', when: onSession, group: '1_look@1' },
  { command: 'markRead', when: onUnread, group: '1_look@2' },
  { command: 'nudgeSession', when: onSession, group: '2_steer@1' },
  { command: 'interruptSession', when: onSession, group: '2_steer@2' },
  { command: 'approveSession', when: onSession, group: '2_steer@3' },
  { command: 'denySession', when: onSession, group: '2_steer@4' },
  { command: 'resumeSession', when: onSession, group: '2_steer@5' },
  { command: 'confirmSession', when: onSession, group: '2_steer@6' },
  { command: 'stopSession', when: onSession, group: '3_end@1' },
  { command: 'acceptCriterion', when: onCriterion('proposed', 'deferred', 'rejected'), group: '1_decide@1' },
  { command: 'satisfyCriterion', when: onCriterion('proposed', 'accepted', 'deferred'), group: '1_decide@2' },
  { command: 'deferCriterion', when: onCriterion('proposed', 'accepted'), group: '1_decide@3' },
  { command: 'rejectCriterion', when: onCriterion('proposed', 'accepted', 'deferred'), group: '1_decide@4' },
];

export function contributedMenus(): object {
  return { 'view/title': viewTitle.map(entry), 'view/item/context': rowActions.map(entry) };
}

/** For the test that no row shows more than three inline actions. */
export function inlineActions(): readonly MenuEntry[] {
  return rowActions.filter(({ group }) => group.startsWith('inline'));
}

function entry({ command, when, group }: MenuEntry): object {
  return { command: commandIds[command], when, group };
}
