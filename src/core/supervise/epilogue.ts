import { refuse } from '../domain/errors.ts';
import { isCategory } from '../domain/permissions.ts';
import { recordEvent } from '../ledger/auditStore.ts';
import type { Connection } from '../ledger/connection.ts';
import { listContinuationReviews } from '../ledger/continuationStore.ts';
import { listCriteria } from '../ledger/criterionStore.ts';
import { countTaskRecords, type EpilogueRun, insertEpilogueRun, listEpilogueRuns } from '../ledger/epilogueStore.ts';
import { findHandoff } from '../ledger/handoffStore.ts';
import { type epilogueSteps, findManagerConfig } from '../ledger/managerConfigStore.ts';
import type { Task } from '../ledger/taskStore.ts';
import type { Clock } from '../ports/clock.ts';
import type { ProcessRunner } from '../ports/processRunner.ts';

export type EpilogueStep = (typeof epilogueSteps)[number];

export interface EpiloguePorts {
  readonly ledger: Connection;
  readonly clock: Clock;
  readonly processes: ProcessRunner;
  /** Where tools are asked for their version. */
  readonly cwd: string;
}

/** How a step went. `result` may be there although it failed: what was found until then. */
interface StepOutcome {
  readonly result: object | null;
  readonly error: string | null;
}

/** Runs one step that ends a task and records it, however it goes. Throws `invalid_value` when the policy has no such step. */
export async function runEpilogueStep(
  ports: EpiloguePorts,
  task: Task,
  { step, correlationId }: { readonly step: EpilogueStep; readonly correlationId: string | null },
): Promise<EpilogueRun> {
  const { ledger, clock } = ports;
  const configured = findManagerConfig(ledger, task.id)?.epilogues ?? [];
  if (!configured.includes(step)) {
    throw refuse(
      'invalid_value',
      `${step} is not configured for task '${task.name}'; add it with "manager-config ${task.name} --epilogue ${step}"`,
    );
  }
  const startedAt = clock.now();
  const tools = step === 'run-tools' ? await runTools(ports, task) : null;
  return ledger.write(() => {
    const outcome = tools ?? checkRecords(ledger, task, step);
    const state = outcome.error === null ? 'succeeded' : 'failed';
    const run = { taskId: task.id, stepName: step, state, startedAt, correlationId, ...outcome } as const;
    const id = insertEpilogueRun(ledger, run, clock.now());
    const recorded = listEpilogueRuns(ledger, task.id).find((one) => one.id === id);
    if (recorded === undefined) throw new Error(`epilogue run ${id} is gone right after it was inserted`);
    recordEvent(
      ledger,
      {
        type: 'epilogue_step_recorded',
        taskId: task.id,
        correlationId: recorded.correlation_id,
        payload: { epilogue_run_id: id, state, step_name: step },
      },
      clock.now(),
    );
    return recorded;
  });
}

function checkRecords(ledger: Connection, task: Task, step: EpilogueStep): StepOutcome {
  switch (step) {
    case 'record-handoff':
      return checkHandoff(ledger, task);
    case 'subagent-review':
      return checkReview(ledger, task);
    case 'draft-pr':
      return draft(ledger, task);
    case 'run-tools':
      throw new Error('tools are run before anything is recorded');
    default:
      return step satisfies never;
  }
}

function checkHandoff(ledger: Connection, task: Task): StepOutcome {
  const handoff = findHandoff(ledger, task.id);
  if (handoff === null) {
    return {
      result: null,
      error: `record-handoff requires an existing worker handoff; record one with "handoff ${task.name}"`,
    };
  }
  return { result: { handoff_id: handoff.id, summary: handoff.summary }, error: null };
}

/** A reviewer that says stop has not let the task pass (AT-6). */
function checkReview(ledger: Connection, task: Task): StepOutcome {
  const review = listContinuationReviews(ledger, task.id).at(-1);
  if (review === undefined) {
    return { result: null, error: 'subagent-review requires a recorded continuation review' };
  }
  const { agreement, verdict, id, subagent_run: run } = review;
  const result = {
    agreement,
    verdict,
    continuation_review_id: id,
    operator_routing_required: run.operator_routing_required ?? false,
  };
  return { result, error: verdict === 'stop' ? `the latest continuation review (${id}) says stop` : null };
}

/** A checkpoint only: nothing is drafted or sent. */
function draft(ledger: Connection, task: Task): StepOutcome {
  const { commands, events } = countTaskRecords(ledger, task.id);
  const result = {
    acceptance_criteria_count: listCriteria(ledger, task.id).length,
    command_count: commands,
    event_count: events,
    summary: `The records of task ${task.name} are ready to be drafted from.`,
  };
  return { result, error: null };
}

const versionTimeout = 30_000;
const keptCharacters = 1000;

interface ToolResult {
  readonly tool: string;
  readonly returncode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Asks each expected tool for its version. A name from the list of permissions is no program: it is noted (AT-6). */
async function runTools({ ledger, processes, cwd }: EpiloguePorts, task: Task): Promise<StepOutcome> {
  const tools: ToolResult[] = [];
  const failed = (error: string): StepOutcome => ({ result: { tool_count: tools.length, tools }, error });
  for (const tool of findManagerConfig(ledger, task.id)?.tools ?? []) {
    if (isCategory(tool.split('.')[0] ?? '')) {
      tools.push({ tool, returncode: null, stdout: '', stderr: '' });
      continue;
    }
    const { status, stdout, stderr, missing } = await processes.run(tool, ['--version'], {
      cwd,
      timeoutMilliseconds: versionTimeout,
    });
    if (missing) return failed(`configured tool not found: ${tool}`);
    tools.push({
      tool,
      returncode: status,
      stdout: stdout.slice(-keptCharacters),
      stderr: stderr.slice(-keptCharacters),
    });
    if (status !== 0) return failed(`configured tool failed version check: ${tool} (exit status ${status})`);
  }
  return { result: { tool_count: tools.length, tools }, error: null };
}
