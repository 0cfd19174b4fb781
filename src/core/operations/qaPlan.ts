import { resolve } from 'node:path';
import * as z from 'zod/mini';
import { refuse } from '../domain/errors.ts';
import { printedJson } from '../domain/json.ts';
import { quoteForShell } from '../domain/shellQuote.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import { type PlanReceipt, readPlanReceipt, stepResults, writePlanReceipt } from '../loops/qaPlanReceipt.ts';
import { qaPlanNames, qaPlans } from '../loops/qaPlans.ts';
import type { QaPlanText } from '../loops/qaPlanText.ts';
import { choiceWithDefault, flag, type InputOf, optionalChoice, optionalInteger, optionalText } from './argument.ts';
import { defineOperation } from './operation.ts';
import { expandHome, type OperationContext } from './operationContext.ts';

const inputs = {
  scenario: choiceWithDefault('which checklist', qaPlanNames, 'self-management', {
    positional: true,
    placeholder: 'SCENARIO',
  }),
  task: optionalText('what the plan calls its task; qa-task when left out', { placeholder: 'NAME' }),
  worker: optionalText('what it calls the worker; qa-worker when left out', { placeholder: 'NAME' }),
  manager: optionalText('what it calls the manager; qa-manager when left out', { placeholder: 'NAME' }),
  receipt: optionalText('a file that keeps how far you got; made when there is none', { placeholder: 'FILE' }),
  step: optionalInteger('the step that you did; goes into the receipt', { placeholder: 'N' }),
  result: optionalChoice('how it came out', stepResults, { placeholder: 'RESULT' }),
  note: optionalText('what you saw', { placeholder: 'TEXT' }),
  json: flag('print JSON'),
};

type Input = InputOf<typeof inputs>;

interface Progress {
  readonly receipt_path: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly open: number;
  readonly results: PlanReceipt['results'];
}

type Output = QaPlanText & { readonly scenario: string; readonly progress?: Progress };

/** Prints a checklist for a person, in the names that they use, and keeps how far they got. Touches no ledger. */
export const qaPlan = defineOperation({
  name: 'qa-plan',
  summary: 'Print a checklist for trying things by hand, and keep how far you got.',
  effect: 'reads',
  inputs,
  output: (): z.ZodMiniType<Output> =>
    z.custom<Output>(
      (value) =>
        z
          .looseObject({
            scenario: z.string(),
            steps: z.array(z.string()),
            expected_observations: z.array(z.string()),
          })
          .safeParse(value).success,
    ),
  run: (context, input): Output => {
    refuseParts(input);
    const { program } = context;
    if (input.receipt === null) return { scenario: input.scenario, ...planFor(program, input, null) };
    const path = resolve(context.cwd, expandHome(input.receipt, context.variables));
    const known = readPlanReceipt(path);
    if (known !== null && known.plan !== input.scenario) {
      throw refuse('invalid_value', `${path} is the receipt of qa-plan ${known.plan}, not of ${input.scenario}`);
    }
    const plan = planFor(program, input, known);
    const receipt = noteStep(context, input, plan, known);
    writePlanReceipt(path, receipt);
    return { scenario: input.scenario, ...plan, progress: progressOf(path, plan, receipt) };
  },
  text: layOut,
});

function refuseParts({ receipt, step, result, note }: Input): void {
  if ((step === null) !== (result === null)) {
    throw refuse('missing_input', '--step and --result go together: the step that you did, and how it came out');
  }
  if (note !== null && step === null) throw refuse('missing_input', '--note is about a --step');
  if (step !== null && receipt === null) throw refuse('missing_input', '--step needs a --receipt to stand in');
  if (receipt?.trim() === '') throw refuse('missing_input', '--receipt must name a file');
}

/** Names that are given come first, then those that the receipt was begun with. */
function namesOf(input: Input, known: PlanReceipt | null): PlanReceipt['names'] {
  const names = {
    task: input.task ?? known?.names.task ?? 'qa-task',
    worker: input.worker ?? known?.names.worker ?? 'qa-worker',
    manager: input.manager ?? known?.names.manager ?? 'qa-manager',
  };
  const blank = Object.entries(names).find(([, name]) => !name.trim());
  if (blank !== undefined) throw refuse('invalid_name', `--${blank[0]} must be a name`);
  return names;
}

function planFor(program: string, input: Input, known: PlanReceipt | null): QaPlanText {
  const { task, worker, manager } = namesOf(input, known);
  return qaPlans[input.scenario]({
    program,
    task: quoteForShell(task),
    worker: quoteForShell(worker),
    manager: quoteForShell(manager),
  });
}

function noteStep({ clock }: OperationContext, input: Input, plan: QaPlanText, known: PlanReceipt | null): PlanReceipt {
  const now = formatTimestamp(clock.now());
  const { step, result, note } = input;
  const common = { plan: input.scenario, names: namesOf(input, known), started_at: known?.started_at ?? now };
  const results = known?.results ?? [];
  if (step === null || result === null) return { ...common, updated_at: known?.updated_at ?? now, results };
  if (step < 1 || step > plan.steps.length) {
    throw refuse('invalid_value', `--step must be between 1 and ${plan.steps.length}, not ${step}`);
  }
  const others = results.filter((one) => one.step !== step);
  const all = [...others, { step, result, note, at: now }].toSorted((a, b) => a.step - b.step);
  return { ...common, updated_at: now, results: all };
}

function progressOf(path: string, plan: QaPlanText, { results }: PlanReceipt): Progress {
  const count = (wanted: string) => results.filter(({ result }) => result === wanted).length;
  return {
    receipt_path: path,
    passed: count('passed'),
    failed: count('failed'),
    skipped: count('skipped'),
    open: plan.steps.length - results.length,
    results,
  };
}

function layOut(plan: Output): string {
  const { progress } = plan;
  const list = (title: string, items: readonly string[] | undefined) =>
    items === undefined ? [] : ['', `${title}:`, ...items.map((item) => `- ${item}`)];
  const steps = plan.steps.map((step, index) => `${index + 1}. ${markOf(progress, index + 1)}${step}`);
  const template = plan.evidence_template;
  return [
    `QA plan: ${plan.scenario}`,
    ...(plan.starter_prompt === undefined ? [] : ['', 'Starter prompt:', plan.starter_prompt]),
    ...list('Authority boundaries', plan.authority_boundaries),
    '',
    'Steps:',
    ...steps,
    ...list('Expected observations', plan.expected_observations),
    ...list('Acceptance criteria', plan.acceptance_criteria),
    ...list(
      'Trigger tasks',
      plan.trigger_tasks?.map(({ name, trigger, acceptance }) => `${name}: ${trigger} -> ${acceptance}`),
    ),
    ...list(
      'Correlation markers',
      plan.correlation_markers?.map(({ correlation_id: id, purpose }) => `${id}: ${purpose}`),
    ),
    ...(template === undefined ? [] : ['', 'Evidence template:', printedJson(template)]),
    ...(progress === undefined ? [] : ['', summary(progress)]),
    '',
  ].join('\n');
}

function markOf(progress: Progress | undefined, step: number): string {
  const found = progress?.results.find((one) => one.step === step);
  if (progress === undefined) return '';
  return found === undefined ? '[open] ' : `[${found.result}] `;
}

function summary({ receipt_path: path, passed, failed, skipped, open }: Progress): string {
  return `Progress: ${passed} passed, ${failed} failed, ${skipped} skipped, ${open} open (${path})`;
}
