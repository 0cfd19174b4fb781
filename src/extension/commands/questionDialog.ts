import * as vscode from 'vscode';

import type { SessionQuestion, SessionView } from '../../protocol/snapshot.ts';
import { DisposableStore } from '../disposables.ts';
import type { InFolder, PanelModel } from '../model.ts';
import { questionPick } from '../rows/questionPick.ts';
import { Cancelled, Refusal } from './refusal.ts';

interface Choice<T> extends vscode.QuickPickItem {
  /** Undefined for a row that is only to be read. */
  readonly answer?: T;
}

export interface QuestionAsked {
  readonly model: PanelModel;
  readonly place: InFolder<SessionView>;
  readonly question: SessionQuestion;
  /** The person was told of another question than this one. */
  readonly isAnother: boolean;
}

/**
 * Shows what a session asks, to its last word, and the answers below. Choosing a row of the question does nothing. Ends
 * by itself when the session asks something else: nobody answers what is no longer asked.
 */
export async function askAboutQuestion<T>(
  { model, place, question, isAnother }: QuestionAsked,
  answers: readonly { readonly label: string; readonly description?: string; readonly answer: T }[],
): Promise<T> {
  const { title, lines } = questionPick(place.item.name, question);
  const owned = new DisposableStore();
  const input = owned.add(vscode.window.createQuickPick<Choice<T>>());
  input.title = title;
  input.placeholder = isAnother
    ? 'It asks something else by now: read it, then choose an answer below'
    : 'Read what it asks, then choose an answer below';
  input.items = [
    separator('It asks'),
    ...lines.map((label) => ({ label, alwaysShow: true })),
    separator('Your answer'),
    ...answers.map((answer) => ({ ...answer, alwaysShow: true })),
  ];
  try {
    return await new Promise<T>((done, fail) => {
      owned.addAll(
        input.onDidAccept(() => {
          const [chosen] = input.selectedItems;
          if (chosen?.answer !== undefined) done(chosen.answer);
        }),
        input.onDidHide(() => fail(new Cancelled())),
        model.onChanged(() => {
          const change = changeOf(model, place, question);
          if (change !== null) fail(change);
        }),
      );
      input.show();
    });
  } finally {
    owned.dispose();
  }
}

function changeOf(model: PanelModel, { folder, item }: InFolder<SessionView>, question: SessionQuestion) {
  const now = model.sessions.find((place) => place.folder.path === folder.path && place.item.id === item.id);
  const { question: asked = null } = now?.item ?? {};
  if (asked?.fingerprint === question.fingerprint) return null;
  return asked === null
    ? new Refusal('dialog_missing', `${item.name} does not ask that any more; nothing was answered.`)
    : new Refusal('dialog_changed', `${item.name} asks something else by now; nothing was answered.`, null, [
        { title: 'Look Again', command: 'approveSession' },
      ]);
}

function separator(label: string): { label: string; kind: vscode.QuickPickItemKind.Separator } {
  return { label, kind: vscode.QuickPickItemKind.Separator };
}
