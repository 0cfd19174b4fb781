import { execFile, spawn } from 'node:child_process';
import { type ForegroundOptions, runForeground } from './foregroundProcess.ts';
import { type GroupOptions, type GroupResult, runProcessGroup } from './processGroup.ts';

export interface ProcessResult {
  /** Exit status; 127 when the program does not exist, 124 when it ran out of time, 128+n for a signal. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** True when the program could not be found on PATH. */
  readonly missing: boolean;
}

export interface RunOptions {
  readonly stdin?: string;
  /** Keeps its input open until what it has printed so far is enough; without it the input ends at once. */
  readonly holdsStdinUntil?: (stdout: string) => boolean;
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly timeoutMilliseconds?: number;
}

/** Running other programs. Arguments never pass a shell. */
export interface ProcessRunner {
  run(file: string, argv: readonly string[], options?: RunOptions): Promise<ProcessResult>;
  /** Runs a program and ends everything that it started with it, as far as that stayed in its process group. */
  runGroup(file: string, argv: readonly string[], options: GroupOptions): Promise<GroupResult>;
  /** Starts a process of its own session with null stdio that outlives us; resolves with its pid. */
  startDetached(file: string, argv: readonly string[], options?: Omit<RunOptions, 'stdin'>): Promise<number>;
  /** Runs a program of ours on our own output until it ends; resolves with its exit status. */
  runForeground(file: string, argv: readonly string[], options: ForegroundOptions): Promise<number>;
}

const outputLimit = 64 * 1024 * 1024;

export const systemProcessRunner: ProcessRunner = {
  run: (file, argv, options = {}) =>
    new Promise((resolve) => {
      const child = execFile(
        file,
        [...argv],
        {
          cwd: options.cwd,
          env: options.environment ?? process.env,
          timeout: options.timeoutMilliseconds ?? 0,
          killSignal: 'SIGKILL',
          maxBuffer: outputLimit,
          encoding: 'utf8',
        },
        (error, stdout, stderr) => {
          const missing = error?.code === 'ENOENT';
          resolve({
            status: statusOf(error, missing),
            stdout,
            stderr: stderr || (missing ? String(error) : ''),
            missing,
          });
        },
      );
      child.stdin?.on('error', () => {}); // a program that exits without reading its input is no error of ours
      const { holdsStdinUntil, stdin = '' } = options;
      if (holdsStdinUntil === undefined) child.stdin?.end(stdin);
      else {
        child.stdin?.write(stdin);
        let said = '';
        child.stdout?.on('data', (text: string) => {
          said += text;
          if (holdsStdinUntil(said)) child.stdin?.end();
        });
      }
    }),
  runGroup: runProcessGroup,
  runForeground,
  startDetached: (file, argv, options = {}) =>
    new Promise((resolve, reject) => {
      const child = spawn(file, [...argv], {
        cwd: options.cwd,
        env: options.environment ?? process.env,
        detached: true,
        stdio: 'ignore',
      });
      child.once('error', reject);
      child.once('spawn', () => {
        child.unref();
        resolve(child.pid ?? 0);
      });
    }),
};

function statusOf(
  error: (Error & { code?: unknown; killed?: boolean; signal?: unknown }) | null,
  missing: boolean,
): number {
  if (!error) return 0;
  if (missing) return 127;
  if (typeof error.code === 'number') return error.code;
  return error.killed ? 124 : 128;
}

type Answer = Partial<ProcessResult> | ((argv: readonly string[], options: RunOptions) => Partial<ProcessResult>);

/** Answers by program name and records every call. */
export class FakeProcessRunner implements ProcessRunner {
  readonly calls: { file: string; argv: readonly string[]; options: RunOptions }[] = [];
  readonly answers: Map<string, Answer>;

  constructor(answers: Record<string, Answer> = {}) {
    this.answers = new Map(Object.entries(answers));
  }

  run(file: string, argv: readonly string[], options: RunOptions = {}): Promise<ProcessResult> {
    this.calls.push({ file, argv, options });
    const answer = this.answers.get(file);
    if (answer === undefined) return Promise.resolve({ status: 127, stdout: '', stderr: '', missing: true });
    const given = typeof answer === 'function' ? answer(argv, options) : answer;
    return Promise.resolve({ status: 0, stdout: '', stderr: '', missing: false, ...given });
  }

  async runGroup(file: string, argv: readonly string[], options: GroupOptions): Promise<GroupResult> {
    return { ended: null, ...(await this.run(file, argv, options)) };
  }

  startDetached(file: string, argv: readonly string[], options: RunOptions = {}): Promise<number> {
    this.calls.push({ file, argv, options });
    return Promise.resolve(4242);
  }

  runForeground(file: string, argv: readonly string[], options: ForegroundOptions): Promise<number> {
    this.calls.push({ file, argv, options });
    return Promise.resolve(0);
  }
}
