/**
 * Every string the extension shares with VS Code: the one typed home of each. The manifest is generated from these
 * (`manifest/`), so a command, view, setting or context key can't be spelled two ways.
 */

export const extensionId = 'agent-conveyor.agent-conveyor-vscode';

export const commandIds = {
  startPair: 'conveyor.startPair',
  registerSession: 'conveyor.registerSession',
  bindSessions: 'conveyor.bindSessions',
  cycleNow: 'conveyor.cycleNow',
  nudgeSession: 'conveyor.nudgeSession',
  interruptSession: 'conveyor.interruptSession',
  approveSession: 'conveyor.approveSession',
  denySession: 'conveyor.denySession',
  confirmSession: 'conveyor.confirmSession',
  resumeSession: 'conveyor.resumeSession',
  stopSession: 'conveyor.stopSession',
  openSessionTerminal: 'conveyor.openSessionTerminal',
  openWorkerTerminal: 'conveyor.openWorkerTerminal',
  openManagerTerminal: 'conveyor.openManagerTerminal',
  openTimeline: 'conveyor.openTimeline',
  addCriterion: 'conveyor.addCriterion',
  acceptCriterion: 'conveyor.acceptCriterion',
  satisfyCriterion: 'conveyor.satisfyCriterion',
  deferCriterion: 'conveyor.deferCriterion',
  rejectCriterion: 'conveyor.rejectCriterion',
  finishTask: 'conveyor.finishTask',
  markRead: 'conveyor.markRead',
  showAttention: 'conveyor.showAttention',
  runDoctor: 'conveyor.runDoctor',
  installHooks: 'conveyor.installHooks',
  removeHooks: 'conveyor.removeHooks',
  restartEngine: 'conveyor.restartEngine',
  showLog: 'conveyor.showLog',
} as const;

export type CommandName = keyof typeof commandIds;

export const viewContainerId = 'conveyor';

export const viewIds = {
  tasks: 'conveyor.tasks',
  sessions: 'conveyor.sessions',
  criteria: 'conveyor.criteria',
} as const;

/** Of texts that are only to be read. */
export const readOnlyScheme = 'conveyor-text';

export const timelinePanelType = 'conveyor.timeline';

export const settingKeys = {
  terminalLocation: 'conveyor.terminal.location',
  terminalAccess: 'conveyor.terminal.access',
  notifyApproval: 'conveyor.notify.approval',
  notifyQuestion: 'conveyor.notify.question',
  notifyFailure: 'conveyor.notify.failure',
  notifyTurnFinished: 'conveyor.notify.turnFinished',
  tmuxPath: 'conveyor.tmux.path',
  tmuxSocket: 'conveyor.tmux.socket',
  codexPath: 'conveyor.codex.path',
  managerPermissions: 'conveyor.managers.permissions',
} as const;

export type SettingName = keyof typeof settingKeys;

/**
 * Set from the model only. The `no…` keys are true when the engine runs and knows that there is none: while it can't
 * tell, commands stay enabled and answer with the reason.
 */
export const contextKeys = {
  /** off, starting, ready, failed. */
  engine: 'conveyor:engine',
  noTasks: 'conveyor:noTasks',
  noSessions: 'conveyor:noSessions',
  noCriteria: 'conveyor:noCriteria',
  noTmux: 'conveyor:noTmux',
  noCodex: 'conveyor:noCodex',
  otherWindowLeads: 'conveyor:otherWindowLeads',
  ledgerRefused: 'conveyor:ledgerRefused',
} as const;

export type ContextKey = keyof typeof contextKeys;

/** `contextValue` of tree rows: what the menus ask for. */
export const rowKinds = {
  task: 'conveyor.task',
  finishedTask: 'conveyor.task.finished',
  session: 'conveyor.session',
  askingSession: 'conveyor.session.asking',
  unreadSession: 'conveyor.session.unread',
  goneSession: 'conveyor.session.gone',
  criterion: 'conveyor.criterion',
} as const;
