import type { SessionQuestion, SessionView } from '../../protocol/snapshot.ts';
import type { InFolder, PanelModel } from '../model.ts';
import { questionPick } from '../rows/questionPick.ts';
import type { CommandArgument } from './arguments.ts';
import { type CommandContext, type CommandHandler, run } from './commandContext.ts';
import { pick, pickSession } from './picks.ts';
import { Refusal } from './refusal.ts';

type Handled = 'approveSession' | 'denySession';

/** The person's own word about what Codex asks: no permission is needed, and exactly what was read is answered. */
export function answerCommands(context: CommandContext): Readonly<Record<Handled, CommandHandler>> {
  return {
    approveSession: (argument) => approve(context, argument),
    denySession: (argument) => deny(context, argument),
  };
}

async function approve(context: CommandContext, argument: CommandArgument): Promise<unknown> {
  const { folder, session, question } = await pickQuestion(context.model, argument, 'Answer which session?');
  const { title, detail, options } = questionPick(session.name, question);
  const choices = options.map(({ label, number }, at) => ({ label, detail: at === 0 ? detail : '', number }));
  const option = argument.option ?? (await pick(choices, title)).number;
  const input = { name: session.name, option, expect: question.fingerprint };
  return run(context, folder, 'approve', input);
}

async function deny(context: CommandContext, argument: CommandArgument): Promise<unknown> {
  const { folder, session, question } = await pickQuestion(context.model, argument, 'Deny which session?');
  if (argument.option === undefined) {
    const { title, detail } = questionPick(session.name, question);
    const choices = [
      { label: '$(circle-slash) Deny', detail, goOn: true },
      { label: '$(close) Leave it waiting', detail: '', goOn: false },
    ];
    if (!(await pick(choices, title)).goOn) return null;
  }
  return run(context, folder, 'deny', { name: session.name, expect: question.fingerprint });
}

interface Asked {
  readonly folder: string;
  readonly session: SessionView;
  readonly question: SessionQuestion;
}

/** The only session that asks something needs no choice. */
async function pickQuestion(model: PanelModel, argument: CommandArgument, title: string): Promise<Asked> {
  const asking = model.sessions.filter(({ item }) => item.question !== null);
  const [only] = asking;
  const isNamed = argument.session !== undefined;
  const place: InFolder<SessionView> =
    !isNamed && only !== undefined && asking.length === 1 ? only : await pickSession(model, argument, title);
  const { question } = place.item;
  if (question !== null) return { folder: place.folder.path, session: place.item, question };
  throw new Refusal('dialog_missing', `${place.item.name} asks nothing on its screen.`, 'Look at it in its terminal.', [
    { title: 'Open Session Terminal', command: 'openSessionTerminal' },
  ]);
}
