import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { ProcessResult, RunOptions } from './processRunner.ts';

/** Why a group was ended from outside; null when its leader ended by itself. */
export type GroupEnd = 'timeout' | 'output' | 'interrupted';

export interface GroupOptions extends RunOptions {
  /** More than this many bytes of standard output end the group. */
  readonly outputLimit: number;
  /** A file that the program finds open as descriptor 3. */
  readonly inheritedFile?: string | null;
  /** Ends the group when it aborts. */
  readonly signal?: AbortSignal;
}

export interface GroupResult extends ProcessResult {
  readonly ended: GroupEnd | null;
}

const stderrLimit = 64 * 1024;
/** How long what left the group may hold on to our pipes. */
const lastWords = 500;

/**
 * Runs a program as the leader of a process group and ends the whole group with it: at the time limit, when it says too
 * much, when we are interrupted, and also when it ends by itself and leaves others behind.
 */
export function runProcessGroup(file: string, argv: readonly string[], options: GroupOptions): Promise<GroupResult> {
  return new Promise((resolve) => {
    const inherited = options.inheritedFile ? openSync(options.inheritedFile, 'r') : null;
    const child = spawn(file, [...argv], {
      cwd: options.cwd,
      env: options.environment ?? process.env,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe', ...(inherited === null ? [] : [inherited])],
    });
    if (inherited !== null) closeSync(inherited);
    let ended: GroupEnd | null = null;
    const end = (why: GroupEnd) => {
      ended ??= why;
      killGroup(child);
    };
    const stdout = collect(child, 'stdout', options.outputLimit, () => end('output'));
    const stderr = collect(child, 'stderr', stderrLimit, () => {});
    const interrupt = () => end('interrupted');
    options.signal?.addEventListener('abort', interrupt, { once: true });
    if (options.signal?.aborted) interrupt();
    const limit = setTimeout(() => end('timeout'), Math.min(options.timeoutMilliseconds ?? 2 ** 31 - 1, 2 ** 31 - 1));
    const finish = (status: number, missing: boolean) => {
      clearTimeout(limit);
      options.signal?.removeEventListener('abort', interrupt);
      for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe?.destroy();
      resolve({ status, stdout: stdout(), stderr: stderr(), missing, ended });
    };
    child.once('error', () => finish(127, true));
    child.once('exit', (code) => {
      killGroup(child);
      const late = setTimeout(() => {
        for (const pipe of [child.stdout, child.stderr]) pipe?.destroy();
      }, lastWords);
      child.once('close', () => {
        clearTimeout(late);
        finish(code ?? (ended === 'timeout' ? 124 : 128), false);
      });
    });
    child.stdin?.on('error', () => {}); // a program that exits without reading its input is no error of ours
    child.stdin?.end(options.stdin ?? '');
  });
}

function collect(child: ChildProcess, name: 'stdout' | 'stderr', limit: number, tooMuch: () => void): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  child[name]?.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > limit) tooMuch();
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody is left in it.
  }
}
