import { workerStatusStates } from '../ledger/legacyWorkerStore.ts';

export interface WorkerContract {
  /** Absolute path of the shim, quoted. */
  readonly command: string;
  readonly name: string;
  readonly task: string | null;
  readonly identityToken: string;
  readonly statusFile: string;
}

/** What a worker in a folder is told: its task, and how to say where it stands. */
export function workerContract({ command, name, task, identityToken, statusFile }: WorkerContract): string {
  const states = workerStatusStates.join(', ');
  return [
    `You are the supervised worker ${name}. A manager watches your progress and writes to you here.`,
    task === null ? 'You have no task yet: wait until the manager gives you one.' : `Your task: ${task}`,
    `Your identity token is ${identityToken}. Leave it as it is wherever you meet it.`,
    '',
    'Say where you stand at the beginning, whenever that changes, and at the end:',
    `  ${command} update-status ${name} --state STATE --current-task "…" --next-action "…" [--blocker "…"]`,
    `STATE is one of ${states}. The same is kept in ${statusFile} as JSON with state, current_task, next_action, blocker and last_update; prefer the command.`,
    `Without a terminal, take your messages with  ${command} worker-inbox TASK --consume-next --wait --timeout 60 --json  and treat each as your next instruction.`,
    'Do nothing to git that loses work unless you are told so in as many words.',
    'When you cannot go on, set the state to blocked and say in --blocker what you need.',
  ].join('\n');
}

/** The task of the self-test: proves that a worker can be started and reports, and changes nothing. */
export const selfTestTask =
  'Read the README of this folder if there is one, change no file, and report with update-status: state done, what this folder is about as current task, and "none" as next action.';

export interface StartBriefing {
  readonly command: string;
  readonly session: string;
  readonly cwd: string;
  readonly registerWorker: string;
  readonly startManager: string;
}

/** What a Codex in a plain terminal is told, so that it can set up supervision with the person who started it. */
export function startPrompt({ command, session, cwd, registerWorker, startManager }: StartBriefing): string {
  return [
    `You run in the tmux session ${session} in ${cwd}. You are not registered with Agent Conveyor yet.`,
    'If the user wants to be supervised, ask for what you do not know (name of worker and manager, task, goal); never make it up. Then:',
    `1. ${registerWorker}`,
    `2. ${command} tasks --create TASK --goal "GOAL"`,
    `3. ${startManager}`,
    `4. ${command} bind --task TASK --worker WORKER --manager MANAGER`,
    `5. ${command} manager-config TASK --questions   and agree on the answers with the user`,
    `6. ${command} worker-ack TASK --from-stdin   with what you understood`,
    'The user can watch both sides in the panel of VS Code, or with tmux attach.',
  ].join('\n');
}
