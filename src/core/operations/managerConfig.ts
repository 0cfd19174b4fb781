import * as z from 'zod/mini';
import { permissionCategories } from '../domain/permissions.ts';
import { quoteForShell } from '../domain/shellQuote.ts';
import {
  completionNudges,
  epilogueSteps,
  findManagerConfig,
  type ManagerConfig,
  supervisionModes,
} from '../ledger/managerConfigStore.ts';
import { requireTask, type Task } from '../ledger/taskStore.ts';
import { interviewForConfig } from '../supervise/configInterview.ts';
import { seedCriteria } from '../supervise/criteria.ts';
import { configQuestions } from '../supervise/configQuestions.ts';
import {
  changeManagerConfig,
  defaultPolicy,
  mergePolicy,
  type PolicyChanges,
  policyLists,
  refuseAbsentEntries,
  type SavedConfig,
} from '../supervise/managerConfig.ts';
import { choiceList, flag, type InputOf, optionalChoice, optionalText, positional, textList } from './argument.ts';
import { parseObject } from './jsonInput.ts';
import { defineOperation } from './operation.ts';
import type { OperationContext } from './operationContext.ts';

const inputs = {
  task: positional('task id or name', 'TASK'),
  mode: optionalChoice('how closely to supervise', supervisionModes, { placeholder: 'MODE' }),
  questions: flag('print the questions that a manager asks its person, and change nothing'),
  interactive: flag('ask on this terminal, one line a question'),
  objective: optionalText('what the manager is there for', { placeholder: 'TEXT' }),
  guideline: textList('a rule to follow; the given ones replace the stored', { placeholder: 'TEXT' }),
  acceptance: textList('what must be true in the end; the given ones replace the stored', { placeholder: 'TEXT' }),
  reference: textList('what to read; the given ones replace the stored', { placeholder: 'PATH' }),
  tool: textList('an expected tool; the given ones replace the stored', { placeholder: 'NAME' }),
  permit: textList('grant a permission, added to the stored', { placeholder: 'CATEGORY.ACTION' }),
  revoke: textList('take a permission back', { placeholder: 'CATEGORY.ACTION' }),
  permissionsJson: optionalText('grant, revoke, or set whole categories', { placeholder: 'OBJECT' }),
  epilogue: choiceList('a step that ends the task; the given ones replace the stored', epilogueSteps, {
    placeholder: 'STEP',
  }),
  nudgeOnCompletion: optionalChoice('what happens when the worker is done', completionNudges, { placeholder: 'MODE' }),
  requireAcks: flag('both sides must acknowledge before a cycle'),
  noRequireAcks: flag('nobody needs to acknowledge'),
  allowPr: flag('the same as --permit repo.open_pr'),
  allowMergeGreen: flag('the same as --permit repo.merge_green_pr'),
  allowWorkerCompactClear: flag('the same as --permit worker_session.compact and worker_session.clear'),
  clear: choiceList('empty a list first', [...policyLists, 'permissions'] as const, { placeholder: 'LIST' }),
  remove: textList('take the entry with this text out of its list', { placeholder: 'TEXT' }),
} as const;

type Input = InputOf<typeof inputs>;

export const configOutput = () =>
  z.object({
    acceptance_criteria: z.readonly(z.array(z.string())),
    created_at: z.string(),
    epilogues: z.readonly(z.array(z.string())),
    guidelines: z.readonly(z.array(z.string())),
    nudge_on_completion: z.enum(completionNudges),
    objective: z.nullable(z.string()),
    permissions: z.record(z.enum(permissionCategories), z.readonly(z.array(z.string()))),
    reference_paths: z.readonly(z.array(z.string())),
    require_acks: z.boolean(),
    revision: z.number(),
    supervision_mode: z.enum(supervisionModes),
    task_id: z.string(),
    tools: z.readonly(z.array(z.string())),
    updated_at: z.string(),
  });

const questionsOutput = () =>
  z.object({
    recommended_collection: z.literal('manager_codex_chat'),
    fallback_collection: z.string(),
    questions: z.readonly(
      z.array(
        z.object({
          id: z.string(),
          kind: z.string(),
          question: z.string(),
          default: z.unknown(),
          help: z.optional(z.string()),
          choices: z.optional(z.unknown()),
        }),
      ),
    ),
    task: z.object({ id: z.string(), name: z.string() }),
  });

