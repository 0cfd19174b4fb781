import type { WritePlan } from './qaPlanText.ts';

/** tmux is missing, or a terminal is gone: reading goes on, acting fails loudly. */
export const qaPlanTmuxErrors: WritePlan = ({ program, task, worker, manager }) => ({
  steps: [
    `Begin on a machine that is well: \`${program} doctor\` and \`${program} reconcile\` find nothing.`,
    `Start a pair that may be lost: \`${program} pair --task ${task} --task-goal "Wait for messages" --worker-name ${worker} --manager-name ${manager}\`. Write down the names of both tmux sessions. Touch no other session in this plan.`,
    'Open a second shell in which tmux cannot be found: let PATH name only a folder with a link to node. What follows is run there until step 6.',
    `Read: \`${program} sessions\`, \`${program} cycle ${task}\`, \`${program} doctor\`. Each prints JSON that can be parsed; what needs tmux is an error field in it.`,
    `Act: \`${program} session-nudge ${worker} "Hello"\` and \`${program} session-interrupt ${worker}\`. Both are refused with one line and an exit status that is not 0.`,
    `Back in the first shell, look for traces: \`${program} mutation-audit ${task} --json\`. No send is recorded as done.`,
    `Close the worker's terminal by its exact name, and keep its process in mind: tmux kill-session -t =NAME, with the name of step 2.`,
    `Take a cycle: \`${program} cycle ${task}\`. The signal of the pane is degraded; the process counts as alive for as long as it is.`,
    `Finish with half of the pair dead: \`${program} finish-task ${task} --stop-worker --stop-manager\`. What could not be stopped is named.`,
    `Look at the drift without mending: \`${program} reconcile\`.`,
    `Mend it, for this task alone: \`${program} reconcile --task ${task} --apply\`.`,
    `See that it is mended and that nobody else was disturbed: \`${program} reconcile\`, \`${program} sessions --state all\`, and the tmux sessions of step 1 are all there.`,
  ],
  expected_observations: [
    'Before anything is broken, doctor and reconcile have nothing to say.',
    'Without tmux every reading verb still answers in JSON, with the error as a field.',
    'Without tmux every acting verb fails in one line and exits with a status that is not 0.',
    'A send that failed is nowhere recorded as done.',
    'A pane that is gone degrades the signal of the pane and says nothing about the process.',
    'Finishing a half-dead pair tells which stop failed.',
    'reconcile changes nothing before --apply, and then only what belongs to the sessions of this plan.',
  ],
});
