import { requiredText, optionalText } from './argument.ts';
import { defineOperation } from './operation.ts';
import { codexArguments, launchInputs, startCodex, startedOutput } from './startCodex.ts';

/** Starts Codex in a tmux session of its own and registers it as a worker. */
export const startWorker = defineOperation({
  name: 'start-worker',
  summary: 'Start Codex in tmux and register it as a worker.',
  effect: 'acts',
  inputs: {
    name: requiredText('name of the session; tmux calls it codex-NAME', { placeholder: 'NAME' }),
    task: optionalText('the first prompt, word for word', { placeholder: 'TEXT' }),
    ...launchInputs(15),
    ...codexArguments,
  },
  output: startedOutput,
  run: (context, { task, ...order }) =>
    startCodex(context, { ...order, role: 'worker' }, task === null || task === '' ? null : () => task),
});
