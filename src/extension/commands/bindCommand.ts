import type { SessionView } from '../../protocol/snapshot.ts';
import { type FolderState, isOpen } from '../model.ts';
import type { CommandArgument } from './arguments.ts';
import { type CommandContext, type CommandHandler, run } from './commandContext.ts';
import { ask, notEmpty, pick, pickFolder } from './picks.ts';
import { Refusal } from './refusal.ts';
import { nameProblem, shortName } from './taskName.ts';

/** Ties two sessions that run already to a task that nobody works on, or to a new one. */
export function bindCommand(context: CommandContext): Readonly<Record<'bindSessions', CommandHandler>> {
  return { bindSessions: (argument) => bindSessions(context, argument) };
}

async function bindSessions(context: CommandContext, argument: CommandArgument): Promise<unknown> {
  const folder = await pickFolder(context.model, argument);
  const worker = argument.worker ?? (await pickUnbound(folder, 'worker'));
  const manager = argument.manager ?? (await pickUnbound(folder, 'manager'));
  const task = argument.task ?? (await pickFreeTask(folder)) ?? (await createTask(context, folder, argument));
  return run(context, folder.path, 'bind', { task, worker, manager });
}

async function pickUnbound({ engine }: FolderState, role: SessionView['role']): Promise<string> {
  const free = (engine.snapshot?.sessions ?? []).filter(
    (session) => session.role === role && session.registration === 'active' && session.task === null,
  );
  if (free.length === 0) {
    throw new Refusal('no_session', `No ${role} is free.`, 'Register a Codex that runs in tmux, or start a pair.', [
      { title: 'Register Session', command: 'registerSession' },
      { title: 'Start Supervised Pair', command: 'startPair' },
    ]);
  }
  const choices = free.map(({ name, cwd }) => ({ label: name, description: cwd ?? '' }));
  return (await pick(choices, `Which ${role}?`)).label;
}

/** Null: a new one is wanted. */
async function pickFreeTask({ engine }: FolderState): Promise<string | null> {
  const free = (engine.snapshot?.tasks ?? []).filter((task) => isOpen(task) && task.worker === null);
  const choices = [
    { label: '$(add) New task…', description: '', task: null },
    ...free.map(({ name, goal }) => ({ label: name, description: goal, task: name })),
  ];
  return (await pick(choices, 'Which task?')).task;
}

async function createTask(context: CommandContext, folder: FolderState, argument: CommandArgument): Promise<string> {
  const goal =
    argument.goal ??
    (await ask({
      title: 'New task (1/2)',
      prompt: 'What shall be achieved? The manager holds the worker to it.',
      validateInput: notEmpty('A goal'),
    }));
  const create = await ask({
    title: 'New task (2/2)',
    prompt: 'A short name for the task.',
    value: shortName(goal),
    validateInput: nameProblem,
  });
  await run(context, folder.path, 'tasks', { create, goal });
  return create;
}
