import { join } from 'node:path';

/** Keeps a VS Code under test away from the person's own tmux server, Codex home, shims and state. */
export function privateEnvironment(scratch: string): Readonly<Record<string, string>> {
  return {
    CONVEYOR_TMUX_SOCKET: join(scratch, 'tmux'),
    CODEX_HOME: join(scratch, 'codex'),
    XDG_DATA_HOME: join(scratch, 'data'),
    WORKERCTL_STATE_ROOT: '',
  };
}
