import { spawn } from 'node:child_process';

export interface ForegroundOptions {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Ends the program, by SIGTERM, and by force when it takes too long. */
  readonly signal: AbortSignal;
}

/** What a program has left to end in. Milliseconds. */
const grace = 3000;

/**
 * Runs a program of ours on our own output. A channel stays open between us, so that it notices when we are killed and
 * ends as well.
 */
export function runForeground(file: string, argv: readonly string[], options: ForegroundOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, [...argv], {
      cwd: options.cwd,
      env: options.environment,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    let force: NodeJS.Timeout | null = null;
    const stop = (): void => {
      child.kill('SIGTERM');
      force = setTimeout(() => child.kill('SIGKILL'), grace);
    };
    if (options.signal.aborted) stop();
    else options.signal.addEventListener('abort', stop, { once: true });
    const settle = (): void => {
      options.signal.removeEventListener('abort', stop);
      if (force !== null) clearTimeout(force);
    };
    child.once('error', (error) => {
      settle();
      reject(error);
    });
    child.once('exit', (code) => {
      settle();
      resolve(code ?? 1);
    });
  });
}
