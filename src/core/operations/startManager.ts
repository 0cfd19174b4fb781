import { quoteForShell } from '../domain/shellQuote.ts';
import { findManagerConfig } from '../ledger/managerConfigStore.ts';
import { findTask } from '../ledger/taskStore.ts';
import { managerPrompt } from '../supervise/bootstrapPrompt.ts';
import { optionalText, requiredText } from './argument.ts';
import { contractSummary } from './contractSummary.ts';
import { defineOperation } from './operation.ts';
import { codexArguments, launchInputs, startCodex, startedOutput, startFolder } from './startCodex.ts';

/** Starts Codex in a tmux session of its own, registers it as a manager, and briefs it. */
export const startManager = defineOperation({
  name: 'start-manager',
  summary: 'Start Codex in tmux, register it as a manager, and brief it.',
  effect: 'acts',
  inputs: {
    name: requiredText('name of the session; tmux calls it codex-NAME', { placeholder: 'NAME' }),
    task: optionalText('task id or name for its briefing', { placeholder: 'TASK' }),
    taskGoal: optionalText('goal for its briefing; the stored one when left out', { placeholder: 'TEXT' }),
    worker: optionalText('worker session for its briefing', { placeholder: 'NAME' }),
    ...launchInputs(60),
    ...codexArguments,
  },
  output: startedOutput,
  run: (context, { task: reference, taskGoal, worker, ...order }) => {
    const task = reference === null ? null : findTask(context.ledger, reference);
    const config = task === null ? null : findManagerConfig(context.ledger, task.id);
    return startCodex(context, { ...order, role: 'manager' }, (shim) =>
      managerPrompt({
        command: quoteForShell(shim.command),
        cwd: startFolder(context, order.cwd),
        ledger: context.ledgerFile,
        manager: order.name,
        task: reference,
        goal: taskGoal ?? task?.goal ?? null,
        worker,
        contract: config === null ? null : contractSummary(config),
      }),
    );
  },
});
