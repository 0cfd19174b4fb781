import { type CommandName, commandIds, contextKeys } from '../ids.ts';

interface CommandDefinition {
  /** Verb first; the palette shows it after "Conveyor:". */
  readonly title: string;
  readonly icon: string;
  /** Offered only while this holds. Never the engine's own state: a command that can't run says why. */
  readonly enablement?: string;
}

const anyTask = `!${contextKeys.noTasks}`;
const anySession = `!${contextKeys.noSessions}`;
const anyCriterion = `!${contextKeys.noCriteria}`;

export const commandDefinitions: Readonly<Record<CommandName, CommandDefinition>> = {
  startPair: { title: 'Start Supervised Pair…', icon: 'add' },
  registerSession: { title: 'Register Running Session…', icon: 'plug' },
  bindSessions: { title: 'Bind Sessions to a Task…', icon: 'link', enablement: anySession },
  cycleNow: { title: 'Run Manager Cycle Now', icon: 'refresh', enablement: anyTask },
  nudgeSession: { title: 'Nudge Session…', icon: 'comment', enablement: anySession },
  interruptSession: { title: 'Interrupt Session', icon: 'debug-pause', enablement: anySession },
  approveSession: { title: 'Approve What a Session Asks…', icon: 'check', enablement: anySession },
  denySession: { title: 'Deny What a Session Asks…', icon: 'circle-slash', enablement: anySession },
  confirmSession: { title: 'Confirm Session and Its Binding…', icon: 'shield', enablement: anySession },
  resumeSession: { title: 'Resume Session', icon: 'debug-continue', enablement: anySession },
  stopSession: { title: 'Stop Session…', icon: 'debug-stop', enablement: anySession },
  openSessionTerminal: { title: 'Open Session Terminal', icon: 'terminal', enablement: anySession },
  openWorkerTerminal: { title: 'Open Worker Terminal', icon: 'terminal', enablement: anyTask },
  openManagerTerminal: { title: 'Open Manager Terminal', icon: 'terminal-tmux', enablement: anyTask },
  openTimeline: { title: 'Open Timeline', icon: 'git-commit', enablement: anyTask },
  addCriterion: { title: 'Add Criterion…', icon: 'add', enablement: anyTask },
  acceptCriterion: { title: 'Accept Criterion', icon: 'check', enablement: anyCriterion },
  satisfyCriterion: { title: 'Satisfy Criterion…', icon: 'pass', enablement: anyCriterion },
  deferCriterion: { title: 'Defer Criterion…', icon: 'history', enablement: anyCriterion },
  rejectCriterion: { title: 'Reject Criterion…', icon: 'circle-slash', enablement: anyCriterion },
  finishTask: { title: 'Finish Task…', icon: 'pass-filled', enablement: anyTask },
  markRead: { title: 'Mark Session as Read', icon: 'check-all', enablement: anySession },
  showAttention: { title: 'Show What Needs You', icon: 'bell' },
  runDoctor: { title: 'Run Doctor', icon: 'pulse' },
  installHooks: { title: 'Install Hooks into Codex…', icon: 'zap' },
  removeHooks: { title: 'Remove Hooks from Codex…', icon: 'trash' },
  restartEngine: { title: 'Restart Engine', icon: 'debug-restart' },
  showLog: { title: 'Show Log', icon: 'output' },
};

export function contributedCommands(): readonly object[] {
  return commandNames().map((name) => {
    const { title, icon, enablement } = commandDefinitions[name];
    return {
      command: commandIds[name],
      category: 'Conveyor',
      title,
      icon: `$(${icon})`,
      ...(enablement === undefined ? {} : { enablement }),
    };
  });
}

function commandNames(): readonly CommandName[] {
  return Object.keys(commandIds).filter((name): name is CommandName => name in commandDefinitions);
}
