import * as z from 'zod/mini';
import { type Decision, decisionKinds } from '../ledger/decisionStore.ts';
import { requireTask } from '../ledger/taskStore.ts';
import { recordDecision as record } from '../supervise/decisions.ts';
import { optionalInteger, optionalText, positional, positionalChoice, requiredText } from './argument.ts';
import { parseObject } from './jsonInput.ts';
import { defineOperation } from './operation.ts';
import { jsonRecord } from './outputs.ts';

type Recorded = Decision & { readonly task: { readonly id: string; readonly name: string } };

/** Puts on record what the manager made up its mind to do. */
export const recordDecision = defineOperation({
  name: 'record-decision',
  summary: 'Record what the manager decided, and why.',
  effect: 'writes',
  inputs: {
    task: positional('task id or name', 'TASK'),
    decision: positionalChoice('what was decided', 'DECISION', decisionKinds),
    reason: requiredText('why', { placeholder: 'TEXT' }),
    cycleId: optionalInteger('the cycle that led to it', { placeholder: 'ID' }),
    payloadJson: optionalText('further facts as a JSON object', { placeholder: 'OBJECT' }),
  },
  output: (): z.ZodMiniType<Recorded> =>
    z.object({
      created_at: z.string(),
      decision: z.enum(decisionKinds),
      id: z.number(),
      manager_cycle_id: z.nullable(z.number()),
      manager_id: z.nullable(z.string()),
      payload: jsonRecord(),
      reason: z.string(),
      task: z.object({ id: z.string(), name: z.string() }),
      task_id: z.string(),
    }),
  run: ({ ledger, clock }, { task: reference, decision, reason, cycleId, payloadJson }): Recorded => {
    const payload = payloadJson === null ? {} : parseObject('--payload-json', payloadJson);
    return ledger.write(() => {
      const task = requireTask(ledger, reference);
      const recorded = record(ledger, task, { decision, reason, cycleId, payload }, clock.now());
      return { ...recorded, task: { id: task.id, name: task.name } };
    });
  },
});
