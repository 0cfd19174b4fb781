import type { SessionCandidate } from '../../protocol/engine.ts';
import type { ThreadChoice } from '../../protocol/operations.ts';
import type { SessionView } from '../../protocol/snapshot.ts';
import type { PanelModel } from '../model.ts';
import { isUnread } from '../rows/sessionRows.ts';
import type { CommandArgument } from './arguments.ts';
import { type CommandContext, type CommandHandler, engineOf, run } from './commandContext.ts';
import { ask, notEmpty, pick, pickFolder, pickSession, pickTask } from './picks.ts';
import { Refusal } from './refusal.ts';

type Handled =
  | 'registerSession'
  | 'nudgeSession'
  | 'interruptSession'
  | 'resumeSession'
  | 'stopSession'
  | 'markRead'
  | 'openSessionTerminal'
  | 'openWorkerTerminal'
  | 'openManagerTerminal';

export function sessionCommands(context: CommandContext): Readonly<Record<Handled, CommandHandler>> {
  return {
    registerSession: (argument) => registerSession(context, argument),
    nudgeSession: (argument) => nudge(context, argument),
    interruptSession: (argument) => interrupt(context, argument),
    resumeSession: (argument) => resume(context, argument),
    stopSession: (argument) => stop(context, argument),
    markRead: (argument) => markRead(context, argument),
    openSessionTerminal: async (argument) => {
      const { folder, item } = await pickSession(context.model, argument, 'Open which session?');
      return context.terminals.open(folder, item);
    },
    openWorkerTerminal: (argument) => openTerminalOf(context, argument, 'worker'),
    openManagerTerminal: (argument) => openTerminalOf(context, argument, 'manager'),
  };
}

async function registerSession(context: CommandContext, argument: CommandArgument): Promise<unknown> {
  const folder = await pickFolder(context.model, argument);
  const candidate = await pickCandidate(context, folder.path, argument);
  const roles = [
    { label: 'Worker', description: 'does the task', role: 'worker' as const },
    { label: 'Manager', description: 'supervises a worker', role: 'manager' as const },
  ];
  const role = argument.role ?? (await pick(roles, `What is ${candidate.tmuxSession}?`)).role;
  const suggested = candidate.tmuxSession.replace(/^codex-/, '');
  const name =
    argument.session ??
    (await ask({ title: 'Name of the session', value: suggested, validateInput: notEmpty('A name') }));
  const { tmuxSession, pid, cwd } = candidate;
  const register = (codexSession: string | undefined) =>
    run(context, folder.path, `register-${role}`, {
      name,
      tmuxSession,
      pid,
      cwd,
      ...(codexSession === undefined ? {} : { codexSession }),
    });
  try {
    return await register(argument.codexSession);
  } catch (error) {
    if (!(error instanceof Refusal) || error.choices.length === 0) throw error;
    return register(await pickThread(error.choices, tmuxSession));
  }
}

/** Nothing tells for certain which thread that Codex has: the person knows what they talk about in it. */
async function pickThread(choices: readonly ThreadChoice[], tmuxSession: string): Promise<string> {
  const items = choices.map(({ threadId, rolloutPath, reason }) => ({
    label: threadId,
    description: rolloutPath === null ? 'not spoken to yet' : '',
    detail: reason,
    session: rolloutPath ?? threadId,
  }));
  return (await pick(items, `Which thread does ${tmuxSession} show? (/status there says it)`)).session;
}

async function pickCandidate(
  context: CommandContext,
  folder: string,
  argument: CommandArgument,
): Promise<SessionCandidate> {
  const candidates = await engineOf(context, folder).sessionCandidates();
  const named = candidates.find(({ tmuxSession }) => tmuxSession === argument.tmuxSession);
  if (named) return named;
  if (candidates.length === 0) {
    throw new Refusal(
      'no_candidate',
      'No unregistered Codex runs in tmux.',
      'Start one there (tmux new -s work codex), or start a pair.',
      [{ title: 'Start Supervised Pair', command: 'startPair' }],
    );
  }
  const choices = candidates.map((candidate) => ({
    label: candidate.tmuxSession,
    description: candidate.title,
    detail: candidate.cwd,
    candidate,
  }));
  return (await pick(choices, 'Register which session?')).candidate;
}

