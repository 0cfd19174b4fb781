import * as z from 'zod/mini';
import { refuse } from '../domain/errors.ts';
import { printedJson } from '../domain/json.ts';
import { type EpilogueRun, listEpilogueRuns } from '../ledger/epilogueStore.ts';
import { epilogueSteps, findManagerConfig } from '../ledger/managerConfigStore.ts';
import { requireTask, type Task } from '../ledger/taskStore.ts';
import { runEpilogueStep } from '../supervise/epilogue.ts';
import { auditEpilogue, type EpilogueAudit } from '../supervise/finishGates.ts';
import { flag, optionalChoice, optionalText, positional } from './argument.ts';
import { givenText } from './givenText.ts';
import { defineOperation } from './operation.ts';
import type { OperationContext } from './operationContext.ts';
import { jsonRecord } from './outputs.ts';

const runOutput = (): z.ZodMiniType<EpilogueRun> =>
  z.object({
    id: z.number(),
    task_id: z.string(),
    step_name: z.string(),
    state: z.enum(['pending', 'running', 'succeeded', 'failed', 'skipped']),
    started_at: z.string(),
    finished_at: z.nullable(z.string()),
    result: z.nullable(jsonRecord()),
    error: z.nullable(z.string()),
    correlation_id: z.nullable(z.string()),
  });

const output = () =>
  z.object({
    configured_steps: z.readonly(z.array(z.string())),
    runs: z.readonly(z.array(runOutput())),
    status: z.object({
      missing_or_incomplete: z.readonly(z.array(z.string())),
      ok: z.boolean(),
      required_steps: z.readonly(z.array(z.string())),
      steps: z.readonly(
        z.array(
          z.object({
            latest_run: z.nullable(runOutput()),
            ok: z.boolean(),
            state: z.enum(['pending', 'running', 'succeeded', 'failed', 'skipped']),
            step_name: z.string(),
          }),
        ),
      ),
    }),
    task: z.object({ id: z.string(), name: z.string() }),
  });

type Output = z.infer<ReturnType<typeof output>>;

/** Runs the steps that end a task, and says which are still missing. */
export const epilogue = defineOperation({
  name: 'epilogue',
  summary: 'Run the steps that end a task, or look at them.',
  effect: 'acts',
  inputs: {
    task: positional('task id or name', 'TASK'),
    step: optionalChoice('run this step', epilogueSteps, { placeholder: 'STEP' }),
    list: flag('list what was run'),
    status: flag('show which steps are still missing'),
    json: flag('print JSON'),
    correlationId: optionalText('what the run belongs to', { placeholder: 'ID' }),
  },
  output,
  run: async (context, { task: reference, step, list, status, correlationId }): Promise<Output> => {
    if (step === null && !list && !status) {
      throw refuse('missing_input', 'epilogue requires --list, --status, or --step');
    }
    const task = requireTask(context.ledger, reference);
    if (step !== null) await runEpilogueStep(context, task, { step, correlationId: givenText(correlationId) });
    return view(context, task);
  },
  // A look at the steps is always data; only the run of a step has a line for people.
  text: (found, { step, list, status }) =>
    step === null || list || status
      ? `${printedJson(found)}\n`
      : `${describe(found.runs.findLast((run) => run.step_name === step))}\n`,
  // A script that goes on with finish-task must be able to tell (AT-6).
  exitStatus: ({ runs }, { step }) => (step !== null && runs.at(-1)?.state === 'failed' ? 1 : 0),
});

function view({ ledger }: OperationContext, task: Task): Output {
  return ledger.read(() => {
    const { require_epilogue: _required, ...status }: EpilogueAudit = auditEpilogue(ledger, task, false);
    return {
      configured_steps: findManagerConfig(ledger, task.id)?.epilogues ?? [],
      runs: listEpilogueRuns(ledger, task.id),
      status,
      task: { id: task.id, name: task.name },
    };
  });
}

function describe(run: EpilogueRun | undefined): string {
  if (run === undefined) return 'nothing was run';
  return `epilogue ${run.step_name}: ${run.state}${run.error === null ? '' : ` (${run.error})`}`;
}
