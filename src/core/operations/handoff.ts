import * as z from 'zod/mini';
import { jsonRecord } from './outputs.ts';
import { optionalText, positional, requiredText, textList } from './argument.ts';
import { parseObject } from './jsonInput.ts';
import { defineOperation } from './operation.ts';
import { requireTask } from '../ledger/taskStore.ts';
import { recordHandoff } from '../supervise/handoff.ts';

/** Leaves a compact note for whoever goes on with the worker's part. */
export const handoff = defineOperation({
  name: 'handoff',
  summary: 'Record what the worker leaves for whoever goes on.',
  effect: 'writes',
  inputs: {
    task: positional('task id or name', 'TASK'),
    summary: requiredText('what was done and where it stands', { placeholder: 'TEXT' }),
    nextStep: textList('what comes next', { placeholder: 'TEXT' }),
    payloadJson: optionalText('further facts as a JSON object', { placeholder: 'OBJECT' }),
  },
  output: () =>
    z.object({
      created_at: z.string(),
      id: z.number(),
      next_steps: z.readonly(z.array(z.string())),
      payload: jsonRecord(),
      summary: z.string(),
      task_id: z.string(),
      worker_session_id: z.nullable(z.string()),
    }),
  run: ({ ledger, clock }, { task: reference, summary, nextStep, payloadJson }) => {
    const payload = payloadJson === null ? {} : parseObject('--payload-json', payloadJson);
    return ledger.write(() => {
      const task = requireTask(ledger, reference);
      return recordHandoff(ledger, task, { summary, nextSteps: nextStep, payload }, clock.now());
    });
  },
});
