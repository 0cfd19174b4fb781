import { markers, type WritePlan } from './qaPlanText.ts';

/** A real loop over two iterations, with pull request, CI, merge, handoff and a cleared worker; then what must be blocked. */
export const qaPlanRalphLoop: WritePlan = (names) => ({
  steps: [...prepare(names), ...firstIteration(names), ...secondIteration(names), ...negativeDrills(names)],
  expected_observations: [
    'The seed prompt and its hash are on record before the first iteration.',
    'The presets name their limits and their evidence.',
    'Dispatch shows an id and a fresh heartbeat during the whole plan.',
    'What is not permitted is refused, and what is granted is granted by name.',
    'Both final steps of the epilogue are configured, and asked for at the end.',
    'The early finish is refused, and the task stays managed.',
    'Pull request, CI fix, merge, handoff and clear each have a receipt in the record.',
    'Each decision of the manager has a correlation id that its command has as well.',
    'The forced failure of CI is seen as a failure before it is mended.',
    'The merge is decided after the required checks were looked at; an auto-merge stands for none of them.',
    'The handoff is recorded before the worker is cleared.',
    'The clear is an audited command with a result.',
    'The second iteration starts in a context that knows nothing of the first.',
    'A worker that finds the work merged says so and changes nothing.',
    'The export holds the correlation ids of both iterations.',
    'At the limit the next iteration is blocked before the worker hears of it.',
    'Without its evidence the next iteration is blocked; with it a fresh request is delivered.',
    'The preset asks for all four kinds of evidence, and lets nothing through with fewer.',
    'Each blocked try is the same in dispatch, dashboard, replay, audit and commands, and the inbox of the worker is empty.',
  ],
  correlation_markers: markers({
    'ralph-iter-1-pr': 'the pull request of iteration 1',
    'ralph-iter-1-ci': 'the check that fails in iteration 1',
    'ralph-iter-1-ci-fix': 'the change that mends it',
    'ralph-iter-1-merge': 'the merge of iteration 1',
    'ralph-iter-1-clear': 'the clearing of the worker after iteration 1',
    'ralph-iter-2-replay': 'the seed prompt in iteration 2',
    'ralph-loop-max-block': 'a continuation beyond the limit',
    'ralph-loop-missing-ci': 'a continuation without ci_green and adversarial_check',
    'ralph-loop-ci-adversarial': 'the evidence for it',
    'ralph-loop-ci-allowed': 'the fresh continuation that is delivered',
    'ralph-loop-preset-missing': 'a continuation without the evidence of the preset',
    'ralph-loop-preset-adversarial': 'the adversarial proof for the preset',
    'ralph-loop-preset-allowed': 'the fresh continuation under the preset',
  }),
  evidence_template: {
    iteration: 1,
    seed_prompt_sha256: '<sha256 of the seed prompt>',
    pr_url: '<url>',
    ci: { provider: '<name>', initial_result: null, fix_result: null },
    merge: { permitted: false, result: null },
    handoff_id: null,
    clear_receipt: { command_id: null, correlation_id: 'ralph-iter-1-clear' },
    dispatch_correlation_ids: [
      'ralph-iter-1-pr',
      'ralph-iter-1-ci',
      'ralph-iter-1-ci-fix',
      'ralph-iter-1-merge',
      'ralph-iter-1-clear',
    ],
    manager_cycle_ids: [],
    manager_decision_ids: { pr_ready: null, ci_fix: null, merge_green: null, continue_or_stop: null },
    worker_completion_event_ids: [],
  },
});

