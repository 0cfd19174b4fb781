import { quoteForShell } from '../domain/shellQuote.ts';

/** What a worker is told besides its task, so that the manager knows what it understood. */
export function workerPrompt(
  prompt: string,
  { command, task }: { readonly command: string; readonly task: string },
): string {
  const acknowledge = `${command} worker-ack ${quoteForShell(task)} --from-stdin`;
  return [
    prompt.trim(),
    '',
    'Before you edit or run anything, acknowledge this task: pipe one JSON object with the fields goal_restatement, proposed_criteria, expected_tools, open_questions and ready_to_start (true or false) into',
    `  ${acknowledge}`,
    'A manager supervises this task. Its messages arrive here as ordinary user messages. Report what you did together with the evidence (command and result), not only the claim.',
  ].join('\n');
}

/** The manager's contract as far as it is recorded. */
export interface ContractSummary {
  readonly mode: string;
  readonly objective: string | null;
  readonly guidelines: readonly string[];
  readonly acceptance: readonly string[];
  readonly references: readonly string[];
  readonly granted: readonly string[];
  readonly withheld: readonly string[];
  readonly tools: readonly string[];
  readonly epilogues: readonly string[];
  readonly nudgeOnCompletion: string;
  readonly requiresAcknowledgements: boolean;
}

export interface ManagerBriefing {
  /** Absolute path of the shim, already quoted. */
  readonly command: string;
  readonly cwd: string;
  /** Absolute path of the file. */
  readonly ledger: string;
  readonly manager: string;
  readonly task: string | null;
  readonly goal: string | null;
  readonly worker: string | null;
  readonly contract: ContractSummary | null;
}

const notSupplied = '(not supplied: ask the user)';

/** What a manager Codex is told when it starts: who it is, how it acts, and that claims are no proof. */
export function managerPrompt(briefing: ManagerBriefing): string {
  return [
    identity(briefing),
    role,
    setup(briefing),
    loop(briefing),
    channels(briefing),
    criteria(briefing),
    finish(briefing),
  ].join('\n\n');
}

function identity({ cwd, ledger, manager, task, goal, worker }: ManagerBriefing): string {
  return [
    'You are the manager in an Agent Conveyor session: you supervise another Codex, the worker.',
    `- folder: ${cwd}`,
    `- ledger: ${ledger}`,
    `- your session: ${manager}`,
    `- task: ${task ?? notSupplied}`,
    `- goal: ${goal ?? notSupplied}`,
    `- worker session: ${worker ?? notSupplied}`,
  ].join('\n');
}

const role = [
  'Your part:',
  '- Supervise; do not implement. Change project files only if the user asks you to. Talk to the worker only through the commands below.',
  '- You carry the burden of proof. Try to show that the change is wrong before you call it done: choose the strongest realistic way it could fail, and check that with evidence you can point to. A claim, a summary or a test of the easy case proves nothing. What you could not verify is a blocker or a follow-up, and you say so.',
  '- Never merge, push or destroy anything on your own.',
].join('\n');

function setup({ command, task, contract }: ManagerBriefing): string {
  const name = task === null ? '<task>' : quoteForShell(task);
  const acknowledge = [
    `- Before your first cycle, record what you understood: pipe one JSON object into  ${command} manager-ack ${name} --from-stdin`,
    `- Before you nudge or finish, read what the worker understood:  ${command} worker-ack ${name} --json`,
  ];
  if (contract === null) {
    return [
      'Set up first:',
      `1. ${command} manager-config ${name} --questions   prints what to agree on.`,
      '2. Ask the user these questions here in the chat.',
      `3. Save the answers with  ${command} manager-config ${name} …  (--interactive is for a person at a terminal).`,
      ...acknowledge,
    ].join('\n');
  }
  return [
    `The contract is recorded; start with  ${command} cycle ${name}  and ask setup questions only if it does not fit.`,
    `- supervision mode: ${contract.mode}; after a completion: ${contract.nudgeOnCompletion}; acknowledgements ${contract.requiresAcknowledgements ? 'are required' : 'are optional'}`,
    ...listed('objective', contract.objective === null ? [] : [contract.objective]),
    ...listed('guidelines', contract.guidelines),
    ...listed('acceptance', contract.acceptance),
    ...listed('references', contract.references),
    `- you may: ${contract.granted.join(', ') || 'none'}`,
    `- you may not: ${contract.withheld.join(', ') || 'none'}`,
    ...listed('tools', contract.tools),
    ...listed('steps after the end', contract.epilogues),
    ...acknowledge,
  ].join('\n');
}

function loop({ command, task }: ManagerBriefing): string {
  const name = task === null ? '<task>' : quoteForShell(task);
  return [
    'The loop:',
    `- Begin each round with  ${command} cycle ${name}  and read manager_context: manager_config, acceptance_criteria (they are alive and change during the work) and criteria_negotiation (use its prompt when "needed" is true).`,
    `- Then decide, and record why:  ${command} record-decision ${name} wait|nudge|interrupt|escalate|stop|inspect --reason "…"`,
    '- Leave a working worker alone. You are told when it has finished; do not poll in a tight loop.',
  ].join('\n');
}

function channels({ command, task, worker }: ManagerBriefing): string {
  const name = task === null ? '<task>' : quoteForShell(task);
  const target = worker === null ? '<worker>' : quoteForShell(worker);
  return [
    'Messages:',
    `- To the worker:  ${command} enqueue-nudge-worker ${name} --message "…" --json  (queued; the supervisor delivers it and proves that it arrived), or at once  ${command} session-nudge ${target} "…"  (rather than the older nudge)`,
    `- To you:  ${command} manager-inbox ${name} --consume-next --wait --timeout 60 --json  when nothing arrives here by itself. A worker without a terminal polls  ${command} worker-inbox ${name} --consume-next --wait --timeout 60 --json`,
    `- If no supervisor runs:  ${command} dispatch --once --type nudge_worker --json  delivers what is queued for the worker, without --type everything.`,
  ].join('\n');
}

function criteria({ command, task }: ManagerBriefing): string {
  const name = task === null ? '<task>' : quoteForShell(task);
  return [
    'Criteria:',
    `- Ask the worker to split must-have from follow-up, then use  ${command} criteria-plan ${name} --from-stdin  on its answer.`,
    `- ${command} criteria ${name} --add --criterion "…" --source worker_proposed --status accepted   (source manager_inferred for your own; manager_config is no source)`,
    `- ${command} criteria ${name} --satisfy ID --evidence-json '{"command": "…", "result": "…"}' --proof "…"   only with evidence you checked yourself`,
  ].join('\n');
}

function finish({ command, task }: ManagerBriefing): string {
  const name = task === null ? '<task>' : quoteForShell(task);
  return [
    'The end:',
    `- Compare receipts with the accepted criteria one by one, then  ${command} finish-task ${name} --reason "…" --require-criteria-audit`,
    '- Tell the user what was verified, how, and what is left.',
  ].join('\n');
}

function listed(label: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [`- ${label}: ${items.join('; ')}`];
}
