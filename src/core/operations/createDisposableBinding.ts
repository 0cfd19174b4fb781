import { dirname, join, resolve } from 'node:path';
import * as z from 'zod/mini';
import type { JsonObject } from '../domain/json.ts';
import { shellCommand } from '../domain/shellQuote.ts';
import { taskStates } from '../ledger/taskStore.ts';
import { loopRunMetadata, requiredEvidence } from '../loops/loopRunMetadata.ts';
import { requireLoopTemplate } from '../loops/templates.ts';
import { createDisposableBinding as create, type DisposableBinding } from '../supervise/disposableBinding.ts';
import {
  flag,
  type InputOf,
  integerWithDefault,
  optionalInteger,
  optionalText,
  positional,
  textList,
  textWithDefault,
} from './argument.ts';
import { confirmBinding } from './confirmations.ts';
import { defineOperation } from './operation.ts';
import { expandHome, type OperationContext } from './operationContext.ts';
import { runOutput } from './runs.ts';

const inputs = {
  task: positional('task id or name; created when there is none', 'TASK'),
  goal: textWithDefault('goal of a task that is created', 'Drive a disposable loop task', { placeholder: 'GOAL' }),
  summary: optionalText('summary of a task that is created', { placeholder: 'TEXT' }),
  worker: optionalText('name of the worker session', { placeholder: 'NAME' }),
  manager: optionalText('name of the manager session', { placeholder: 'NAME' }),
  sessionDir: optionalText('folder for the rollout files', { placeholder: 'FOLDER' }),
  cwd: optionalText('folder that the sessions say they work in', { placeholder: 'FOLDER' }),
  template: optionalText('loop template for a policy run', { placeholder: 'NAME' }),
  runName: optionalText('name of the policy run', { placeholder: 'NAME' }),
  maxIterations: optionalInteger('how many iterations there may be', { placeholder: 'N' }),
  currentIteration: integerWithDefault('the iteration to begin with', 1, { placeholder: 'N' }),
  seedPromptSha256: optionalText('hash of the first prompt', { placeholder: 'HASH' }),
  requiredBeforeContinue: textList('evidence that each further iteration needs', { placeholder: 'TYPE' }),
  adversarial: flag('the same as --required-before-continue adversarial_check'),
  cleanupPolicy: textWithDefault('what happens to the context between iterations', 'clear', { placeholder: 'POLICY' }),
  json: flag('print JSON'),
  path: optionalText('another ledger file', { placeholder: 'FILE' }),
};

type Input = InputOf<typeof inputs>;

const sessionOutput = () =>
  z.object({
    id: z.string(),
    name: z.string(),
    rollout_path: z.nullable(z.string()),
    tmux_session: z.nullable(z.string()),
  });

const output = () =>
  z.object({
    binding: z.object({ id: z.string() }),
    db_path: z.string(),
    manager: sessionOutput(),
    replay_commands: z.readonly(z.array(z.string())),
    run: z.nullable(runOutput()),
    task: z.object({ created: z.boolean(), id: z.string(), name: z.string(), state: z.enum(taskStates) }),
    worker: sessionOutput(),
  });

type Output = z.infer<ReturnType<typeof output>>;

/** A worker and a manager without terminals or processes, bound to a task: a loop to try things on. */
export const createDisposableBinding = defineOperation({
  name: 'create-disposable-binding',
  summary: 'Bind a task to a worker and a manager that exist on paper only.',
  effect: 'writes',
  inputs,
  output,
  run: (context, input): Output => {
    const metadata = policyOf(input);
    const made = create(
      context.ledger,
      {
        task: input.task,
        goal: input.goal,
        summary: input.summary,
        worker: input.worker,
        manager: input.manager,
        sessionFolder: folder(context, input.sessionDir, join(dirname(context.ledgerFile), 'disposable-sessions')),
        cwd: folder(context, input.cwd, context.cwd),
        run: metadata === null ? null : { name: input.runName, metadata },
      },
      () => context.clock.now(),
    );
    confirmBinding(context, made.binding);
    return describe(context, made, input);
  },
  text: ({ task, worker, manager, run, replay_commands: commands }) =>
    [
      `Task ${task.name} is bound to a disposable worker and manager.`,
      `Worker ${worker.name}: ${worker.rollout_path}`,
      `Manager ${manager.name}: ${manager.rollout_path}`,
      ...(run === null ? [] : [`Run ${run.name}`]),
      'To drive it:',
      ...commands.map((command) => `  ${command}`),
      '',
    ].join('\n'),
});

/** The metadata of the policy run; null when neither a template nor any evidence is asked for. */
function policyOf(input: Input): JsonObject | null {
  const required = requiredEvidence([
    ...input.requiredBeforeContinue,
    ...(input.adversarial ? ['adversarial_check'] : []),
  ]);
  if (input.template === null && required.length === 0) return null;
  const template = input.template === null ? null : requireLoopTemplate(input.template);
  const metadata = loopRunMetadata({
    template,
    limits: {
      maxIterations: input.maxIterations ?? template?.max_iterations ?? 2,
      currentIteration: input.currentIteration,
    },
    required,
    cleanupPolicy: input.cleanupPolicy,
    seedPromptSha256: input.seedPromptSha256,
  });
  return template === null ? { ...metadata, source: 'create-disposable-binding' } : metadata;
}

function folder({ cwd, variables }: OperationContext, given: string | null, fallback: string): string {
  return given === null ? fallback : resolve(cwd, expandHome(given, variables));
}

function describe({ ledgerFile }: OperationContext, made: DisposableBinding, input: Input): Output {
  const { task, worker, manager, binding, run, created } = made;
  const session = ({ id, name, codex_session_path, tmux_session }: typeof worker) => ({
    id,
    name,
    rollout_path: codex_session_path,
    tmux_session,
  });
  return {
    binding: { id: binding.id },
    db_path: ledgerFile,
    manager: session(manager),
    replay_commands: replayCommands(made, input.path === null ? [] : ['--path', ledgerFile], input.currentIteration),
    run,
    task: { created, id: task.id, name: task.name, state: task.state },
    worker: session(worker),
  };
}

/** What to type to go through it once more; each line works as it stands (CP-48). */
function replayCommands(
  { task, worker, manager, run }: DisposableBinding,
  where: readonly string[],
  current: number,
): readonly string[] {
  const conveyor = (...words: string[]) => shellCommand(['conveyor', ...words, ...where]);
  const setUp = conveyor('create-disposable-binding', task.name, '--worker', worker.name, '--manager', manager.name);
  const again = `${conveyor('unbind', '--task', task.name)} && ${setUp}`;
  if (run === null) {
    const inbox = (name: string) => conveyor('session-inbox', name, '--json');
    return [again, inbox(worker.name), inbox(manager.name)];
  }
  const next = String(current + 1);
  return [
    again,
    conveyor('enqueue-continue-iteration', task.name, '--loop-run', run.id, '--requested-iteration', next),
    conveyor('dispatch', '--once', '--type', 'continue_iteration'),
    conveyor('worker-inbox', task.name, '--consume-next', '--wait'),
    conveyor('loop-status', task.name, '--run', run.id),
  ];
}
