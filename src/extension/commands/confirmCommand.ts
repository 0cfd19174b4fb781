import type { CommandArgument } from './arguments.ts';
import { type CommandContext, type CommandHandler, run } from './commandContext.ts';
import { pick, pickSession } from './picks.ts';
import { Refusal } from './refusal.ts';

/** The person's word about a session that something in a sandbox, or another program, has put into the ledger. */
export function confirmCommand(context: CommandContext): Readonly<Record<'confirmSession', CommandHandler>> {
  return { confirmSession: (argument) => confirm(context, argument) };
}

async function confirm(context: CommandContext, argument: CommandArgument): Promise<unknown> {
  const waiting = context.model.sessions.filter(({ item }) => item.unconfirmed !== null);
  const [only] = waiting;
  const isClear = argument.session === undefined && only !== undefined && waiting.length === 1;
  const { folder, item } = isClear ? only : await pickSession(context.model, argument, 'Confirm which session?');
  if (item.unconfirmed === null) {
    throw new Refusal('nothing_to_confirm', `${item.name} needs no confirmation.`, null);
  }
  if (argument.confirmed !== true) {
    const where = item.terminal === null ? 'no terminal' : `tmux session ${item.terminal.session}`;
    const detail = `${item.role}, ${where}, ${item.cwd}, thread ${item.codexSessionId ?? 'unknown'}`;
    const choices = [
      { label: `$(shield) Confirm ${item.name}`, description: `for task ${item.task ?? 'none'}`, detail, goOn: true },
      { label: '$(close) Leave it alone', description: 'nothing is done to it for others', detail: '', goOn: false },
    ];
    if (!(await pick(choices, `Is this what you supervise under ${item.name}?`)).goOn) return null;
  }
  return run(context, folder.path, 'confirm', { name: item.name });
}
