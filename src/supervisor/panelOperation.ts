import type { OperationName } from '../core/operations/registry.ts';
import type { PanelOperation, PanelOperationInput } from '../protocol/operations.ts';

export interface OperationCall {
  readonly name: OperationName;
  readonly input: Readonly<Record<string, unknown>>;
}

type Translators = {
  readonly [Name in PanelOperation]: (input: PanelOperationInput<Name>) => Readonly<Record<string, unknown>>;
};

/** Codex starts from the panel in a sandbox that may write the workspace, and asks before it leaves it. */
const panelLaunch = { sandbox: 'workspace-write', askForApproval: 'on-request' };

const translators: Translators = {
  pair: ({ task, goal, worker, manager, prompt, cwd }) => ({
    task,
    taskGoal: goal,
    workerName: worker,
    managerName: manager,
    taskPrompt: prompt,
    cwd,
    ...panelLaunch,
    // The engine of this window dispatches.
    noDispatch: true,
  }),
  'register-worker': registration,
  'register-manager': registration,
  tasks: ({ create, goal }) => ({ create, goal }),
  bind: ({ task, worker, manager }) => ({ task, worker, manager }),
  cycle: ({ task }) => ({ task }),
  'session-nudge': ({ name, text, anyway }) => ({ name, text, anyway: anyway ?? false }),
  'session-interrupt': ({ name, followup }) => ({ name, followup: followup ?? null }),
  approve: ({ name, option, expect }) => ({ name, option, expect }),
  resume: ({ name }) => ({ name }),
  deny: ({ name, expect }) => ({ name, expect }),
  confirm: ({ name }) => ({ name }),
  criteria: (input) =>
    input.action === 'add'
      ? { task: input.task, add: true, criterion: input.criterion, source: input.source, status: [input.status] }
      : { task: input.task, [input.action]: input.id, proof: input.proof ?? null, rationale: input.rationale ?? null },
  'finish-task': ({ task, reason, stopWorker, stopManager }) => ({ task, reason, stopWorker, stopManager }),
  stop: ({ name }) => ({ name }),
  'mark-read': ({ name }) => ({ name }),
  'install-hooks': ({ dryRun, remove, expect }) => ({ dryRun, remove, expect: expect ?? null }),
  doctor: () => ({}),
};

function registration({ name, tmuxSession, pid, cwd, codexSession }: PanelOperationInput<'register-worker'>) {
  return { name, tmuxSession, cwd, codexSession: codexSession ?? null, ...(pid === undefined ? {} : { pid }) };
}

/** The operation of core that a panel's request stands for. */
export function operationCall<Name extends PanelOperation>(
  name: Name,
  input: PanelOperationInput<Name>,
): OperationCall {
  return { name, input: translators[name](input) };
}
