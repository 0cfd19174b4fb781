import { ConveyorError } from '../domain/errors.ts';
import { deepestJson, isDeeperThan, isJsonObject, type JsonObject, ledgerJson } from '../domain/json.ts';
import type { SessionBinding } from '../ledger/bindingStore.ts';
import type { GroupResult } from '../ports/processGroup.ts';
import type { ProcessRunner } from '../ports/processRunner.ts';
import { parseReview, type ReviewVerdict } from './continuationReview.ts';
import { isolated, outputLimit } from './isolated.ts';
import { allowedContext, type ReviewContext } from './reviewContext.ts';
import { type ReviewSandbox, type SandboxEngine, type SandboxHost, engineOf } from './reviewSandbox.ts';

/** What a reviewer gets of the caller's variables, besides what is named. */
export const reviewerVariables = ['LANG', 'LC_ALL', 'LC_CTYPE', 'PATH', 'TMPDIR', 'PYTHONIOENCODING'] as const;

export interface Reviewer {
  /** As it was given. */
  readonly program: string;
  /** Null when there is no such program. */
  readonly executable: string | null;
  readonly words: readonly string[];
  readonly reviewerId: string;
  readonly managerId: string;
  readonly seconds: number;
  readonly allowNetwork: boolean;
  /** Names of variables that it may see besides the usual ones. */
  readonly allowedVariables: readonly string[];
}

export interface ReviewPorts {
  readonly processes: ProcessRunner;
  readonly clock: { monotonic(): number };
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly host: SandboxHost;
  readonly signal: AbortSignal;
}

/** Where it runs, or why it can't. */
export type Isolation =
  | { readonly sandbox: ReviewSandbox; readonly setupError: null }
  | { readonly sandbox: null; readonly setupError: string };

/** What a reviewer must not read: what the agents said, and the ledger with everything beside it. */
export function deniedPaths(stateRoot: string, ledgerFile: string, bound: SessionBinding | null): readonly string[] {
  const rollouts = bound === null ? [] : [bound.worker, bound.manager].flatMap((one) => one.codex_session_path ?? []);
  return [...rollouts, ledgerFile, `${ledgerFile}-wal`, `${ledgerFile}-shm`, stateRoot];
}