const prepare: Part = ({ program, task, worker, manager }) => [
  'Choose a disposable repository with CI and required checks. Read docs/guides/loops.md and docs/guides/evidence.md.',
  'Write the seed prompt into a file outside the repository, and note its SHA-256 (node, sha256sum or shasum).',
  'Decide how many iterations there may be: two at least.',
  `List the presets: \`${program} ralph-loop-presets --list\`.`,
  `Start dispatching in a shell of its own: \`${program} dispatch --watch --dispatcher-id qa-ralph\`.`,
  `Start the pair in the repository: \`${program} pair --task ${task} --task-goal "<the goal>" --worker-name ${worker} --manager-name ${manager} --cwd <repository>\`.`,
  `Arm the loop: \`${program} ralph-loop-presets --create-run ${task} --preset pr_ci_merge_loop --current-iteration 1 --max-iterations 2 --seed-prompt-sha256 <hash>\`. Note the id of the run.`,
  `See what is denied: \`${program} manager-permission ${task} repo.open_pr --require\`, and the same for repo.merge_green_pr and worker_compact_clear.`,
  `Grant it, with the final steps: \`${program} manager-config ${task} --permit repo.open_pr --permit repo.merge_green_pr --permit worker_compact_clear --epilogue draft-pr --epilogue record-handoff\`.`,
];

const firstIteration: Part = ({ program, task, worker }) => [
  `Give the worker the seed prompt: \`${program} session-nudge ${worker} "<the seed prompt>"\`.`,
  `Ask what remains: \`${program} enqueue-nudge-worker ${task} --message "What remains before this can be merged?" --correlation-id ralph-iter-1-pr\`.`,
  `Try to finish: \`${program} finish-task ${task} --require-criteria-audit --require-epilogue\`. It must fail.`,
  `When the branch is ready decide on the pull request: \`${program} record-decision ${task} nudge --reason "The branch is ready" --payload-json '{"correlation_id": "ralph-iter-1-pr"}'\`.`,
  `The worker opens it; take the receipt that it is alive: \`${program} cycle ${task}\`. Record its URL: \`${program} loop-evidence add ${task} --loop-run <run> --iteration 1 --evidence-type pr_url --proof "<url>" --correlation-id ralph-iter-1-pr\`.`,
  'Force CI to fail, with a test that cannot pass (ralph-iter-1-ci). See it fail before anything is mended.',
  `Decide on the fix: \`${program} record-decision ${task} nudge --reason "CI fails" --payload-json '{"correlation_id": "ralph-iter-1-ci-fix"}'\`, and have it mended: \`${program} enqueue-nudge-worker ${task} --message "CI fails: mend it in the same pull request" --correlation-id ralph-iter-1-ci-fix\`.`,
  `Take the receipt of the fix: \`${program} cycle ${task}\`. Record it: \`${program} loop-evidence add ${task} --loop-run <run> --iteration 1 --evidence-type ci_green --status green --correlation-id ralph-iter-1-ci-fix\`.`,
  'Look at the required checks yourself. An auto-merge that is switched on is no gate and no evidence.',
  `Decide on the merge and have it done: \`${program} record-decision ${task} nudge --reason "All required checks are green" --payload-json '{"correlation_id": "ralph-iter-1-merge"}'\`; record it: \`${program} loop-evidence add ${task} --loop-run <run> --iteration 1 --evidence-type merge --proof "<commit>" --correlation-id ralph-iter-1-merge\`.`,
  `Try to disprove it, and record that: \`${program} loop-evidence adversarial-check ${task} --loop-run <run> --iteration 1 --failure-mode "<how it could be wrong>" --check "<what was tried>" --result "<what came out>"\`.`,
  `Hand over: \`${program} handoff ${task} --summary "<what was done>" --next-step "<what is next>"\`. Take a cycle: \`${program} cycle ${task}\`.`,
  `Clear the worker, on record: \`${program} compact-worker ${task} --clear --reason "Iteration 1 is merged (ralph-iter-1-clear)"\`. Note the id of the command.`,
];

