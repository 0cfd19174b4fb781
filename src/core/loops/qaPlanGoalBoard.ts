import { markers, type WritePlan } from './qaPlanText.ts';

/** A broad request becomes one parent board and child boards, one after the other. */
export const qaPlanGoalBoard: WritePlan = ({ program, task }) => ({
  starter_prompt:
    'Take the request below and carry it through on your own: make one parent board with the goal and what counts as done, cut it into vertical slices that can each be delivered by themselves, give each slice a child board, and keep exactly one child active at a time; for the active child either implement it or prove that it is satisfied on main already, verify it narrowly, try hard to disprove it, open a pull request, mend whatever CI finds inside the same child, merge when the required checks are green and you are permitted to, write a receipt with command, commit and URL on the parent board, and only then activate the next child; stop and ask when a boundary of your authority is reached, and say that all is done only when every child has a receipt and the checks of both boards pass.',
  authority_boundaries: [
    'You may create boards, branches and commits in the repository of the request, and nowhere else.',
    'You may open a pull request where repo.open_pr is granted, and merge a green one where repo.merge_green_pr is.',
    'You may not weaken, skip or delete a check to make it pass.',
    'You may not publish, deploy, buy or delete anything, nor use credentials that were not given for this.',
    'You ask the person when a slice needs a decision about the product, or when two attempts have failed alike.',
  ],
  steps: [
    'Read docs/guides/goal-board.md, and take a scratch repository with CI in which pull requests may be opened and merged.',
    `Create the task of the parent board: \`${program} tasks --create ${task} --goal "<the broad request>"\`, and give the manager the starter prompt.`,
    `Say what it may do: \`${program} manager-config ${task} --objective "<the broad request>" --permit repo.open_pr --permit repo.merge_green_pr\`.`,
    'Read the parent board: the goal, what counts as done, and slices that go through all layers instead of one layer each.',
    `Activate the first child and no other (conveyor-child-activation): \`${program} criteria ${task} --add --criterion "Child 1 is delivered" --source manager_inferred --status accepted\`.`,
    'For the active child ask for an implementation, or for proof that main satisfies it already (conveyor-satisfied-on-main): the command, the commit and its output.',
    'Have it verified narrowly, then have somebody try to disprove it (conveyor-adversarial-review): failure mode, check, result.',
    'Follow the pull request through CI to the merge (conveyor-pr-ci-merge). A failure of CI is mended in the same child, not in a new one.',
    `Write the receipt on the parent board and satisfy the criterion: \`${program} criteria ${task} --satisfy <id> --proof "<pull request, commit, checks>"\`. Only then activate the next child.`,
    'Break it on purpose: set a second child active, or mark one done without merge or proof. The check of the boards must refuse both.',
    `When every child has its receipt: run the checks of both boards, \`${program} audit ${task} --json\` and \`${program} finish-task ${task} --require-criteria-audit\`.`,
  ],
  expected_observations: [
    'There is one parent board, and each slice has one child board.',
    'At every moment exactly one child is active.',
    'A child counts as done by a merge or by proof on main, and by nothing else.',
    'Failures of CI are mended inside the child that caused them.',
    'Each child has a receipt with a command, a commit or a URL, and an attempt to disprove it.',
    'Two active children, or a completion without proof, are rejected.',
    'The checks of the boards pass after each receipt, and at the end.',
  ],
  acceptance_criteria: [
    'One parent board with the goal, what counts as done and the slices.',
    'Child boards one after the other, with exactly one active.',
    'Implementation or proof on main, focused verification and adversarial review for each child.',
    'Pull request, CI, merge and a receipt on the parent board for each child.',
    'A negative check that rejects two active children and an unproven completion.',
  ],
  correlation_markers: markers({
    'conveyor-parent-board': 'the parent board and its slices',
    'conveyor-child-activation': 'a child becomes the active one',
    'conveyor-pr-ci-merge': 'pull request, checks and merge of a child',
    'conveyor-satisfied-on-main': 'proof that main satisfies a child already',
    'conveyor-adversarial-review': 'the attempt to disprove a child',
  }),
});
