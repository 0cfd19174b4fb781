import type { WritePlan } from './qaPlanText.ts';

/** What counts as done is found out on the way, and the end waits for it. */
export const qaPlanEmergentCriteria: WritePlan = ({ program, task, worker, manager }) => {
  const criteria = `${program} criteria ${task}`;
  return {
    steps: [
      'Take a scratch repository with a clean git status, and note its commit.',
      `Start a real pair in it: \`${program} pair --task ${task} --task-goal "Find out what is missing in the readme" --worker-name ${worker} --manager-name ${manager} --manager-require-acks --cwd .\`.`,
      `Take the first cycle before anything is agreed: \`${program} cycle ${task}\`. All buckets of criteria are empty, and criteria_negotiation asks for some (no_criteria).`,
      `Have the worker sort it out: \`${program} session-nudge ${worker} "List what must be done and, apart from it, what can follow later. Change nothing yet."\`.`,
      `Optional: put the answer into a file and let commands be drafted from it: \`${program} criteria-plan ${task} --from-worker-response answer.txt\`. Read them before you run any.`,
      `Record a must-have: \`${criteria} --add --criterion "The readme says how to run the tests" --source worker_proposed --status accepted\`.`,
      `Record a follow-up: \`${criteria} --add --criterion "A picture of the window" --source worker_proposed --status deferred --rationale "later"\`.`,
      `Take a cycle: \`${program} cycle ${task}\`. The accepted and the deferred one stand in their buckets, and no negotiation is asked for any more.`,
      `Ask for a report only: \`${program} session-nudge ${worker} "Tell me where you are. Change nothing."\`.`,
      'Look at git status in the repository: it is clean.',
      `As the manager, add what follows from the goal: \`${criteria} --add --criterion "The commands in the readme were run once" --source manager_inferred --status accepted\`.`,
      `Try to finish too early: \`${program} finish-task ${task} --require-criteria-audit\`. It is refused and names what is open.`,
      `Let the worker do the work, and look at it: \`${program} cycle ${task}\`.`,
      `Satisfy the first criterion with what shows it: \`${criteria} --satisfy <id> --proof "line 12 of README.md" --evidence-json '{"file": "README.md"}'\`.`,
      `Satisfy the second one in the same way: \`${criteria} --satisfy <id> --proof "output of the run" --evidence-json '{"exit": 0}'\`.`,
      `Read what counts: \`${criteria} --list\`. This list is the truth, whatever was said in the terminals.`,
      `Read how it came about: \`${program} replay ${task} --format timeline\`. Each change of a criterion has its entry.`,
      `Export it: \`${program} export-task ${task} --output export\`. The bundle holds the criteria, and its manifest names that file. docs/guides/evidence.md says what a reader looks for.`,
      `Finish for good: \`${program} finish-task ${task} --require-criteria-audit --require-acks --stop-worker --stop-manager\`.`,
      `Nothing is left over: \`${program} sessions --state active\`, and tmux lists neither of the two sessions.`,
      `Nothing is left to mend: \`${program} reconcile\`.`,
    ],
    expected_observations: [
      'Both sides have acknowledged the contract before the first message.',
      'The first cycle has no criteria and asks for a negotiation.',
      'The worker keeps what must be done apart from what can follow.',
      'criteria-plan drafts commands and runs none of them.',
      'Accepted and deferred criteria are in different buckets.',
      'Once a criterion is accepted, no negotiation is asked for.',
      'A worker that only reports leaves git status clean.',
      'A criterion of the manager is marked as manager_inferred.',
      'The early finish is refused, and the task stays as it was.',
      'A criterion cannot be satisfied without proof or evidence.',
      'replay shows each criterion from proposal to its last state.',
      'The bundle and its manifest name the same criteria as the list.',
      'The finish closes both terminals, and reconcile finds no drift.',
    ],
  };
};
