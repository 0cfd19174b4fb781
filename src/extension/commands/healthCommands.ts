import * as vscode from 'vscode';

import { type FolderState, isOpen } from '../model.ts';
import { attentionIcon } from '../rows/attentionIcon.ts';
import { plainWords } from '../rows/plainWords.ts';
import type { CommandArgument } from './arguments.ts';
import { type CommandContext, type CommandHandler, run } from './commandContext.ts';
import { pick, pickFolder } from './picks.ts';
import { whyNotReady } from './readiness.ts';
import { Refusal } from './refusal.ts';

type Handled = 'showAttention' | 'runDoctor' | 'restartEngine' | 'showLog';

export function healthCommands(context: CommandContext): Readonly<Record<Handled, CommandHandler>> {
  return {
    showAttention: () => showAttention(context),
    runDoctor: (argument) => runDoctor(context, argument),
    restartEngine: async () => {
      if (context.model.idleness !== null)
        throw whyNotReady(context.model) ?? new Refusal('engine_stopped', 'No engine runs.');
      await context.engines.restart();
      return null;
    },
    showLog: async () => {
      context.showLog();
      return null;
    },
  };
}

/** A person follows the first session that waits; with nothing waiting, says so in the same place. */
async function showAttention(context: CommandContext): Promise<unknown> {
  const reason = whyNotReady(context.model);
  if (reason) throw reason;
  const waiting = context.model.attention;
  if (waiting.length === 0) {
    const open = context.model.tasks.filter(({ item }) => isOpen(item)).length;
    const text =
      open === 0
        ? 'Nothing needs you: no task is open.'
        : `Nothing needs you: ${open} open ${open === 1 ? 'task goes' : 'tasks go'} on.`;
    void vscode.window.showInformationMessage(text);
    return [];
  }
  const choices = waiting.map(({ folder, item }) => ({
    label: plainWords(item.message),
    description: [item.session, item.task].filter(Boolean).join(' · '),
    iconPath: new vscode.ThemeIcon(attentionIcon(item.kind)),
    folder,
    item,
  }));
  const { folder, item } = await pick(choices, 'Needs you');
  const session = context.model.sessions.find(
    (place) => place.folder.path === folder.path && place.item.name === item.session,
  );
  if (session) return context.terminals.open(session.folder, session.item);
  if (item.task !== null) context.timelines.open({ folder: folder.path, task: item.task });
  return null;
}

async function runDoctor(context: CommandContext, argument: CommandArgument): Promise<unknown> {
  const folder = await pickFolder(context.model, argument);
  const report = await run(context, folder.path, 'doctor', {});
  await context.texts.show('conveyor-doctor.json', doctorText(folder, report));
  return report;
}

function doctorText(folder: FolderState, report: unknown): string {
  const problems = folder.engine.snapshot?.problems ?? [];
  return `${JSON.stringify({ folder: folder.path, problems, doctor: report }, null, 2)}\n`;
}
