import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as z from 'zod/mini';
import { refuse } from '../domain/errors.ts';
import { shellCommand } from '../domain/shellQuote.ts';
import { requireTask } from '../ledger/taskStore.ts';
import { planCriteria, type PlannedCriterion } from '../supervise/criteriaPlan.ts';
import { flag, type InputOf, optionalText, positional } from './argument.ts';
import { defineOperation } from './operation.ts';
import { expandHome, type OperationContext } from './operationContext.ts';

const inputs = {
  task: positional('task id or name', 'TASK'),
  fromWorkerResponse: optionalText("file with the worker's answer", { placeholder: 'FILE' }),
  fromText: optionalText("the worker's answer", { placeholder: 'TEXT' }),
  fromStdin: flag("read the worker's answer from standard input"),
  json: flag('print JSON'),
  path: optionalText('another ledger file, named in the suggested commands', { placeholder: 'FILE' }),
};

const suggestion = () =>
  z.object({
    criterion: z.string(),
    source: z.literal('worker_proposed'),
    status: z.enum(['accepted', 'deferred']),
    rationale: z.nullable(z.string()),
    command: z.readonly(z.array(z.string())),
  });

const output = () =>
  z.object({
    suggestions: z.readonly(z.array(suggestion())),
    task: z.string(),
    warnings: z.readonly(z.array(z.string())),
  });

type Suggestion = z.infer<ReturnType<typeof suggestion>>;
type Plan = z.infer<ReturnType<typeof output>>;

/** Part of the interface: scripts compare the suggested commands word by word. */
const followUp = 'Follow-up after this QA slice.';

/** Turns a worker's answer into commands that record its criteria. Changes nothing. */
export const criteriaPlan = defineOperation({
  name: 'criteria-plan',
  summary: "Suggest criteria commands from a worker's answer.",
  effect: 'reads',
  inputs,
  exclusive: [{ names: ['fromWorkerResponse', 'fromText', 'fromStdin'], required: true }],
  output,
  run: async (context, input): Promise<Plan> => {
    const task = requireTask(context.ledger, input.task);
    const { planned, warnings } = planCriteria(await answerOf(context, input));
    const where = input.path === null ? [] : ['--path', context.ledgerFile];
    return {
      suggestions: planned.map((one) => suggest(task.name, one, where)),
      task: task.name,
      warnings,
    };
  },
  text: planText,
});

async function answerOf(context: OperationContext, input: InputOf<typeof inputs>): Promise<string> {
  if (input.fromText !== null) return input.fromText;
  if (input.fromWorkerResponse === null) return context.readStdin();
  const file = resolve(context.cwd, expandHome(input.fromWorkerResponse, context.variables));
  try {
    return readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    throw refuse('file_unreadable', `cannot read the worker's answer ${file}; check the path`, { cause: error });
  }
}

function suggest(taskName: string, { criterion, status }: PlannedCriterion, where: readonly string[]): Suggestion {
  const rationale = status === 'deferred' ? followUp : null;
  return {
    criterion,
    source: 'worker_proposed',
    status,
    rationale,
    command: [
      'conveyor',
      'criteria',
      taskName,
      '--add',
      '--criterion',
      criterion,
      '--source',
      'worker_proposed',
      '--status',
      status,
      ...(rationale === null ? [] : ['--rationale', rationale]),
      ...where,
    ],
  };
}

function planText({ suggestions, task, warnings }: Plan): string {
  const section = (title: string, status: Suggestion['status']) => {
    const commands = suggestions.filter((one) => one.status === status).map(({ command }) => shellCommand(command));
    return [title, ...(commands.length === 0 ? ['None.'] : commands.map((line, index) => `${index + 1}. ${line}`)), ''];
  };
  return [
    `Criteria proposed for task ${task}`,
    '',
    ...section('Must have now:', 'accepted'),
    ...section('Follow-up:', 'deferred'),
    ...warnings.map((warning) => `Warning: ${warning}`),
    'Look at each command before you run it; nothing has been recorded.',
    '',
  ].join('\n');
}
