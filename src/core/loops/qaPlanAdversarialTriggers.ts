import { loopTriggers } from './triggers.ts';
import { markers, type WritePlan } from './qaPlanText.ts';

/** Plain words of a manager arm gates, and the gates hold. One disposable task for each phrase. */
export const qaPlanAdversarialTriggers: WritePlan = ({ program, task, worker }) => {
  const continueLoop = `${program} enqueue-continue-iteration ${task}-loop --loop-run <run> --requested-iteration 2`;
  const pass = `${program} dispatch --once --type continue_iteration --json`;
  return {
    steps: [
      `Run the drill that checks itself, and keep its receipt: \`${program} qa-run adversarial-triggers --receipt-output triggers.json --json\`. docs/guides/adversarial-proof.md says what a proof has to hold.`,
      `List the phrases: \`${program} loop-triggers --list\`. Classify each: \`${program} loop-triggers --classify "<phrase>" --json\`.`,
      `Classify words that are near to them, such as \`${program} loop-triggers --classify "Be careful and run the tests" --json\`, and each phrase behind a "do not".`,
      `Loop gate: make the policy before anything goes on: \`${program} create-disposable-binding ${task}-loop --adversarial --max-iterations 3 --json\`. Note the id of the run (nl-loop-gate-policy).`,
      `Iteration gate: ask for the next iteration without proof: \`${continueLoop} --message "Go on" --correlation-id nl-iteration-gate-missing-proof\`, then \`${pass}\`. It is blocked.`,
      `The worker has not heard of it: \`${program} worker-inbox ${task}-loop --json\` is empty.`,
      `Record a structured proof: \`${program} loop-evidence adversarial-check ${task}-loop --loop-run <run> --iteration 1 --failure-mode "<how it could be wrong>" --check "<what was tried>" --result "<what came out>" --correlation-id nl-iteration-gate-adversarial-proof\`.`,
      `Ask afresh: \`${continueLoop} --message "Go on" --correlation-id nl-iteration-gate-allowed\`, then \`${pass}\` and \`${program} worker-inbox ${task}-loop --consume-next --json\`. It arrives once.`,
      `Finish gate: \`${program} tasks --create ${task}-finish --goal "Finish with proof only"\`, then \`${program} finish-task ${task}-finish --require-adversarial-proof\`. It is refused.`,
      `Give the proof and finish: \`${program} criteria ${task}-finish --add --criterion "Somebody tried to disprove it" --source manager_inferred --status satisfied --evidence-json '{"evidence_type": "adversarial_check", "failure_mode": "…", "check": "…", "result": "…", "correlation_id": "nl-finish-gate-proof"}'\`, then the same finish again.`,
      `Worker-directed: \`${program} create-disposable-binding ${task}-worker --adversarial --json\`. Ask a worker for the three fields (with a real one: \`${program} session-nudge ${worker} "Name the strongest realistic failure mode, the check and the result"\`), and record its answer: \`${program} loop-evidence adversarial-check ${task}-worker --loop-run <run> --iteration 1 --source worker_proposed --failure-mode "…" --check "…" --result "…" --correlation-id nl-worker-directed-proof\`.`,
      `Acceptance criteria: \`${program} tasks --create ${task}-criteria --goal "Criteria that ask for negative checks"\`, then \`${program} criteria ${task}-criteria --add --criterion "It is blocked before there is proof" --source manager_inferred --status accepted --evidence-json '{"correlation_id": "nl-manager-criteria-negative-checks"}'\`.`,
      `Try to get past the gate with words only: \`${program} criteria ${task}-worker --add --criterion "Looks fine" --source manager_inferred --status satisfied --proof "I looked"\`. The gate stays shut.`,
      `Follow the correlations: \`${program} audit ${task}-loop --json\`, \`${program} replay ${task}-loop --format timeline\`, \`${program} commands --task ${task}-loop --attempts --json\`, \`${program} export-task ${task}-loop --output export\`.`,
      'Look at git status of the repository that you stand in: nothing in it was changed.',
    ],
    expected_observations: [
      'Each phrase arms its own gate; near misses and negated phrases arm none.',
      'The policy is on record before the first continuation is asked for.',
      'Without proof the continuation is blocked, nobody is notified, and the inbox is empty.',
      'A blocked request is over: it is not delivered later, and a fresh one is needed.',
      'With a structured proof the fresh request is delivered once.',
      'The finish fails closed, and passes once the proof is there.',
      'The proof of the worker is stored as worker_proposed.',
      'The criteria of the manager ask for something that must not happen.',
      'audit, replay, commands, inbox and export can be joined by the same correlation ids.',
      'Prose, and evidence without its three parts, satisfies no gate.',
    ],
    trigger_tasks: loopTriggers.map(({ name, canonical_phrase, acceptance }) => ({
      name,
      trigger: canonical_phrase,
      acceptance,
    })),
    correlation_markers: markers({
      'nl-loop-gate-policy': 'the policy that the first phrase asks for',
      'nl-iteration-gate-missing-proof': 'the continuation that is blocked for want of proof',
      'nl-iteration-gate-adversarial-proof': 'the structured proof of that iteration',
      'nl-iteration-gate-allowed': 'the fresh continuation that is delivered',
      'nl-finish-gate-proof': 'the proof that lets the task be finished',
      'nl-worker-directed-proof': 'the proof that the worker proposed',
      'nl-manager-criteria-negative-checks': 'the criteria of the manager that ask for negative checks',
    }),
  };
};
