import * as vscode from 'vscode';

import type { FinishBlocker } from '../../protocol/engine.ts';
import type { TaskView } from '../../protocol/snapshot.ts';
import { viewIds } from '../ids.ts';
import type { InFolder } from '../model.ts';
import type { CommandArgument } from './arguments.ts';
import { type CommandContext, type CommandHandler, engineOf, run } from './commandContext.ts';
import { ask, notEmpty, pickPlace, pickTask } from './picks.ts';
import { Cancelled, Refusal } from './refusal.ts';
import { nameProblem, shortName } from './taskName.ts';

type Handled = 'startPair' | 'cycleNow' | 'openTimeline' | 'finishTask';

export function taskCommands(context: CommandContext): Readonly<Record<Handled, CommandHandler>> {
  return {
    startPair: (argument) => startPair(context, argument),
    cycleNow: async (argument) => {
      const task = await pickTask(context.model, argument, { title: 'Run a cycle of which task?', open: true });
      return inTasksView(`Cycle of ${task.item.name}`, () =>
        run(context, task.folder.path, 'cycle', { task: task.item.name }),
      );
    },
    openTimeline: async (argument) => {
      const task = await pickTask(context.model, argument, { title: 'Open the timeline of which task?', open: false });
      const ref = { folder: task.folder.path, task: task.item.name };
      // The Criteria view follows what one looks at.
      context.model.select(ref);
      context.timelines.open(ref);
      return null;
    },
    finishTask: (argument) => finish(context, argument),
  };
}

async function startPair(context: CommandContext, argument: CommandArgument): Promise<unknown> {
  const { folder, item: place } = await pickPlace(context.model, argument);
  refuseWithoutTools(folder.engine.snapshot?.problems ?? []);
  const goal =
    argument.goal ??
    (await ask({
      title: 'Start a supervised pair (1/3)',
      prompt: 'What shall be achieved? The manager holds the worker to it.',
      placeHolder: 'Make the flaky login test pass, ten times in a row',
      validateInput: notEmpty('A goal'),
    }));
  const task =
    argument.task ??
    (await ask({
      title: 'Start a supervised pair (2/3)',
      prompt: 'A short name for the task.',
      value: shortName(goal),
      validateInput: nameProblem,
    }));
  const prompt =
    argument.text ??
    (await ask({
      title: 'Start a supervised pair (3/3)',
      prompt: 'The worker’s first message. Both sessions start now and spend tokens.',
      value: goal,
      validateInput: notEmpty('A first message'),
    }));
  const worker = argument.worker ?? `${task}-worker`;
  const manager = argument.manager ?? `${task}-manager`;
  return inTasksView(`Starting ${worker} and ${manager}`, () =>
    run(context, folder.path, 'pair', { task, goal, worker, manager, prompt, cwd: place.path }),
  );
}

function refuseWithoutTools(problems: readonly { kind: string; message: string; remedy: string | null }[]): void {
  const missing = problems.find(({ kind }) => kind === 'no_tmux' || kind === 'no_codex');
  if (!missing) return;
  throw new Refusal(missing.kind, missing.message, missing.remedy, [{ title: 'Run Doctor', command: 'runDoctor' }]);
}

async function finish(context: CommandContext, argument: CommandArgument): Promise<unknown> {
  const task = await pickTask(context.model, argument, { title: 'Finish which task?', open: true });
  const blockers = await engineOf(context, task.folder.path).finishBlockers(task.item.name);
  const refusing = blockers.filter(({ refuses }) => refuses);
  const how = argument.stop ?? (await askHowToFinish(task, blockers));
  if (refusing.length > 0) {
    throw new Refusal(
      'gate_failed',
      `Task “${task.item.name}” can’t be finished yet: ${refusing.map(({ message }) => message).join(' ')}`,
    );
  }
  return run(context, task.folder.path, 'finish-task', {
    task: task.item.name,
    reason: argument.text ?? 'Finished from VS Code.',
    stopWorker: how !== 'none',
    stopManager: how === 'both',
  });
}

interface FinishChoice extends vscode.QuickPickItem {
  readonly how: 'none' | 'worker' | 'both' | 'look';
}

/** What stands against it comes first; the ways to finish are offered only while nothing refuses. */
async function askHowToFinish(
  { item, folder }: InFolder<TaskView>,
  blockers: readonly FinishBlocker[],
): Promise<'none' | 'worker' | 'both'> {
  const against: FinishChoice[] = blockers.map(({ message, refuses }) => ({
    label: `$(${refuses ? 'error' : 'warning'}) ${message}`,
    description: refuses ? 'prevents finishing' : 'worth knowing',
    how: 'look',
  }));
  const separator = (label: string): FinishChoice => ({ label, kind: vscode.QuickPickItemKind.Separator, how: 'look' });
  const ways: FinishChoice[] = [
    { label: '$(pass-filled) Finish', description: 'both sessions go on running', how: 'none' },
    { label: '$(debug-stop) Finish and stop the worker', how: 'worker' },
    { label: '$(debug-stop) Finish and stop worker and manager', how: 'both' },
  ];
  const isRefused = blockers.some(({ refuses }) => refuses);
  const choices = [
    ...(against.length > 0 ? [separator('Stands against it'), ...against] : []),
    ...(isRefused ? [] : [separator(item.goal), ...ways]),
  ];
  const title = isRefused ? `${item.name} can’t be finished yet` : `Finish ${item.name}?`;
  const chosen = await vscode.window.showQuickPick(choices, { title, placeHolder: folder.name });
  if (!chosen) throw new Cancelled();
  if (chosen.how !== 'look') return chosen.how;
  await vscode.commands.executeCommand(`${viewIds.criteria}.focus`);
  throw new Cancelled();
}

function inTasksView<T>(title: string, work: () => Promise<T>): Thenable<T> {
  return vscode.window.withProgress({ location: { viewId: viewIds.tasks }, title }, work);
}
