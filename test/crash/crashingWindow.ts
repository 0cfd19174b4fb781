/**
 * An extension host as far as its supervisor thread can tell. The whole process dies where $CRASH_AT says; ends with
 * SIGTERM otherwise, as when the window is closed.
 *
 *     WORKERCTL_STATE_ROOT=… CRASH_AT=typed node test/crash/crashingWindow.ts WINDOW-ID
 */
import { fileURLToPath } from 'node:url';
import { supervisorIn } from '../../src/extension/engine/supervisorThread.ts';

const [windowId = 'vscode-crash'] = process.argv.slice(2);
const environment = Object.fromEntries(
  Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
);
const start = supervisorIn(fileURLToPath(new URL('crashingSupervisor.ts', import.meta.url)));
const thread = start(
  {
    windowId,
    folder: process.cwd(),
    stateRoot: environment.WORKERCTL_STATE_ROOT ?? '',
    tmux: { path: null, socket: environment.CONVEYOR_TMUX_SOCKET ?? null },
    codex: { path: null },
    permissions: [],
    runtime: { executable: process.execPath, electron: false, cli: 'cli.js' },
    environment,
  },
  {
    snapshotChanged: () => {},
    attention: () => {},
    watchTerminal: () => Promise.resolve(null),
    log: (level, line) => {
      if (level === 'error' || level === 'warn') console.error(line);
    },
  },
);
void thread.ended.then((failure) => {
  if (failure === null) return;
  console.error(failure);
  process.exitCode = 1;
});
process.once('SIGTERM', () => void thread.dispose());
