import type { GroupResult } from '../ports/processGroup.ts';
import type { ProcessRunner } from '../ports/processRunner.ts';
import type { ReviewSandbox } from './reviewSandbox.ts';

export interface IsolatedRun {
  readonly cwd: string;
  /** All variables that the program gets. */
  readonly environment: Readonly<Record<string, string>>;
  readonly seconds: number;
  readonly stdin?: string;
  readonly signal?: AbortSignal;
}

export const outputLimit = 1024 * 1024;

/** Runs a command in the sandbox, and ends everything that it started with it. */
export function isolated(
  processes: ProcessRunner,
  sandbox: ReviewSandbox,
  command: readonly string[],
  { cwd, environment, seconds, stdin, signal }: IsolatedRun,
): Promise<GroupResult> {
  const wrapped = sandbox.wrap(command, cwd);
  return processes.runGroup(wrapped.file, wrapped.argv, {
    cwd: wrapped.cwd,
    environment,
    inheritedFile: wrapped.inheritedFile,
    outputLimit,
    timeoutMilliseconds: Math.max(1, seconds * 1000),
    ...(stdin === undefined ? {} : { stdin }),
    ...(signal === undefined ? {} : { signal }),
  });
}
