import { type PermissionCategory, permissionTaxonomy } from '../domain/permissions.ts';
import { completionNudges, epilogueSteps, type ManagerPolicy, supervisionModes } from '../ledger/managerConfigStore.ts';

export interface ConfigQuestion {
  readonly id: keyof ManagerPolicy;
  readonly kind: 'choice' | 'text' | 'list' | 'categorized_permissions' | 'choice_list' | 'boolean';
  readonly question: string;
  readonly default: unknown;
  readonly help?: string;
  readonly choices?: readonly string[] | Readonly<Record<PermissionCategory, readonly string[]>>;
}

/** What a manager asks the person before it supervises, with the recorded answers as defaults. */
export function configQuestions(policy: ManagerPolicy): readonly ConfigQuestion[] {
  return [
    {
      id: 'supervision_mode',
      kind: 'choice',
      question: 'How closely should the manager supervise?',
      help: 'light steps in when something goes wrong, guided keeps the work on its goal, strict checks every claim.',
      choices: ['guided', ...supervisionModes.filter((mode) => mode !== 'guided')],
      default: policy.supervision_mode,
    },
    {
      id: 'objective',
      kind: 'text',
      question: 'What is the manager there for, in one sentence?',
      help: 'For example: keep the change small; match the plan; get the release out today.',
      default: policy.objective,
    },
    list('guidelines', policy, 'Which rules should it follow?', 'Short rules, such as: ask before new dependencies.'),
    list(
      'acceptance_criteria',
      policy,
      'What must be true before the task is done?',
      'Things that can be checked, such as: all tests pass.',
    ),
    list('reference_paths', policy, 'What should it read first?', 'Files or addresses: a plan, an issue, a design.'),
    {
      id: 'permissions',
      kind: 'categorized_permissions',
      question: 'What may it do beyond nudging the worker?',
      choices: permissionTaxonomy,
      default: policy.permissions,
    },
    list('tools', policy, 'Which tools is it expected to use?', 'Names of programs, such as pytest or gh.'),
    {
      id: 'epilogues',
      kind: 'choice_list',
      question: 'Which steps end the task?',
      choices: epilogueSteps.toSorted(),
      default: policy.epilogues,
    },
    {
      id: 'nudge_on_completion',
      kind: 'choice',
      question: 'What happens when the worker reports that it is done?',
      choices: completionNudges.toSorted(),
      default: policy.nudge_on_completion,
    },
    {
      id: 'require_acks',
      kind: 'boolean',
      question: 'Must both sides acknowledge the contract first?',
      help: 'Cycles are refused until worker and manager have answered to the current contract.',
      default: policy.require_acks,
    },
  ];
}

function list(
  id: 'guidelines' | 'acceptance_criteria' | 'reference_paths' | 'tools',
  policy: ManagerPolicy,
  question: string,
  help: string,
): ConfigQuestion {
  return { id, kind: 'list', question, help, default: policy[id] };
}
