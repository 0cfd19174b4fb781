import { type SettingName, settingKeys } from '../ids.ts';

interface SettingDefinition {
  readonly type: string | readonly string[];
  readonly default: unknown;
  readonly scope: 'window' | 'machine';
  readonly markdownDescription: string;
  readonly enum?: readonly string[];
  readonly enumDescriptions?: readonly string[];
  readonly items?: object;
  readonly uniqueItems?: boolean;
}

export const notifyLevels = ['notification', 'status', 'off'] as const;
export const terminalLocations = ['panel', 'editor'] as const;
export const terminalAccesses = ['takeOver', 'watch'] as const;

/** What the supervisor asks for before it does it for a manager; the other categories are the manager's contract alone. */
export const permissionActions = [
  'worker_session.approve',
  'worker_session.clear',
  'worker_session.compact',
  'worker_session.stop',
] as const;

export const settingDefinitions: Readonly<Record<SettingName, SettingDefinition>> = {
  terminalLocation: {
    type: 'string',
    enum: terminalLocations,
    enumDescriptions: ['In the terminal panel.', 'As an editor tab, beside your code.'],
    default: 'editor',
    scope: 'window',
    markdownDescription: 'Where a session opens when you ask for its terminal.',
  },
  terminalAccess: {
    type: 'string',
    enum: terminalAccesses,
    enumDescriptions: ['You can type into the session.', 'Read-only: keys you press never reach the session.'],
    default: 'takeOver',
    scope: 'window',
    markdownDescription:
      'Whether an opened terminal can type into its session. While you type, Conveyor holds back its own messages to that session.',
  },
  notifyApproval: notify('a session waits for an approval', 'notification'),
  notifyQuestion: notify('a session asks a question', 'notification'),
  notifyFailure: notify('a session failed, stalled, or a message could not be delivered', 'notification'),
  notifyTurnFinished: notify('a session that nobody supervises finished its turn', 'status'),
  // Neither these three nor the rights below may come from a workspace: the agents that work there write its settings,
  // from inside their sandbox, and what these name runs outside of it.
  tmuxPath: {
    type: ['string', 'null'],
    default: null,
    scope: 'machine',
    markdownDescription: 'Path of `tmux`. Looked up on PATH when empty.',
  },
  tmuxSocket: {
    type: ['string', 'null'],
    default: null,
    scope: 'machine',
    markdownDescription:
      'Socket of the tmux server in which sessions are started. Your default server when empty; `CONVEYOR_TMUX_SOCKET` wins over both.',
  },
  codexPath: {
    type: ['string', 'null'],
    default: null,
    scope: 'machine',
    markdownDescription: 'Path of `codex`. Looked up on PATH when empty.',
  },
  managerPermissions: {
    type: 'array',
    items: { type: 'string', enum: permissionActions },
    uniqueItems: true,
    default: [],
    scope: 'machine',
    markdownDescription:
      'What managers may have done to their workers, beyond nudging and interrupting them. Kept in your own settings: a repository can’t grant its agents anything.',
  },
};

/** Settings that decide what is run and what is permitted: no workspace changes them, trusted or not. */
export const restrictedSettings: readonly SettingName[] = ['tmuxPath', 'tmuxSocket', 'codexPath', 'managerPermissions'];

export function contributedConfiguration(): object {
  const properties = Object.entries(settingKeys).map(([name, key], order) => {
    if (!isSettingName(name)) throw new Error(`setting ${name} has no definition`);
    return [key, { order, ...settingDefinitions[name] }];
  });
  return { title: 'Conveyor', properties: Object.fromEntries(properties) };
}

function isSettingName(name: string): name is SettingName {
  return name in settingDefinitions;
}

function notify(when: string, level: (typeof notifyLevels)[number]): SettingDefinition {
  return {
    type: 'string',
    enum: notifyLevels,
    enumDescriptions: [
      'A notification, unless you are looking at that session.',
      'Badge and status bar only.',
      'Nothing.',
    ],
    default: level,
    scope: 'window',
    markdownDescription: `What happens when ${when}.`,
  };
}
