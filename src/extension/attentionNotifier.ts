import * as vscode from 'vscode';

import type { AttentionItem, SessionQuestion } from '../protocol/snapshot.ts';
import type { CommandArgument } from './commands/arguments.ts';
import { type NotifyLevel, readConfiguration } from './configuration.ts';
import type { Disposable } from './disposables.ts';
import { type CommandName, commandIds } from './ids.ts';
import type { InFolder } from './model.ts';
import { plainWords } from './rows/plainWords.ts';
import { questionLine } from './rows/questionPick.ts';

type Waiting = InFolder<AttentionItem>;

interface AttentionParts {
  readonly onAttention: (listener: (waiting: Waiting) => void) => Disposable;
  readonly isLookedAt: (waiting: Waiting) => boolean;
  readonly show: (waiting: Waiting) => void;
}

/**
 * Says once that something waits, unless the person looks at that session already or asked not to be told, and offers
 * what can be done about it. Badge and status bar show it in any case.
 */
export function notifyAttention({ onAttention, isLookedAt, show }: AttentionParts): Disposable {
  return onAttention((waiting) => {
    if (levelOf(waiting.item) !== 'notification' || isLookedAt(waiting)) return;
    void announce(waiting, show);
  });
}

interface Action {
  readonly title: string;
  /** Null shows it. None of them acts by itself: the command asks with what is on the screen by then. */
  readonly command: CommandName | null;
}

const showIt: Action = { title: 'Show', command: null };

const actions: Readonly<Record<AttentionItem['kind'], readonly Action[]>> = {
  approval: [{ title: 'Approve…', command: 'approveSession' }, { title: 'Deny…', command: 'denySession' }, showIt],
  question: [{ title: 'Answer…', command: 'approveSession' }, showIt],
  unconfirmed: [{ title: 'Confirm…', command: 'confirmSession' }, showIt],
  failed: [showIt],
  stalled: [showIt],
  undelivered: [showIt],
  turn_finished: [{ title: 'Mark as Read', command: 'markRead' }, showIt],
};

async function announce(waiting: Waiting, show: (waiting: Waiting) => void): Promise<void> {
  const { folder, item } = waiting;
  const question = questionOf(waiting);
  const offered = item.session === null ? [showIt] : actions[item.kind];
  const message = question === null ? item.message : `${item.message} ${questionLine(question)}`;
  const say = isBad(item) ? vscode.window.showWarningMessage : vscode.window.showInformationMessage;
  const chosen = await say(plainWords(message), ...offered.map(({ title }) => title));
  const action = offered.find(({ title }) => title === chosen);
  if (action === undefined) return;
  if (action.command === null || item.session === null) return show(waiting);
  const argument: CommandArgument = { folder: folder.path, session: item.session, question: question?.fingerprint };
  await vscode.commands.executeCommand(commandIds[action.command], argument);
}

/** What stands on its screen as it is told: what is answered later must be the same, or be shown anew. */
function questionOf({ folder, item }: Waiting): SessionQuestion | null {
  if (item.kind !== 'approval' && item.kind !== 'question') return null;
  return folder.engine.snapshot?.sessions.find(({ name }) => name === item.session)?.question ?? null;
}

function isBad({ kind }: AttentionItem): boolean {
  return kind === 'failed' || kind === 'stalled' || kind === 'undelivered';
}

function levelOf({ kind }: AttentionItem): NotifyLevel {
  const { notify } = readConfiguration();
  switch (kind) {
    case 'approval':
      return notify.approval;
    case 'question':
      return notify.question;
    case 'turn_finished':
      return notify.turnFinished;
    case 'failed':
    case 'stalled':
    case 'undelivered':
      return notify.failure;
    case 'unconfirmed':
      return notify.approval;
    default:
      return kind satisfies never;
  }
}
