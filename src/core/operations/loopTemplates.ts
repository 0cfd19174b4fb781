import * as z from 'zod/mini';
import { refuse } from '../domain/errors.ts';
import type { JsonObject } from '../domain/json.ts';
import { insertPolicyRun, listNamesakes, type Run } from '../ledger/runStore.ts';
import { requireTask } from '../ledger/taskStore.ts';
import { loopRunMetadata } from '../loops/loopRunMetadata.ts';
import { type LoopTemplate, loopTemplates, requireLoopTemplate } from '../loops/templates.ts';
import { flag, flagName, optionalInteger, optionalText } from './argument.ts';
import { defineOperation } from './operation.ts';
import type { OperationContext } from './operationContext.ts';
import { jsonRecord } from './outputs.ts';
import { runOutput } from './runs.ts';

const choosing = {
  list: flag('list what there is'),
  show: optionalText('show one', { placeholder: 'NAME' }),
  createRun: optionalText('arm a loop of this task', { placeholder: 'TASK' }),
};
const creating = {
  name: optionalText('name of the new run', { placeholder: 'NAME' }),
  maxIterations: optionalInteger('how many iterations there may be', { placeholder: 'N' }),
  currentIteration: optionalInteger('the iteration to begin with; 0 when left out', { placeholder: 'N' }),
  seedPromptSha256: optionalText('hash of the first prompt', { placeholder: 'HASH' }),
  path: optionalText('another ledger file', { placeholder: 'FILE' }),
};
const json = { json: flag('print JSON, as it does anyway') };
const exclusive = [{ names: ['list', 'show', 'createRun'], required: true }] as const;

const summary = (): z.ZodMiniType<LoopTemplate> => {
  const words = () => z.readonly(z.array(z.string()));
  return z.object({
    name: z.string(),
    description: z.string(),
    max_iterations: z.number(),
    cleanup_policy: z.enum(['clear', 'compact']),
    required_before_continue: words(),
    stop_conditions: words(),
    artifact_requirements: jsonRecord(),
    recommended_tools: words(),
    tags: words(),
  });
};

interface TemplateRequest {
  readonly list: boolean;
  readonly show: string | null;
  readonly createRun: string | null;
  readonly name: string | null;
  readonly maxIterations: number | null;
  readonly currentIteration: number | null;
  readonly seedPromptSha256: string | null;
  readonly path: string | null;
}

/** How one of the two verbs calls a template. */
interface Wording {
  readonly flag: '--template' | '--preset';
  readonly noun: string;
}

/** Loop policies that come with Conveyor, and loops armed from them. */
export const loopTemplatesVerb = defineOperation({
  name: 'loop-templates',
  summary: 'List or show loop templates, or arm a loop from one.',
  effect: 'writes',
  inputs: {
    ...choosing,
    template: optionalText('the template of the new run', { placeholder: 'NAME' }),
    ...creating,
    ...json,
  },
  exclusive,
  output: () => z.union([z.object({ templates: z.readonly(z.array(summary())) }), summary(), runOutput()]),
  run: (context, input) => {
    const wording = { flag: '--template', noun: 'loop template' } as const;
    return input.list
      ? { templates: listed(input, input.template, wording) }
      : oneOf(context, input, input.template, wording);
  },
});

/** The older name of the same. */
export const ralphLoopPresets = defineOperation({
  name: 'ralph-loop-presets',
  summary: 'The older name of loop-templates.',
  effect: 'writes',
  inputs: {
    ...choosing,
    preset: optionalText('the preset of the new run', { placeholder: 'NAME' }),
    ...creating,
    ...json,
  },
  exclusive,
  output: () => z.union([z.object({ presets: z.readonly(z.array(summary())) }), summary(), runOutput()]),
  run: (context, input) => {
    const wording = { flag: '--preset', noun: 'Ralph loop preset' } as const;
    return input.list
      ? { presets: listed(input, input.preset, wording) }
      : oneOf(context, input, input.preset, wording);
  },
});

function listed(input: TemplateRequest, chosen: string | null, wording: Wording): readonly LoopTemplate[] {
  refuseCreating(input, chosen, wording);
  return loopTemplates;
}

function oneOf(
  context: OperationContext,
  input: TemplateRequest,
  chosen: string | null,
  wording: Wording,
): LoopTemplate | Run {
  if (input.createRun !== null) return create(context, input.createRun, input, chosen, wording);
  refuseCreating(input, chosen, wording);
  return requireLoopTemplate(input.show ?? '', wording.noun);
}

function refuseCreating(input: TemplateRequest, chosen: string | null, wording: Wording): void {
  const given = [
    ...(chosen === null ? [] : [wording.flag]),
    ...(['name', 'maxIterations', 'currentIteration', 'seedPromptSha256', 'path'] as const).flatMap((name) =>
      input[name] === null ? [] : [flagName(name)],
    ),
  ];
  if (given.length > 0) throw refuse('invalid_value', `${given.join(', ')} is only valid with --create-run`);
}

function create(
  context: OperationContext,
  reference: string,
  input: TemplateRequest,
  chosen: string | null,
  wording: Wording,
): Run {
  const { ledger, clock } = context;
  if (chosen === null) throw refuse('missing_input', `--create-run requires ${wording.flag}`);
  const template = requireLoopTemplate(chosen, wording.noun);
  const metadata: JsonObject = loopRunMetadata({
    template,
    limits: {
      maxIterations: input.maxIterations ?? template.max_iterations,
      currentIteration: input.currentIteration ?? 0,
    },
    required: [],
    cleanupPolicy: template.cleanup_policy,
    seedPromptSha256: input.seedPromptSha256,
  });
  const { run, others } = ledger.write(() => {
    const task = requireTask(ledger, reference);
    const made = insertPolicyRun(ledger, task, { name: input.name, metadata }, clock.now());
    return { run: made, others: listNamesakes(ledger, task.id, made.name).length - 1 };
  });
  if (others > 0) {
    context.warn(`${others} older run(s) of this task are called '${run.name}' too; that name now means ${run.id}`);
  }
  return run;
}
