import { basename, dirname, resolve } from 'node:path';
import * as z from 'zod/mini';
import { refuse } from '../domain/errors.ts';
import { findNewestBinding, findSessionBinding, type SessionBinding, withSessions } from '../ledger/bindingStore.ts';
import type { Connection } from '../ledger/connection.ts';
import { verdicts } from '../ledger/continuationStore.ts';
import { requireTask, type Task } from '../ledger/taskStore.ts';
import {
  type ProposedTurn,
  type RecordedReview,
  recordReview,
  requireReviewPermission,
  requireTurn,
} from '../supervise/continuationReview.ts';
import { isolated } from '../supervise/isolated.ts';
import { type ReviewContext, reviewContext } from '../supervise/reviewContext.ts';
import {
  deniedPaths,
  type Isolation,
  isolatedEnvironment,
  type Reviewer,
  type ReviewPorts,
  runReviewer,
} from '../supervise/reviewRun.ts';
import { makeSandbox, missingIsolation, type SandboxHost } from '../supervise/reviewSandbox.ts';
import { flag, type InputOf, numberWithDefault, positional, requiredText, restOfLine, textList } from './argument.ts';
import { findOnPath } from './findTools.ts';
import { defineOperation } from './operation.ts';
import type { OperationContext } from './operationContext.ts';
import { jsonRecord } from './outputs.ts';

const inputs = {
  task: positional('task id or name', 'TASK'),
  correlationId: requiredText('the turn', { placeholder: 'ID' }),
  reviewerSessionId: requiredText('who reviews', { placeholder: 'ID' }),
  managerSessionId: requiredText('whom it must differ from', { placeholder: 'ID' }),
  timeout: numberWithDefault('how long the reviewer may take', 120, { placeholder: 'SECONDS' }),
  allowNetwork: flag('let the reviewer use the network'),
  allowEnv: textList('let the reviewer see this variable', { placeholder: 'NAME' }),
  dryRun: flag('print what the reviewer would be told, and run nothing'),
  json: flag('print JSON, which is what is printed anyway'),
  reviewerCommand: restOfLine('the reviewer, isolated; the rest of the line is its command'),
};

type Input = InputOf<typeof inputs>;
type Rehearsal = { readonly context: ReviewContext; readonly reviewer_command: readonly string[] | null };
type Output = RecordedReview | Rehearsal;

const isOutput = (value: unknown): boolean =>
  z
    .union([
      z.object({ context: jsonRecord(), reviewer_command: z.nullable(z.array(z.string())) }),
      z.looseObject({ operator_routing_required: z.boolean(), verdict: z.enum(verdicts), subagent_run: jsonRecord() }),
    ])
    .safeParse(value).success;

/**
 * Runs a reviewer that can read the work but change nothing, and puts its verdict on record. What fails is a stop, and a
 * stop is a negative answer.
 */
export const continuationReviewer = defineOperation({
  name: 'continuation-reviewer',
  summary: 'Let an isolated program review the proposals of a turn.',
  effect: 'acts',
  inputs,
  output: () => z.custom<Output>(isOutput),
  run: async (context, input): Promise<Output> => {
    checkIds(input);
    const { ledger } = context;
    const task = requireTask(ledger, input.task);
    const turn = ledger.read(() => {
      requireReviewPermission(ledger, task);
      return requireTurn(ledger, task, input.correlationId);
    });
    const ports = portsOf(context);
    const isolation = await isolate(context, ports, task, input);
    try {
      return await rehearseOrReview(context, ports, { task, turn, input, isolation });
    } finally {
      isolation.sandbox?.remove();
    }
  },
  exitStatus: (found) => ('verdict' in found && found.verdict === 'stop' ? 1 : 0),
});

interface Request {
  readonly task: Task;
  readonly turn: ProposedTurn;
  readonly input: Input;
  readonly isolation: Isolation;
}

