import * as vscode from 'vscode';
import * as z from 'zod/mini';

import { plainWords } from '../rows/plainWords.ts';
import type { CommandArgument } from './arguments.ts';
import { type CommandContext, type CommandHandler, run } from './commandContext.ts';
import { pickFolder } from './picks.ts';
import { Cancelled } from './refusal.ts';

type Handled = 'installHooks' | 'removeHooks';

/** What the panel reads of `install-hooks`. */
const hookChanges = z.object({
  files: z.array(z.object({ path: z.string(), change: z.string(), diff: z.string() })),
  digest: z.string(),
  note: z.string(),
});

/** Codex's own configuration: shown as the diff that is written, then asked for, then written exactly so. */
export function hookCommands(context: CommandContext): Readonly<Record<Handled, CommandHandler>> {
  return {
    installHooks: (argument) => change(context, argument, false),
    removeHooks: (argument) => change(context, argument, true),
  };
}

async function change(context: CommandContext, argument: CommandArgument, remove: boolean): Promise<unknown> {
  const folder = await pickFolder(context.model, argument);
  const shown = hookChanges.parse(await run(context, folder.path, 'install-hooks', { dryRun: true, remove }));
  const changed = shown.files.filter(({ diff }) => diff !== '');
  if (changed.length === 0) {
    void vscode.window.showInformationMessage(plainWords(shown.note));
    return shown;
  }
  if (argument.confirmed !== true) {
    await context.texts.show('codex-hooks.diff', changed.map(({ diff }) => diff).join('\n'));
    if (
      !(await isWanted(
        changed.map(({ path }) => path),
        remove,
      ))
    )
      return null;
  }
  const done = await run(context, folder.path, 'install-hooks', { dryRun: false, remove, expect: shown.digest });
  void vscode.window.showInformationMessage(plainWords(hookChanges.parse(done).note));
  return done;
}

/** Stays while one scrolls through the diff behind it. */
async function isWanted(paths: readonly string[], remove: boolean): Promise<boolean> {
  const choices = [
    {
      label: remove ? '$(trash) Take our hooks out, as shown' : '$(check) Change it as shown',
      description: plainWords(paths.join(', ')),
      goOn: true,
    },
    { label: '$(close) Leave it as it is', description: 'nothing was written', goOn: false },
  ];
  const title = remove ? 'Remove Conveyor’s hooks from Codex?' : 'Have Codex report turns and questions at once?';
  const chosen = await vscode.window.showQuickPick(choices, { title, ignoreFocusOut: true });
  if (!chosen) throw new Cancelled();
  return chosen.goOn;
}
