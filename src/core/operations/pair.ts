import * as z from 'zod/mini';
import { refuse } from '../domain/errors.ts';
import { completionNudges, epilogueSteps, supervisionModes } from '../ledger/managerConfigStore.ts';
import {
  choiceList,
  flag,
  type InputOf,
  optionalChoice,
  optionalText,
  requiredText,
  textList,
  textWithDefault,
} from './argument.ts';
import { parseObject } from './jsonInput.ts';
import { defineOperation } from './operation.ts';
import { dispatchCommand, ensureDispatcher, type EnsuredDispatcher } from './ensureDispatcher.ts';
import { type PairOrder, type PairResult, runPair } from './runPair.ts';
import { launchInputs, startedOutput } from './startCodex.ts';

const inputs = {
  task: requiredText('task id or name; made when it is new', { placeholder: 'TASK' }),
  workerName: requiredText('name of the worker session', { placeholder: 'NAME' }),
  managerName: requiredText('name of the manager session', { placeholder: 'NAME' }),
  taskPrompt: optionalText('what the worker is to do', { placeholder: 'TEXT' }),
  taskGoal: optionalText('goal of a new task', { placeholder: 'TEXT' }),
  taskSummary: optionalText('summary of a new task', { placeholder: 'TEXT' }),
  managerMode: optionalChoice('how closely to supervise', supervisionModes, { placeholder: 'MODE' }),
  managerObjective: optionalText('what the manager is there for', { placeholder: 'TEXT' }),
  managerGuideline: textList('a rule for the manager', { placeholder: 'TEXT' }),
  managerAcceptance: textList('what must be true in the end; becomes a criterion', { placeholder: 'TEXT' }),
  managerReference: textList('what the manager is to read', { placeholder: 'PATH' }),
  managerPermit: textList('a permission for the manager', { placeholder: 'CATEGORY.ACTION' }),
  managerTool: textList('a tool that the manager may expect', { placeholder: 'NAME' }),
  managerEpilogue: choiceList('a step that ends the task', epilogueSteps, { placeholder: 'STEP' }),
  managerNudgeOnCompletion: optionalChoice('what happens when the worker is done', completionNudges, {
    placeholder: 'MODE',
  }),
  managerRequireAcks: flag('both sides must acknowledge before a cycle'),
  managerAllowPr: flag('the same as --manager-permit repo.open_pr'),
  managerAllowMergeGreen: flag('the same as --manager-permit repo.merge_green_pr'),
  managerAllowWorkerCompactClear: flag('the same as --manager-permit worker_session.compact and worker_session.clear'),
  managerPermissionsJson: optionalText('permissions as an object', { placeholder: 'OBJECT' }),
  ...launchInputs(60),
  noDispatch: flag('start no dispatcher'),
  dispatcherId: textWithDefault('id of the dispatcher; empty starts none', 'dispatch-pair', { placeholder: 'ID' }),
  dryRun: flag('say what would be done'),
  json: flag('accepted for compatibility: the output is always JSON'),
} as const;

type Input = InputOf<typeof inputs>;

const rehearsal = () =>
  z.object({
    dispatch_command: z.nullable(z.array(z.string())),
    ensure_dispatch: z.boolean(),
    manager: z.string(),
    task: z.string(),
    worker: z.string(),
  });
const pairing = () =>
  z.object({
    binding_id: z.string(),
    dispatch: z.object({
      command: z.nullable(z.array(z.string())),
      ensure: z.boolean(),
      pid: z.nullable(z.number()),
      started: z.boolean(),
    }),
    dispatch_command: z.nullable(z.array(z.string())),
    ensure_dispatch: z.boolean(),
    manager: startedOutput(),
    manager_acceptance_criteria_seeded: z.number(),
    manager_config_seeded: z.boolean(),
    manager_config_seeded_by_pair: z.boolean(),
    run_id: z.string(),
    task: z.object({ created: z.boolean(), id: z.string(), name: z.string() }),
    worker: startedOutput(),
  });
type Rehearsal = z.infer<ReturnType<typeof rehearsal>>;
type Pairing = z.infer<ReturnType<typeof pairing>>;

/** Task, contract, worker, manager, binding, run and dispatcher in one command. */
export const pair = defineOperation({
  name: 'pair',
  summary: 'Start a worker and a manager on one task.',
  effect: 'acts',
  inputs,
  output: (): z.ZodMiniType<Pairing | Rehearsal> => z.union([pairing(), rehearsal()]),
  run: async (context, input): Promise<Pairing | Rehearsal> => {
    const ensures = !input.noDispatch && input.dispatcherId !== '';
    const command = ensures ? dispatchCommand(context, input.dispatcherId) : null;
    if (input.dryRun) {
      return {
        dispatch_command: command,
        ensure_dispatch: ensures,
        manager: input.managerName,
        task: input.task,
        worker: input.workerName,
      };
    }
    if (input.workerName === input.managerName) throw refuse('invalid_name', 'worker and manager need different names');
    const result = await runPair(context, orderOf(input));
    const dispatch = ensures ? await ensureDispatcher(context, input.dispatcherId) : noDispatcher;
    return printed(result, dispatch, command, ensures);
  },
});

const noDispatcher: EnsuredDispatcher = { command: null, pid: null, started: false };

function printed(result: PairResult, dispatch: EnsuredDispatcher, command: string[] | null, ensures: boolean): Pairing {
  return {
    binding_id: result.bindingId,
    dispatch: { ...dispatch, ensure: ensures },
    dispatch_command: command,
    ensure_dispatch: ensures,
    manager: result.manager,
    manager_acceptance_criteria_seeded: result.seededCriteria,
    manager_config_seeded: true,
    manager_config_seeded_by_pair: result.seededConfig,
    run_id: result.runId,
    task: { created: result.taskCreated, id: result.taskId, name: result.taskName },
    worker: result.worker,
  };
}

function orderOf(input: Input): PairOrder {
  const { managerPermissionsJson: permissionsJson } = input;
  const permit = [
    ...(input.managerAllowPr ? ['allow_pr'] : []),
    ...(input.managerAllowMergeGreen ? ['allow_merge_green'] : []),
    ...(input.managerAllowWorkerCompactClear ? ['allow_worker_compact_clear'] : []),
    ...input.managerPermit,
  ];
  const lists = {
    guidelines: input.managerGuideline,
    acceptance_criteria: input.managerAcceptance,
    reference_paths: input.managerReference,
    tools: input.managerTool,
    epilogues: input.managerEpilogue,
  };
  const changes = {
    ...(input.managerMode === null ? {} : { supervision_mode: input.managerMode }),
    ...(input.managerObjective === null ? {} : { objective: input.managerObjective }),
    ...(input.managerNudgeOnCompletion === null ? {} : { nudge_on_completion: input.managerNudgeOnCompletion }),
    ...(input.managerRequireAcks ? { require_acks: true } : {}),
    ...(permissionsJson === null ? {} : { permissions: parseObject('--manager-permissions-json', permissionsJson) }),
    lists,
    permit,
  };
  const isAsked =
    Object.keys(changes).length > 2 || permit.length > 0 || Object.values(lists).some((list) => list.length > 0);
  return {
    task: input.task,
    goal: input.taskGoal,
    summary: input.taskSummary,
    prompt: input.taskPrompt,
    worker: input.workerName,
    manager: input.managerName,
    policy: isAsked ? changes : null,
    launch: {
      cwd: input.cwd,
      sandbox: input.sandbox,
      askForApproval: input.askForApproval,
      acceptTrust: input.acceptTrust,
      timeoutSeconds: input.timeoutSeconds,
    },
  };
}