/** The variables of an isolated program. Its temporary folder is the one place that it can write to. */
export function isolatedEnvironment(
  { variables }: Pick<ReviewPorts, 'variables'>,
  folder: string,
  named: readonly string[],
): Readonly<Record<string, string>> {
  const entries = [...new Set([...reviewerVariables, ...named])].flatMap((name) => {
    const value = name === 'TMPDIR' ? folder : variables[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(entries);
}

/**
 * Lets a third party judge a turn. Whatever goes wrong is a review that says stop, with the reason: never a silent approval.
 */
export async function runReviewer(
  ports: ReviewPorts,
  reviewer: Reviewer,
  context: ReviewContext,
  isolation: Isolation,
): Promise<ReviewVerdict> {
  const { sandbox, setupError } = isolation;
  const { executable, words } = reviewer;
  const before = setupError ?? (executable === null ? `reviewer command not found: ${reviewer.program}` : null);
  if (sandbox === null || executable === null) {
    return failed(ports, reviewer, isolation, { error: before ?? '', result: null, took: 0 });
  }
  const environment = isolatedEnvironment(ports, sandbox.folder, reviewer.allowedVariables);
  const started = ports.clock.monotonic();
  const result = await isolated(ports.processes, sandbox, [executable, ...words], {
    cwd: sandbox.folder,
    environment,
    seconds: reviewer.seconds,
    stdin: `${ledgerJson(context)}\n`,
    signal: ports.signal,
  });
  const took = ports.clock.monotonic() - started;
  const error = failureOf(result, reviewer);
  if (error !== null) return failed(ports, reviewer, isolation, { error, result, took });
  const judged = judge(ports, reviewer, isolation, result, took);
  return typeof judged === 'string' ? failed(ports, reviewer, isolation, { error: judged, result, took }) : judged;
}

function failureOf({ ended, status, missing }: GroupResult, { seconds }: Reviewer): string | null {
  if (ended === 'timeout') return `reviewer command timed out after ${seconds}s`;
  if (ended === 'output') return `reviewer command printed more than ${outputLimit} bytes`;
  if (ended === 'interrupted') return 'reviewer command was interrupted';
  if (missing) return 'the sandbox of the reviewer could not be started';
  return status === 0 ? null : `reviewer command exited ${status}`;
}

/** It is stored below a few levels of ours. */
const deepest = deepestJson - 10;

/** The review that was printed, or what is wrong with it. */
function judge(
  ports: ReviewPorts,
  reviewer: Reviewer,
  isolation: Isolation,
  { stdout, status }: GroupResult,
  took: number,
): ReviewVerdict | string {
  const printed = parsed(stdout);
  if (printed === null) return 'reviewer command printed no JSON object';
  const own = printed.subagent_run ?? {};
  if (!isJsonObject(own)) return 'the review is not valid: subagent_run must be an object';
  const subagentRun = {
    ...own,
    ...receipt(ports, reviewer, isolation),
    allowed_context: [...allowedContext],
    duration_ms: took,
    returncode: status,
    status: 'succeeded',
  };
  try {
    return parseReview({ ...printed, subagent_run: subagentRun });
  } catch (error) {
    if (ConveyorError.is(error)) return error.message;
    throw error;
  }
}

function parsed(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    return isJsonObject(value) && !isDeeperThan(value, deepest) ? value : null;
  } catch {
    return null;
  }
}

interface Failure {
  readonly error: string;
  readonly result: GroupResult | null;
  readonly took: number;
}

function failed(
  ports: ReviewPorts,
  reviewer: Reviewer,
  isolation: Isolation,
  { error, result, took }: Failure,
): ReviewVerdict {
  return {
    agreement: 'divergent',
    verdict: 'stop',
    addendum: 'The review failed. Do not proceed until the operator has decided.',
    rationale: error,
    subagentRun: {
      ...receipt(ports, reviewer, isolation),
      duration_ms: took,
      error,
      returncode: result === null || result.ended !== null ? null : result.status,
      status: 'failed',
      stderr_redacted: result !== null && result.stderr !== '',
      stdout_redacted: result !== null && result.stdout !== '',
    },
  };
}

export interface SandboxReceipt {
  readonly [key: string]: number | boolean | string | readonly string[];
  readonly denied_path_count: number;
  readonly enabled: boolean;
  /** Names of the variables that the reviewer saw. Never what they held. */
  readonly environment: readonly string[];
  readonly engine: SandboxEngine;
  readonly network: 'off' | 'allowed';
  readonly profile: string;
}

function receipt(ports: ReviewPorts, reviewer: Reviewer, { sandbox, setupError }: Isolation): JsonObject {
  const { program, words, reviewerId, managerId, allowNetwork, allowedVariables } = reviewer;
  const seen = sandbox === null ? {} : isolatedEnvironment(ports, sandbox.folder, allowedVariables);
  const record: SandboxReceipt = {
    denied_path_count: sandbox?.deniedCount ?? 0,
    enabled: sandbox !== null,
    engine: engineOf(ports.host),
    environment: Object.keys(seen).toSorted(),
    network: allowNetwork ? 'allowed' : 'off',
    profile: 'read-only-deny-state-root-bound-session-and-db-read',
    ...(setupError === null ? {} : { setup_error: setupError }),
  };
  return {
    manager_rollout_access: false,
    manager_session_id: managerId,
    reviewer_session_id: reviewerId,
    runner: `'${program.replaceAll("'", `'"'"'`)}'`,
    runner_arg_count: words.length + 1,
    sandbox: record,
  };
}
