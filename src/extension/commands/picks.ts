import * as vscode from 'vscode';

import type { CriterionStatus, CriterionView, SessionView, TaskView } from '../../protocol/snapshot.ts';
import { type FolderState, type InFolder, isOpen, type PanelModel, type Place } from '../model.ts';
import { icon, type RowIcon } from '../rows/row.ts';
import { sessionLook } from '../rows/sessionRows.ts';
import { criteriaText } from '../rows/taskRows.ts';
import type { CommandArgument } from './arguments.ts';
import { whyNotReady } from './readiness.ts';
import { Cancelled, Refusal } from './refusal.ts';

/**
 * Finds what a command acts on: what its argument names, the only one there is, or what the person picks.
 * Throws a refusal when there is none, `Cancelled` when the pick is left.
 */

export async function pickFolder(model: PanelModel, argument: CommandArgument): Promise<FolderState> {
  refuseUnlessReady(model);
  const named = argument.folder === undefined ? null : model.folder(argument.folder);
  if (named) return named;
  const choices = model.folders.map((folder) => ({ label: folder.name, description: folder.path, folder }));
  return (await pick(choices, 'In which folder?')).folder;
}

/** Where something shall start: of a ledger that several folders share, one of them. */
export async function pickPlace(model: PanelModel, argument: CommandArgument): Promise<InFolder<Place>> {
  refuseUnlessReady(model);
  const all = model.folders.flatMap((folder) => folder.places.map((item) => ({ folder, item })));
  const named = all.find(({ item }) => item.path === argument.folder);
  if (named) return named;
  const choices = all.map((place) => ({ label: place.item.name, description: place.item.path, place }));
  return (await pick(choices, 'In which folder?')).place;
}

function isNamed({ places }: FolderState, { folder }: CommandArgument): boolean {
  return folder === undefined || places.some(({ path }) => path === folder);
}

export async function pickTask(
  model: PanelModel,
  argument: CommandArgument,
  { title, open }: { title: string; open: boolean },
): Promise<InFolder<TaskView>> {
  refuseUnlessReady(model);
  const named = model.tasks.filter(({ item }) => item.name === argument.task || item.id === argument.task);
  const inNamedFolder = named.filter(({ folder }) => isNamed(folder, argument));
  const only = inNamedFolder.at(-1);
  if (only) return only;
  if (argument.task !== undefined) {
    throw new Refusal('unknown_task', `There is no task “${argument.task}”.`, 'Choose one in the Tasks view.');
  }
  const choices = model.tasks
    .filter(({ item }) => !open || isOpen(item))
    .map((place) => ({
      label: place.item.name,
      description: criteriaText(place.item.criteria),
      detail: place.item.goal,
      iconPath: themeIcon(icon('target')),
      place,
    }));
  if (choices.length === 0) {
    throw new Refusal('no_task', open ? 'No task is open.' : 'There is no task.', 'Start a pair first.', [
      { title: 'Start Supervised Pair', command: 'startPair' },
    ]);
  }
  return (await pick(choices, title)).place;
}

export async function pickSession(
  model: PanelModel,
  argument: CommandArgument,
  title: string,
): Promise<InFolder<SessionView>> {
  refuseUnlessReady(model);
  const active = model.sessions.filter(({ item }) => item.registration === 'active');
  const named = active.filter(
    ({ folder, item }) => (item.name === argument.session || item.id === argument.session) && isNamed(folder, argument),
  );
  const only = named.at(-1);
  if (only) return only;
  if (argument.session !== undefined) {
    throw new Refusal(
      'unknown_session',
      `There is no active session “${argument.session}”.`,
      'Choose one in the Sessions view.',
    );
  }
  if (active.length === 0) {
    throw new Refusal(
      'no_session',
      'No session is registered.',
      'Start a pair, or register a session that runs in tmux.',
      [
        { title: 'Start Supervised Pair', command: 'startPair' },
        { title: 'Register Session', command: 'registerSession' },
      ],
    );
  }
  const choices = active.map((place) => {
    const look = sessionLook(place.item, model.attention.find(({ item }) => item.session === place.item.name)?.item);
    const description = [place.item.role, look.word].join(' · ');
    return {
      label: place.item.name,
      description,
      detail: place.item.task ?? '',
      iconPath: themeIcon(look.icon),
      place,
    };
  });
  return (await pick(choices, title)).place;
}

export async function pickCriterion(
  model: PanelModel,
  argument: CommandArgument,
  { title, from }: { title: string; from: readonly CriterionStatus[] },
): Promise<InFolder<CriterionView>> {
  const task = await pickTaskOfCriterion(model, argument);
  const ofTask = model.criteria.filter(
    ({ folder, item }) => folder.path === task.folder.path && item.task === task.item.name,
  );
  if (argument.criterion !== undefined) {
    const named = ofTask.find(({ item }) => item.id === argument.criterion);
    if (named) return named;
    throw new Refusal('unknown_criterion', `Task “${task.item.name}” has no criterion #${argument.criterion}.`);
  }
  const choices = ofTask
    .filter(({ item }) => from.includes(item.status))
    .map((place) => ({ label: place.item.text, description: `#${place.item.id} ${place.item.status}`, place }));
  if (choices.length === 0) {
    throw new Refusal('no_criterion', `Task “${task.item.name}” has no criterion that is ${from.join(' or ')}.`, null, [
      { title: 'Add Criterion', command: 'addCriterion' },
    ]);
  }
  return (await pick(choices, title)).place;
}

/** The task looked at in the Criteria view, unless another is named. */
async function pickTaskOfCriterion(model: PanelModel, argument: CommandArgument): Promise<InFolder<TaskView>> {
  refuseUnlessReady(model);
  if (argument.task === undefined && model.selectedTask) return model.selectedTask;
  return pickTask(model, argument, { title: 'Criteria of which task?', open: false });
}

export async function ask(options: vscode.InputBoxOptions): Promise<string> {
  const answer = await vscode.window.showInputBox({ ignoreFocusOut: true, ...options });
  if (answer === undefined) throw new Cancelled();
  return answer.trim();
}

export async function pick<T extends vscode.QuickPickItem>(choices: readonly T[], title: string): Promise<T> {
  const [only] = choices;
  if (only && choices.length === 1) return only;
  const chosen = await vscode.window.showQuickPick(choices, { title, matchOnDescription: true, matchOnDetail: true });
  if (!chosen) throw new Cancelled();
  return chosen;
}

export function notEmpty(what: string): (text: string) => string | null {
  return (text) => (text.trim() === '' ? `${what} can’t be empty.` : null);
}

function refuseUnlessReady(model: PanelModel): void {
  const reason = whyNotReady(model);
  if (reason) throw reason;
}

function themeIcon({ name, color }: RowIcon): vscode.ThemeIcon {
  return new vscode.ThemeIcon(name, color ? new vscode.ThemeColor(color) : undefined);
}