const secondIteration: Part = ({ program, task }) => [
  `Decide whether to go on: \`${program} record-decision ${task} nudge --reason "Iteration 1 is complete" --payload-json '{"correlation_id": "ralph-iter-2-replay"}'\`.`,
  `Ask for iteration 2 with the same seed prompt: \`${program} enqueue-continue-iteration ${task} --loop-run <run> --requested-iteration 2 --message "Look first: when this is merged already, say so and stop. <the seed prompt>" --correlation-id ralph-iter-2-replay\`.`,
  'See that the worker starts fresh: it reads the repository anew and refers to nothing that only iteration 1 knew.',
  'See that it looks first: it finds the work merged, says so, and makes neither an edit nor another pull request.',
  `Export the record: \`${program} export-task ${task} --output export\`. Fill in the evidence template for both iterations.`,
];

const negativeDrills: Part = ({ program, task }) => {
  const pass = `${program} dispatch --once --type continue_iteration --json`;
  const ask = (name: string, run: string, iteration: number, id: string) =>
    `${program} enqueue-continue-iteration ${task}-${name} --loop-run ${run} --requested-iteration ${iteration} --message "Go on" --correlation-id ${id}`;
  const look = (name: string) =>
    `\`${program} worker-inbox ${task}-${name} --json\` is empty, and \`${program} replay ${task}-${name} --format timeline\`, \`${program} audit ${task}-${name} --json\`, \`${program} commands --task ${task}-${name} --attempts --json\` and the dashboard tell the same`;
  return [
    `Now what must be blocked. End the dispatcher of step 5. The limit: \`${program} create-disposable-binding ${task}-max --required-before-continue ci_green --max-iterations 1 --json\`.`,
    `Ask beyond it: \`${ask('max', '<run>', 2, 'ralph-loop-max-block')}\`, then \`${pass}\`. The reason is max_iterations_reached.`,
    `${everywhere(look('max'))}.`,
    `Missing evidence: \`${program} create-disposable-binding ${task}-ci --required-before-continue ci_green --adversarial --max-iterations 3 --json\`, then \`${ask('ci', '<run>', 2, 'ralph-loop-missing-ci')}\` and \`${pass}\`. ci_green and adversarial_check are missing.`,
    `${everywhere(look('ci'))}.`,
    `Recover: \`${program} loop-evidence add ${task}-ci --loop-run <run> --iteration 1 --evidence-type ci_green --status green\` and \`${program} loop-evidence adversarial-check ${task}-ci --loop-run <run> --iteration 1 --failure-mode "…" --check "…" --result "…" --correlation-id ralph-loop-ci-adversarial\`.`,
    `Ask afresh: \`${ask('ci', '<run>', 2, 'ralph-loop-ci-allowed')}\`, then \`${pass}\`. The inbox of the worker holds it, once.`,
    `The preset: \`${program} create-disposable-binding ${task}-preset --template pr_ci_merge_loop --json\`, then \`${ask('preset', '<run>', 2, 'ralph-loop-preset-missing')}\` and \`${pass}\`. pr_url, ci_green, merge and adversarial_check are missing.`,
    `${everywhere(look('preset'))}.`,
    `Recover with all four: \`${program} loop-evidence add ${task}-preset --loop-run <run> --iteration 1 --evidence-type pr_url\`, the same for ci_green and merge, and \`${program} loop-evidence adversarial-check ${task}-preset --loop-run <run> --iteration 1 --failure-mode "…" --check "…" --result "…" --correlation-id ralph-loop-preset-adversarial\`; ask afresh: \`${ask('preset', '<run>', 2, 'ralph-loop-preset-allowed')}\`, then \`${pass}\`. It is delivered once.`,
    `Clean up: \`${program} finish-task ${task} --require-epilogue --stop-worker --stop-manager\`, unbind the tasks of the drills, and \`${program} reconcile\` finds nothing.`,
  ];
};

type Part = (names: Parameters<WritePlan>[0]) => readonly string[];

function everywhere(text: string): string {
  return `Look everywhere: ${text}`;
}
