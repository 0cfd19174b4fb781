import { refuse } from '../domain/errors.ts';
import { isGranted } from '../domain/permissions.ts';
import { completionNudges, epilogueSteps, type ManagerPolicy, supervisionModes } from '../ledger/managerConfigStore.ts';
import type { PolicyChanges } from './managerConfig.ts';

/** Prints a question and reads one line; null at the end of input. */
export type Ask = (question: string) => Promise<string | null>;

/**
 * Asks a person at a terminal for the policy, one line each; an empty answer keeps what is shown. Throws `missing_input`
 * when the input ends early and `invalid_value` for an answer that is none of the choices.
 */
export async function interviewForConfig(policy: ManagerPolicy, ask: Ask): Promise<PolicyChanges> {
  const interview = new Interview(ask);
  const mode = await interview.choice('Supervision mode', supervisionModes, policy.supervision_mode);
  const objective = await interview.text('Objective', policy.objective ?? '');
  const guidelines = await interview.list('Guidelines', policy.guidelines);
  const acceptance = await interview.list('Acceptance criteria', policy.acceptance_criteria);
  const references = await interview.list('References', policy.reference_paths);
  const permissions = [
    await interview.permission('May it create pull requests?', 'repo.open_pr', policy),
    await interview.permission('May it merge green pull requests?', 'repo.merge_green_pr', policy),
    await interview.permission("May it compact and clear the worker's context?", 'worker_compact_clear', policy),
  ];
  const tools = await interview.list('Expected tools', policy.tools);
  const epilogues = await interview.list('Final steps', policy.epilogues);
  for (const step of epilogues ?? []) refuseOther('final step', step, epilogueSteps);
  const nudge = await interview.choice(
    'When the worker reports completion',
    completionNudges,
    policy.nudge_on_completion,
  );
  const acks = await interview.yesOrNo('Must both sides acknowledge?', policy.require_acks);
  return {
    ...(mode === null ? {} : { supervision_mode: mode }),
    ...(objective === null ? {} : { objective }),
    ...(nudge === null ? {} : { nudge_on_completion: nudge }),
    ...(acks === null ? {} : { require_acks: acks }),
    lists: {
      ...(guidelines === null ? {} : { guidelines }),
      ...(acceptance === null ? {} : { acceptance_criteria: acceptance }),
      ...(references === null ? {} : { reference_paths: references }),
      ...(tools === null ? {} : { tools }),
      ...(epilogues === null ? {} : { epilogues }),
    },
    permit: permissions.flatMap((one) => (one?.granted === true ? [one.name] : [])),
    revoke: permissions.flatMap((one) => (one?.granted === false ? [one.name] : [])),
  };
}

/** Each answer is null when the person kept what was shown. */
class Interview {
  readonly #ask: Ask;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  async text(label: string, shown: string): Promise<string | null> {
    const answer = await this.#ask(`${label} [${shown}]: `);
    if (answer === null)
      throw refuse('missing_input', 'manager-config --interactive requires answers; the input ended');
    return answer.trim() || null;
  }

  async list(label: string, shown: readonly string[]): Promise<readonly string[] | null> {
    const answer = await this.text(`${label}, separated by commas`, shown.join(', '));
    return answer === null
      ? null
      : answer
          .split(',')
          .map((entry) => entry.trim())
          .filter((entry) => entry !== '');
  }

  async choice<Choice extends string>(
    label: string,
    choices: readonly Choice[],
    shown: Choice,
  ): Promise<Choice | null> {
    const answer = await this.text(`${label} (${choices.join(', ')})`, shown);
    return answer === null ? null : refuseOther(label.toLowerCase(), answer, choices);
  }

  async yesOrNo(label: string, shown: boolean): Promise<boolean | null> {
    const answer = await this.text(label, shown ? 'yes' : 'no');
    return answer === null ? null : ['y', 'yes', 'true', '1'].includes(answer.toLowerCase());
  }

  async permission(label: string, name: string, { permissions }: ManagerPolicy) {
    const granted = await this.yesOrNo(label, isGranted(permissions, name));
    return granted === null ? null : { name, granted };
  }
}

function refuseOther<Choice extends string>(label: string, answer: string, choices: readonly Choice[]): Choice {
  const chosen = choices.find((choice) => choice === answer);
  if (chosen === undefined) {
    throw refuse('invalid_value', `'${answer}' is no ${label}; choose from ${choices.join(', ')}`);
  }
  return chosen;
}
