import { commandIds, contextKeys, viewContainerId, viewIds } from '../ids.ts';

export function contributedViews(): object {
  return {
    viewsContainers: { activitybar: [{ id: viewContainerId, title: 'Conveyor', icon: 'media/conveyor.svg' }] },
    views: {
      [viewContainerId]: [
        { id: viewIds.tasks, name: 'Tasks', icon: 'media/conveyor.svg', contextualTitle: 'Conveyor' },
        { id: viewIds.sessions, name: 'Sessions', icon: 'media/conveyor.svg', contextualTitle: 'Conveyor' },
        { id: viewIds.criteria, name: 'Criteria', icon: 'media/conveyor.svg', contextualTitle: 'Conveyor' },
      ],
    },
    viewsWelcome: [...welcomes, ...quietPlaces],
  };
}

const engineIs = (state: string) => `${contextKeys.engine} == ${state}`;
const trusted = 'isWorkspaceTrusted && workspaceFolderCount > 0';
const ready = `${trusted} && ${engineIs('ready')}`;
const unhindered = `!${contextKeys.noTmux} && !${contextKeys.noCodex} && !${contextKeys.ledgerRefused}`;

const button = (title: string, command: string) => `\n\n[${title}](command:${command})`;
const setting = (query: string) =>
  `command:workbench.action.openSettings?${encodeURIComponent(JSON.stringify([`@id:${query}`]))}`;

// One empty cause, one sentence, one button: their conditions exclude each other.
const welcomes = [
  {
    view: viewIds.tasks,
    when: 'workspaceFolderCount == 0',
    contents: `Open the folder your agents work in to supervise them.${button('Open Folder', 'workbench.action.files.openFolder')}`,
  },
  {
    view: viewIds.tasks,
    when: '!isWorkspaceTrusted && workspaceFolderCount > 0',
    contents: `This folder is not trusted: Conveyor starts nothing and sends nothing here.${button('Manage Workspace Trust', 'workbench.trust.manage')}`,
  },
  {
    view: viewIds.tasks,
    when: `${trusted} && ${engineIs('failed')}`,
    contents: `The supervisor stopped unexpectedly and is being restarted.${button('Restart Engine', commandIds.restartEngine)}\n\n[Show Log](command:${commandIds.showLog})`,
  },
  {
    view: viewIds.tasks,
    when: `${ready} && ${contextKeys.ledgerRefused}`,
    contents: `The ledger of this folder can't be used as it is.${button('Run Doctor', commandIds.runDoctor)}`,
  },
  {
    view: viewIds.tasks,
    when: `${ready} && ${contextKeys.noTmux} && !${contextKeys.ledgerRefused}`,
    contents: `tmux was not found. Agents run in it, so that they outlive this window: install it (apt install tmux, brew install tmux) or say where it is.${button('Set tmux Path', setting('conveyor.tmux.path'))}`,
  },
  {
    view: viewIds.tasks,
    when: `${ready} && ${contextKeys.noCodex} && !${contextKeys.noTmux} && !${contextKeys.ledgerRefused}`,
    contents: `Codex was not found: install it (npm install -g @openai/codex) or say where it is.${button('Set Codex Path', setting('conveyor.codex.path'))}`,
  },
  {
    view: viewIds.tasks,
    when: `${ready} && ${unhindered} && ${contextKeys.otherWindowLeads}`,
    contents: `No task yet. Another window or a headless dispatcher leads this folder; what you start here is picked up there.${button('Start Supervised Pair', commandIds.startPair)}`,
  },
  {
    view: viewIds.tasks,
    when: `${ready} && ${unhindered} && !${contextKeys.otherWindowLeads}`,
    contents: `No task yet. Start a worker and a manager on one goal, and watch the manager steer.${button('Start Supervised Pair', commandIds.startPair)}`,
  },
];

// Below an empty Tasks view the other two say only what they are for: one button in sight is enough.
const quietPlaces = [
  {
    view: viewIds.sessions,
    when: `${ready} && ${unhindered} && ${contextKeys.noSessions}`,
    contents: `Codex sessions appear here once they are started, or [registered](command:${commandIds.registerSession}) where they run in tmux already.`,
  },
  {
    view: viewIds.criteria,
    when: `${ready} && !${contextKeys.noTasks}`,
    contents: `What must be true before this task is done: [add one](command:${commandIds.addCriterion}), or let the manager propose.`,
  },
  {
    view: viewIds.criteria,
    when: `${ready} && ${unhindered} && ${contextKeys.noTasks}`,
    contents: 'Here stands what must be true before a task is done, and the proof that it is.',
  },
];
