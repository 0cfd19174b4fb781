import { type ChildProcess, spawn } from 'node:child_process';

export interface RunningDashboard {
  readonly url: URL;
  readonly process: ChildProcess;
  readonly ended: Promise<number | null>;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  stderr(): string;
}

/** `conveyor dashboard` of a bundle. Resolves with the address it prints. */
export async function startDashboard(
  cli: string,
  argv: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<RunningDashboard> {
  const child = spawn(process.execPath, [cli, 'dashboard', '--port', '0', ...argv], {
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  let complained = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complained += text));
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  const url = await new Promise<URL>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('\n')) resolve(new URL(said.trim()));
    });
    void ended.then((code) => reject(new Error(`the dashboard ended with ${code}: ${complained}`)));
  });
  return {
    url,
    process: child,
    ended,
    stop: (signal = 'SIGTERM') => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return ended;
    },
    stderr: () => complained,
  };
}
