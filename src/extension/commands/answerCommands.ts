import type { SessionQuestion, SessionView } from '../../protocol/snapshot.ts';
import type { InFolder, PanelModel } from '../model.ts';
import { questionLine, questionPick } from '../rows/questionPick.ts';
import { plainWords } from '../rows/plainWords.ts';
import type { CommandArgument } from './arguments.ts';
import { type CommandContext, type CommandHandler, run } from './commandContext.ts';
import { pick, pickSession } from './picks.ts';
import { askAboutQuestion } from './questionDialog.ts';
import { Refusal } from './refusal.ts';

type Handled = 'approveSession' | 'denySession';

/** The person's own word about what Codex asks: no permission is needed, and exactly what was read is answered. */
export function answerCommands(context: CommandContext): Readonly<Record<Handled, CommandHandler>> {
  return {
    approveSession: (argument) => approve(context, argument),
    denySession: (argument) => deny(context, argument),
  };
}

/** An option that was named beforehand counts only with the fingerprint of what was read: else one is asked. */
async function approve(context: CommandContext, argument: CommandArgument): Promise<unknown> {
  const { place, question, isRead, isAnother } = await pickQuestion(context.model, argument, 'Answer which session?');
  const options = questionPick(place.item.name, question).options.map(({ label, number }) => ({
    label,
    answer: number,
  }));
  const answers = [...options, { ...lookFirst, answer: null }];
  const option =
    isRead && argument.option !== undefined
      ? argument.option
      : await askAboutQuestion({ model: context.model, place, question, isAnother }, answers);
  if (option === null) return context.terminals.open(place.folder, place.item);
  return run(context, place.folder.path, 'approve', { name: place.item.name, option, expect: question.fingerprint });
}

async function deny(context: CommandContext, argument: CommandArgument): Promise<unknown> {
  const { place, question, isRead, isAnother } = await pickQuestion(context.model, argument, 'Deny which session?');
  const answers = [
    { label: '$(circle-slash) Deny', answer: 'deny' },
    { label: '$(close) Leave it waiting', answer: 'leave' },
    { ...lookFirst, answer: 'look' },
  ];
  const answer =
    isRead && argument.confirmed === true
      ? 'deny'
      : await askAboutQuestion({ model: context.model, place, question, isAnother }, answers);
  if (answer === 'look') return context.terminals.open(place.folder, place.item);
  if (answer === 'leave') return null;
  return run(context, place.folder.path, 'deny', { name: place.item.name, expect: question.fingerprint });
}

const lookFirst = { label: '$(terminal) Look at its terminal', description: 'answers nothing' };

interface Asked {
  readonly place: InFolder<SessionView>;
  readonly question: SessionQuestion;
  /** The caller has read exactly this. */
  readonly isRead: boolean;
  /** The caller has read something else. */
  readonly isAnother: boolean;
}

/** The only session that asks something needs no choice. */
async function pickQuestion(model: PanelModel, argument: CommandArgument, title: string): Promise<Asked> {
  const asking = model.sessions.filter(({ item }) => item.question !== null);
  const place =
    argument.session === undefined && asking.length > 0
      ? await pickAsking(asking, title)
      : await pickSession(model, argument, title);
  const { question } = place.item;
  if (question !== null) {
    const isRead = argument.question === question.fingerprint;
    return { place, question, isRead, isAnother: argument.question !== undefined && !isRead };
  }
  throw new Refusal('dialog_missing', `${place.item.name} asks nothing on its screen.`, 'Look at it in its terminal.', [
    { title: 'Open Session Terminal', command: 'openSessionTerminal' },
  ]);
}

async function pickAsking(asking: readonly InFolder<SessionView>[], title: string): Promise<InFolder<SessionView>> {
  const choices = asking.map((place) => ({
    label: place.item.name,
    description: place.item.task ?? '',
    detail: place.item.question === null ? '' : plainWords(questionLine(place.item.question)),
    place,
  }));
  return (await pick(choices, title)).place;
}
