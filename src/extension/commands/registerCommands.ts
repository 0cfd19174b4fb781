import * as vscode from 'vscode';

import { type Disposable, DisposableStore } from '../disposables.ts';
import type { EngineLog } from '../engine/engineLog.ts';
import { type CommandName, commandIds } from '../ids.ts';
import { plainWords } from '../rows/plainWords.ts';
import { commandArgumentOf } from './arguments.ts';
import type { CommandHandler, CommandHandlers } from './commandContext.ts';
import { Cancelled, Refusal } from './refusal.ts';

/** How a command ended, for callers that aren't people (tests, key bindings with arguments, other extensions). */
export type CommandOutcome =
  | { readonly ok: true; readonly output: unknown }
  | { readonly ok: false; readonly code: string; readonly message: string; readonly remedy: string | null };

/** Registers every handler. No command throws: it answers, and a refusal is also shown with its remedy. */
export function registerCommands(handlers: CommandHandlers, log: EngineLog): Disposable {
  const registered = new DisposableStore();
  for (const [name, handler] of Object.entries(handlers)) {
    if (!isCommandName(name)) throw new Error(`${name} is not a command`);
    registered.add(
      vscode.commands.registerCommand(commandIds[name], (argument: unknown) => answer(name, handler, argument, log)),
    );
  }
  return registered;
}

async function answer(
  name: CommandName,
  handler: CommandHandler,
  argument: unknown,
  log: EngineLog,
): Promise<CommandOutcome> {
  try {
    const output = await handler(commandArgumentOf(argument));
    log.write('debug', `${name}: done`);
    return { ok: true, output: output ?? null };
  } catch (error) {
    if (error instanceof Cancelled) return { ok: false, code: 'cancelled', message: 'Cancelled.', remedy: null };
    const refusal = error instanceof Refusal ? error : unexpected(name, error, log);
    log.write('info', `${name} refused (${refusal.code}): ${refusal.message}`);
    void show(refusal);
    return { ok: false, code: refusal.code, message: refusal.message, remedy: refusal.remedy };
  }
}

function unexpected(name: CommandName, error: unknown, log: EngineLog): Refusal {
  const text = error instanceof Error ? error.message : String(error);
  log.write('error', `${name} failed: ${error instanceof Error ? (error.stack ?? text) : text}`);
  return new Refusal('internal', `${text}.`.replace(/\.\.$/, '.'), null, [{ title: 'Show Log', command: 'showLog' }]);
}

async function show({ message, remedy, waysOut }: Refusal): Promise<void> {
  const text = remedy === null ? message : `${message} ${remedy}`;
  const chosen = await vscode.window.showWarningMessage(plainWords(text), ...waysOut.map(({ title }) => title));
  const wayOut = waysOut.find(({ title }) => title === chosen);
  if (!wayOut) return;
  await vscode.commands.executeCommand('command' in wayOut ? commandIds[wayOut.command] : wayOut.builtIn);
}

function isCommandName(name: string): name is CommandName {
  return name in commandIds;
}
