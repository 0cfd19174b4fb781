import type { WritePlan } from './qaPlanText.ts';

/** Two sessions that a person started are registered, bound, observed and nudged. */
export const qaPlanSelfManagement: WritePlan = ({ program, task, worker, manager }) => ({
  steps: [
    `Look at the machine first: \`${program} doctor\`. Read docs/guides/registering.md, which says what is registered and why.`,
    'Start a Codex for the worker and one for the manager, each in a tmux session of its own, and answer their first questions.',
    `Find the process and the rollout of both: \`${program} discover\`.`,
    `Register the worker: \`${program} register-worker --name ${worker} --pid <pid>\`.`,
    `Register the manager: \`${program} register-manager --name ${manager} --pid <pid>\`.`,
    `Create the task: \`${program} tasks --create ${task} --goal "Add a line to a scratch file and say so"\`.`,
    `Bind both to it: \`${program} bind --task ${task} --worker ${worker} --manager ${manager}\`.`,
    `Take one cycle: \`${program} cycle ${task}\`. Its JSON has the keys kind, state, pane_signal, notable_pane_pattern, ingest and cycle_id.`,
    `Nudge the worker: \`${program} session-nudge ${worker} "Add today's date to scratch.txt"\`. See the very same words arrive in its terminal, once.`,
    `When its turn is over take a second cycle: \`${program} cycle ${task}\`. It shows events that the first one did not have.`,
    `Provoke a divergence: type something into the worker yourself while it works, take a cycle, then \`${program} divergences ${task}\`.`,
    `Unbind and deregister: \`${program} unbind --task ${task}\`, \`${program} deregister ${worker}\`, \`${program} deregister ${manager}\`.`,
    `Nothing is left to mend: \`${program} reconcile\`.`,
    `Read the history: \`${program} audit ${task} --json\` and \`${program} replay ${task} --format timeline\`. Close both terminals.`,
  ],
  expected_observations: [
    'discover shows both processes with the rollout that each of them writes.',
    'Both sessions are listed with a pid and a tmux session, and the binding names the two of them.',
    'The first cycle answers with all six keys, and its cycle_id is a number.',
    'pane_signal agrees with what the terminal shows.',
    'The nudge arrives as one message, with nothing of it left in the input line.',
    'The second cycle has taken in new events, and its cycle_id is greater.',
    'What you typed yourself is told apart from what the manager sent.',
    'After the end no binding is active, and both names are free again.',
    'reconcile finds no drift.',
    'audit and replay tell registration, binding, both cycles, the nudge and the end, in that order.',
  ],
});
