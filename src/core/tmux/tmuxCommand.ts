import { refuse, type ConveyorError } from '../domain/errors.ts';
import type { ProcessRunner, RunOptions } from '../ports/processRunner.ts';

/** One tmux server: the person's default one, or the one that `$CONVEYOR_TMUX_SOCKET` names. */
export interface TmuxCommand {
  /** What a person types before the tmux verb: `tmux`, or `tmux -L name`. */
  readonly prefix: readonly string[];
  /** Runs one tmux invocation and returns its stdout; throws the closed `tmux_*` codes. */
  run(verb: string, argv?: readonly string[], options?: RunOptions): Promise<string>;
}

/** tmux answers locally within milliseconds; a server that hangs must not hang us. */
const TIMEOUT_MILLISECONDS = 10_000;

/** `name` becomes `-L name`; anything with a slash is a path, `-S path`; nothing is tmux's own default. */
export function socketArguments(socket: string | undefined): readonly string[] {
  if (socket === undefined || socket === '') return [];
  return socket.includes('/') ? ['-S', socket] : ['-L', socket];
}

export function tmuxCommand(runner: ProcessRunner, socket: string | undefined): TmuxCommand {
  const where = socketArguments(socket);
  return {
    prefix: ['tmux', ...where],
    run: async (verb, argv = [], options = {}) => {
      // -u: without a UTF-8 locale tmux would print every composer sign as an underscore.
      const all = ['-u', ...where, verb, ...argv];
      const result = await runner.run('tmux', all, { timeoutMilliseconds: TIMEOUT_MILLISECONDS, ...options });
      if (result.missing) throw tmuxMissing();
      if (result.status !== 0) throw tmuxFailure(verb, result.status, result.stderr);
      return result.stdout;
    },
  };
}

const tmuxMissing = () =>
  refuse('tmux_missing', 'tmux is not installed or is not available on PATH; install it and try again');

export const tmuxNotRunning = (session: string) =>
  refuse('tmux_not_running', `tmux session is not running: ${session}`, { facts: { tmux_session: session } });

/**
 * Sorts what tmux says on stderr into codes, once, here. tmux has neither exit codes nor a machine form for them.
 * Only stderr is quoted: argv and stdin may hold a message (OD-45).
 */
function tmuxFailure(verb: string, status: number, stderr: string): ConveyorError {
  const detail = firstLine(stderr) || `exit status ${status}`;
  const facts = { verb, status };
  if (DENIED.test(detail)) {
    const advice = 'run this outside the sandbox, or allow the terminal to control tmux in the privacy settings';
    return refuse('tmux_denied', `tmux access was denied by the OS or a sandbox (${detail}); ${advice}`, { facts });
  }
  if (DUPLICATE.test(detail)) return refuse('tmux_exists', `tmux refused: ${detail}`, { facts });
  if (ABSENT.test(detail)) return refuse('tmux_not_running', `tmux has no such session or pane (${detail})`, { facts });
  return refuse('tmux_failed', `tmux ${verb} failed: ${detail}`, { facts });
}

const DENIED = /operation not permitted|permission denied|not authori[sz]ed|access not allowed/i;
const DUPLICATE = /^duplicate session/i;
const ABSENT =
  /no server running|error connecting to .*\((?:No such file or directory|Connection refused)\)|can't find (?:session|window|pane)|no current target|no sessions|server exited|lost server/i;

function firstLine(text: string): string {
  const line = text.trim().split('\n', 1)[0] ?? '';
  return line.slice(0, 300);
}