type Questions = z.infer<ReturnType<typeof questionsOutput>>;
type Stored = ManagerConfig & { readonly warnings?: readonly string[] | undefined };

/** Shows or changes the supervision policy of a task. */
export const managerConfig = defineOperation({
  name: 'manager-config',
  summary: 'Show or change how a task is supervised.',
  effect: 'writes',
  inputs,
  exclusive: [{ names: ['requireAcks', 'noRequireAcks'], required: false }],
  output: (): z.ZodMiniType<Stored | Questions> =>
    z.union([z.extend(configOutput(), { warnings: z.optional(z.readonly(z.array(z.string()))) }), questionsOutput()]),
  run: async (context, input): Promise<Stored | Questions> => {
    const { ledger } = context;
    const task = requireTask(ledger, input.task);
    const known = findManagerConfig(ledger, task.id);
    if (input.questions) return questionsFor(task, known);
    const given = changesOf(input);
    if (known !== null && given === null && !input.interactive) return known;
    const changes = input.interactive ? await interview(context, known, given ?? {}) : (given ?? {});
    return printed(save(context, task, changes));
  },
});

function save({ ledger, clock }: OperationContext, task: Task, changes: PolicyChanges): SavedConfig {
  return ledger.write(() => {
    refuseAbsentEntries(findManagerConfig(ledger, task.id) ?? defaultPolicy, changes.remove ?? []);
    const saved = changeManagerConfig(ledger, task, changes, clock.now());
    seedCriteria(ledger, task, changes.lists?.acceptance_criteria ?? [], clock.now());
    return saved;
  });
}

function printed({ config, warnings }: SavedConfig): Stored {
  return warnings.length > 0 ? { ...config, warnings } : config;
}

/** Flags are what the questions start from; an answer wins over its flag, an empty one keeps it (CP-38). */
async function interview(
  context: OperationContext,
  known: ManagerConfig | null,
  given: PolicyChanges,
): Promise<PolicyChanges> {
  const shown = mergePolicy(known ?? defaultPolicy, given).policy;
  const answers = await interviewForConfig(shown, (question) => context.ask(question));
  const revoked = Object.fromEntries((answers.revoke ?? []).map((name) => [name, false]));
  const granted = Object.fromEntries((answers.permit ?? []).map((name) => [name, true]));
  return {
    ...given,
    ...answers,
    lists: { ...given.lists, ...answers.lists },
    permit: given.permit ?? [],
    revoke: given.revoke ?? [],
    permissions: { ...given.permissions, ...revoked, ...granted },
  };
}

function questionsFor(task: Task, known: ManagerConfig | null): Questions {
  return {
    recommended_collection: 'manager_codex_chat',
    fallback_collection: `conveyor manager-config ${quoteForShell(task.name)} --interactive`,
    questions: configQuestions(known ?? defaultPolicy),
    task: { id: task.id, name: task.name },
  };
}

/** The changes that the flags ask for; null when there are none. */
function changesOf(input: Input): PolicyChanges | null {
  const permissions = input.permissionsJson === null ? null : parseObject('--permissions-json', input.permissionsJson);
  const permit = [
    ...(input.allowPr ? ['allow_pr'] : []),
    ...(input.allowMergeGreen ? ['allow_merge_green'] : []),
    ...(input.allowWorkerCompactClear ? ['allow_worker_compact_clear'] : []),
    ...input.permit,
  ];
  const lists = {
    guidelines: input.guideline,
    acceptance_criteria: input.acceptance,
    reference_paths: input.reference,
    tools: input.tool,
    epilogues: input.epilogue,
  };
  const isAsked =
    input.mode !== null ||
    input.objective !== null ||
    input.nudgeOnCompletion !== null ||
    input.requireAcks ||
    input.noRequireAcks ||
    permissions !== null ||
    [permit, input.revoke, input.clear, input.remove, ...Object.values(lists)].some((list) => list.length > 0);
  if (!isAsked) return null;
  return {
    ...(input.mode === null ? {} : { supervision_mode: input.mode }),
    ...(input.objective === null ? {} : { objective: input.objective }),
    ...(input.nudgeOnCompletion === null ? {} : { nudge_on_completion: input.nudgeOnCompletion }),
    ...(input.requireAcks ? { require_acks: true } : {}),
    ...(input.noRequireAcks ? { require_acks: false } : {}),
    lists,
    permit,
    revoke: input.revoke,
    permissions,
    clear: input.clear,
    remove: input.remove,
  };
}
