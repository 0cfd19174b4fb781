import type { ProcessRunner } from '../ports/processRunner.ts';
import { exactSession } from './tmux.ts';
import { socketArguments } from './tmuxCommand.ts';

/**
 * Closes a tmux session from a process of its own, a moment later: for a caller that runs inside that session and has
 * something to finish. It outlives the caller, and the hang-up that closing sends.
 */
export function killSessionLater(runner: ProcessRunner, socket: string | undefined, name: string): Promise<number> {
  const kill = ['tmux', ...socketArguments(socket), 'kill-session', '-t', exactSession(name)];
  return runner.startDetached('sh', ['-c', 'sleep 1; exec "$@"', 'sh', ...kill]);
}
