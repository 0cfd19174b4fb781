import * as z from 'zod/mini';
import { refuse } from '../domain/errors.ts';
import { recordEvent } from '../ledger/auditStore.ts';
import { endBindings, findNewestBinding } from '../ledger/bindingStore.ts';
import { requireTask } from '../ledger/taskStore.ts';
import { requiredText } from './argument.ts';
import { defineOperation } from './operation.ts';

/** Ends the binding of a task. Repeating it is harmless (CP-46); a task that never had one is refused. */
export const unbind = defineOperation({
  name: 'unbind',
  summary: 'End the binding of a task.',
  effect: 'writes',
  layout: 'compact',
  inputs: { task: requiredText('task id or name', { placeholder: 'TASK' }) },
  output: () => z.object({ task: z.string(), state: z.literal('ended') }),
  run: ({ ledger, clock }, input) =>
    ledger.write(() => {
      const task = requireTask(ledger, input.task);
      const ended = endBindings(ledger, task.id, clock.now());
      if (ended === 0 && findNewestBinding(ledger, task.id) === null) {
        throw refuse('no_binding', `no active binding for task '${input.task}'; it was never bound`);
      }
      if (ended > 0)
        recordEvent(ledger, { type: 'binding_ended', taskId: task.id, payload: { task: input.task } }, clock.now());
      return { task: input.task, state: 'ended' as const };
    }),
});