async function rehearseOrReview(context: OperationContext, ports: ReviewPorts, request: Request): Promise<Output> {
  const { task, turn, input, isolation } = request;
  const { ledger, clock, variables, processes } = context;
  const told = await reviewContext(ledger, processes, task, turn, {
    cwd: ledger.read(() => workerFolder(context, task)),
    sandbox: isolation.sandbox,
    environment: isolation.sandbox === null ? {} : isolatedEnvironment(ports, isolation.sandbox.folder, []),
    variables,
  });
  const [program, ...words] = input.reviewerCommand;
  if (input.dryRun) {
    return { context: told, reviewer_command: program === undefined ? null : input.reviewerCommand };
  }
  if (program === undefined) {
    throw refuse('missing_input', 'continuation-reviewer requires --reviewer-command, or --dry-run');
  }
  const isBound = ledger.read(() => findSessionBinding(ledger, task.id)) !== null;
  const reviewer: Reviewer = {
    program,
    executable: executableOf(program, context),
    words,
    seconds: input.timeout,
    allowNetwork: input.allowNetwork,
    allowedVariables: input.allowEnv,
    reviewerId: input.reviewerSessionId,
    managerId: input.managerSessionId,
  };
  const place = isBound ? isolation : ({ sandbox: null, setupError: unboundSentence(input.task) } as const);
  const verdict = await runReviewer(ports, reviewer, told, place);
  // The turn is the one that was reviewed, whatever has been proposed meanwhile.
  return ledger.write(() => recordReview(ledger, task, turn, verdict, clock.now()));
}

function unboundSentence(reference: string): string {
  return `no active session-based binding for task '${reference}', so it is not known whose rollouts to hide`;
}

function checkIds({ reviewerSessionId: reviewer, managerSessionId: manager }: Input): void {
  if (reviewer.trim() === '' || manager.trim() === '') {
    throw refuse('invalid_value', '--reviewer-session-id and --manager-session-id must not be empty');
  }
  if (reviewer !== manager) return;
  throw refuse('invalid_value', '--reviewer-session-id and --manager-session-id must differ: nobody reviews itself');
}

function portsOf({ processes, clock, variables, signal }: OperationContext): ReviewPorts {
  const host: SandboxHost = {
    platform: process.platform,
    architecture: process.arch,
    find: (program) => findOnPath(program, variables.PATH),
  };
  return { processes, clock, variables, signal, host };
}

/** A sandbox that was seen to work. What is bound, or was last, decides what it hides. */
async function isolate(
  { ledger, stateRoot, ledgerFile }: OperationContext,
  ports: ReviewPorts,
  task: Task,
  { allowNetwork }: Input,
): Promise<Isolation> {
  const missing = missingIsolation(ports.host);
  if (missing !== null) return { sandbox: null, setupError: missing };
  const bound = ledger.read(() => lastBinding(ledger, task));
  const sandbox = makeSandbox(ports.host, { denied: deniedPaths(stateRoot, ledgerFile, bound), allowNetwork });
  const environment = isolatedEnvironment(ports, sandbox.folder, []);
  const trial = await isolated(ports.processes, sandbox, ['true'], { cwd: sandbox.folder, environment, seconds: 10 });
  if (trial.status === 0) return { sandbox, setupError: null };
  sandbox.remove();
  const reason = trial.stderr.trim().split('\n').at(-1) || `exit status ${trial.status}`;
  const where = 'run it from a terminal that is itself in no sandbox';
  return {
    sandbox: null,
    setupError: `the reviewer could not be isolated with ${sandbox.engine} (${reason}); ${where}`,
  };
}

function lastBinding(ledger: Connection, task: Task): SessionBinding | null {
  const newest = findNewestBinding(ledger, task.id);
  return findSessionBinding(ledger, task.id) ?? (newest === null ? null : withSessions(ledger, newest));
}

function workerFolder({ ledger, cwd }: OperationContext, task: Task): string | null {
  const folder = lastBinding(ledger, task)?.worker.cwd ?? '';
  return folder === '' ? null : resolve(cwd, folder);
}

/** The program runs in an empty folder: what names it from here is made absolute. */
function executableOf(program: string, { cwd, variables }: OperationContext): string | null {
  if (!program.includes('/')) return findOnPath(program, variables.PATH);
  const path = resolve(cwd, program);
  return findOnPath(basename(path), dirname(path));
}
