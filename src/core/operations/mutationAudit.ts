import * as z from 'zod/mini';
import { requireTask } from '../ledger/taskStore.ts';
import { auditMutations, type MutationAudit, type MutationRecord } from '../record/mutationAudit.ts';
import { flag, positional } from './argument.ts';
import { contentFlags } from './contentClasses.ts';
import { taskOutput } from './audit.ts';
import { defineOperation } from './operation.ts';
import { jsonRecord } from './outputs.ts';

const mutationRecord = () =>
  z.looseObject({
    command: z.object({ id: z.string(), type: z.string(), state: z.string(), created_at: z.string() }),
    allowed_decisions: z.array(z.string()),
    effect: jsonRecord(),
    expected_failure: z.boolean(),
    linked_decision: z.nullable(jsonRecord()),
    nearest_prior_decision: z.nullable(jsonRecord()),
    ok: z.boolean(),
    warnings: z.array(z.string()),
  });

const shape = () =>
  z.looseObject({
    ok: z.boolean(),
    task: taskOutput(),
    records: z.array(mutationRecord()),
    summary: z.object({ mutations: z.number(), with_warnings: z.number(), steering: z.number() }),
  });

/** Whether the changes of a task were decided by somebody. Exit status 1 when one was not. */
export const mutationAudit = defineOperation({
  name: 'mutation-audit',
  summary: 'Check that each change of a task has a decision behind it.',
  effect: 'reads',
  inputs: {
    task: positional('name or id of the task', 'TASK'),
    ...contentFlags,
    json: flag('print JSON'),
  },
  output: () => z.custom<MutationAudit>((value) => shape().safeParse(value).success),
  run: ({ ledger }, { task, includeContent }) => auditMutations(ledger, requireTask(ledger, task), includeContent),
  text: ({ task, summary, records }) =>
    [
      `${task.name}\tmutations=${summary.mutations}\twarnings=${summary.with_warnings}\tsteering=${summary.steering}`,
      ...records.map(recordLine),
      '',
    ].join('\n'),
  exitStatus: ({ ok }) => (ok ? 0 : 1),
});

function recordLine({ command, linked_decision, ok, warnings }: MutationRecord): string {
  const decision = linked_decision?.id ?? '-';
  return [command.created_at, command.type, `decision=${String(decision)}`, ok ? 'ok' : warnings.join(',')].join('\t');
}