async function nudge(context: CommandContext, argument: CommandArgument): Promise<unknown> {
  const { folder, item } = await pickSession(context.model, argument, 'Nudge which session?');
  const text = argument.text ?? (await askNudge(context.model, item.name));
  try {
    return await run(context, folder.path, 'session-nudge', { name: item.name, text });
  } catch (error) {
    if (!(error instanceof Refusal) || error.reason !== 'unknown_screen') throw error;
    if (!(await wantsItSent(context, folder.path, item))) throw error;
    return run(context, folder.path, 'session-nudge', { name: item.name, text, anyway: true });
  }
}

/** Tomorrow's Codex may look like nothing we know: the person can look, and say that it reads messages. */
async function wantsItSent(context: CommandContext, folder: string, { name }: SessionView): Promise<boolean> {
  const choices = [
    { label: '$(close) Do not send', description: 'nothing was typed', answer: 'no' },
    { label: '$(terminal) Look at its terminal first', description: 'nothing is sent', answer: 'look' },
    { label: '$(send) Send anyway', description: 'I see its screen: it reads messages', answer: 'send' },
  ] as const;
  const { answer } = await pick(choices, `The screen of ${name} is not recognised. Send all the same?`);
  if (answer === 'look') {
    const place = await pickSession(context.model, { folder, session: name }, '');
    context.terminals.open(place.folder, place.item);
  }
  return answer === 'send';
}

function askNudge(model: PanelModel, session: string): Promise<string> {
  const waiting = model.attention.find(({ item }) => item.session === session)?.item.message;
  return ask({
    title: `Nudge ${session}`,
    prompt: waiting ?? 'Arrives as a message of yours once the session can take it.',
    placeHolder: 'Run the tests again and show me the failure',
    validateInput: notEmpty('A message'),
  });
}

async function interrupt(context: CommandContext, argument: CommandArgument): Promise<unknown> {
  const { folder, item } = await pickSession(context.model, argument, 'Interrupt which session?');
  const followup = argument.text;
  return run(
    context,
    folder.path,
    'session-interrupt',
    followup === undefined ? { name: item.name } : { name: item.name, followup },
  );
}

/** Core refuses with the reason where there is nothing to resume: it looks again, the panel's picture may be old. */
async function resume(context: CommandContext, argument: CommandArgument): Promise<unknown> {
  const ended = context.model.sessions.filter(({ item }) => item.registration === 'active' && item.alive === false);
  const [only] = ended;
  const isClear = argument.session === undefined && only !== undefined && ended.length === 1;
  const { folder, item } = isClear ? only : await pickSession(context.model, argument, 'Resume which session?');
  return run(context, folder.path, 'resume', { name: item.name });
}

/** Only one that is unread needs no choice. */
async function markRead(context: CommandContext, argument: CommandArgument): Promise<unknown> {
  const unread = context.model.sessions.filter(({ item }) => isUnread(item.attention));
  const [only] = unread;
  const isClear = argument.session === undefined && only !== undefined && unread.length === 1;
  const { folder, item } = isClear ? only : await pickSession(context.model, argument, 'Mark which session as read?');
  return run(context, folder.path, 'mark-read', { name: item.name });
}

async function stop(context: CommandContext, argument: CommandArgument): Promise<unknown> {
  const { folder, item } = await pickSession(context.model, argument, 'Stop which session?');
  if (argument.stop === undefined) {
    const choices = [
      { label: `$(debug-stop) Stop ${item.name}`, description: 'ends its Codex and its tmux session', goOn: true },
      { label: '$(close) Leave it running', description: '', goOn: false },
    ];
    if (!(await pick(choices, `Stop ${item.name}?`)).goOn) return null;
  }
  return run(context, folder.path, 'stop', { name: item.name });
}

async function openTerminalOf(
  context: CommandContext,
  argument: CommandArgument,
  role: 'worker' | 'manager',
): Promise<unknown> {
  const task = await pickTask(context.model, argument, { title: `Open the ${role} of which task?`, open: false });
  const name = task.item[role];
  if (name === null) {
    throw new Refusal(
      'no_binding',
      `Task “${task.item.name}” has no ${role}.`,
      'Start a pair, or register and bind a session.',
    );
  }
  const { folder, item } = await pickSession(context.model, { folder: task.folder.path, session: name }, '');
  return context.terminals.open(folder, item);
}
