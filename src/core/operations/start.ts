import * as z from 'zod/mini';
import { refuse } from '../domain/errors.ts';
import { quoteForShell } from '../domain/shellQuote.ts';
import { startPrompt } from '../supervise/legacyContract.ts';
import { checkWorkerName } from '../supervise/legacyFolder.ts';
import { ownFolder, replaceOwnFile } from '../supervise/ownFile.ts';
import { flag, optionalText, passthrough, positional } from './argument.ts';
import { defineOperation } from './operation.ts';
import type { OperationContext } from './operationContext.ts';
import { tmuxOf } from './panes.ts';
import { isSandboxed } from './sandbox.ts';
import { handOverPrompt, startInTmux } from './startCodex.ts';

/** Starts Codex in a tmux session of any name, unregistered: it is told how to be supervised when somebody wants that. */
export const start = defineOperation({
  name: 'start',
  summary: 'Start Codex in tmux without registering it; whatever is not known here goes to Codex.',
  effect: 'acts',
  inputs: {
    session: positional('name of the tmux session', 'SESSION'),
    cwd: optionalText('folder to run in; the current one when left out', { placeholder: 'FOLDER' }),
    noStartPrompt: flag('do not tell it how to be supervised'),
    codexArguments: passthrough('arguments for Codex; behind -- those that have the name of one of these', 'ARG ...'),
  },
  output: () =>
    z.object({
      session: z.string(),
      cwd: z.string(),
      attach_command: z.string(),
      start_prompt_path: z.nullable(z.string()),
      start_prompt_sent: z.boolean(),
      register_worker_command_template: z.string(),
      start_manager_command_template: z.string(),
      bind_command_template: z.string(),
      manager_config_questions_command_template: z.string(),
    }),
  run: async (context, { session, cwd: folder, noStartPrompt, codexArguments }) => {
    checkWorkerName(session);
    if (isSandboxed(context)) {
      throw refuse(
        'not_supported',
        `a sandboxed Codex cannot start sessions; run "${context.program} start ${session}" in a terminal`,
      );
    }
    const { started, shim } = await startInTmux(context, {
      role: 'worker',
      name: session,
      tmuxSession: session,
      cwd: folder,
      sandbox: '',
      askForApproval: '',
      acceptTrust: false,
      timeoutSeconds: 30,
      codexArg: codexArguments,
    });
    const { cwd } = started;
    const templates = templatesFor(quoteForShell(shim.command), { session, ...started }, codexArguments);
    const prompt = startPrompt({
      command: quoteForShell(shim.command),
      session,
      cwd,
      registerWorker: templates.register_worker_command_template,
      startManager: templates.start_manager_command_template,
    });
    const path = noStartPrompt ? null : keepPrompt(context, session, prompt);
    if (path !== null) await handOverPrompt(context, started, { name: session, prompt, hold: null });
    return {
      session,
      cwd,
      attach_command: [...tmuxOf(context).prefix, 'attach', '-t', `=${session}`].map(quoteForShell).join(' '),
      start_prompt_path: path,
      start_prompt_sent: path !== null,
      ...templates,
    };
  },
});

/** What to run next, with capitals where somebody has to decide. */
function templatesFor(
  command: string,
  { session, cwd, pid }: { readonly session: string; readonly cwd: string; readonly pid: number },
  codexArguments: readonly string[],
) {
  const handedOn = codexArguments.map((argument) => ` ${quoteForShell(`--codex-arg=${argument}`)}`).join('');
  const folder = quoteForShell(cwd);
  return {
    register_worker_command_template: `${command} register-worker --name WORKER --pid ${pid} --tmux-session ${quoteForShell(session)}`,
    start_manager_command_template: `${command} start-manager --name MANAGER --task TASK --worker WORKER --cwd ${folder}${handedOn}`,
    bind_command_template: `${command} bind --task TASK --worker WORKER --manager MANAGER`,
    manager_config_questions_command_template: `${command} manager-config TASK --questions`,
  };
}

function keepPrompt({ stateRoot }: OperationContext, session: string, prompt: string): string {
  return replaceOwnFile(ownFolder(stateRoot, 'artifacts', 'start-prompts'), `${session}.md`, `${prompt}\n`);
}
