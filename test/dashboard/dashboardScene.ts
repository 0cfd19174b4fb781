/** A dashboard from its bundle, on a ledger with a bound pair of stand-ins in a tmux server of the test's own. */
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { bundle } from '../../src/build/bundle.ts';
import { bind } from '../../src/core/operations/bind.ts';
import { HostedContext } from '../../src/core/operations/operationContext.ts';
import { recordSession } from '../../src/core/operations/register.ts';
import { runOperation } from '../../src/core/operations/runOperation.ts';
import { tasks } from '../../src/core/operations/tasks.ts';
import { type StandIn, startServer, type TestServer } from '../tmux/tmuxServer.ts';
import { event, head } from '../unit/support/sessionFixture.ts';
import { type RunningDashboard, startDashboard } from './runningDashboard.ts';

export interface DashboardScene {
  readonly server: TestServer;
  readonly context: HostedContext;
  readonly worker: StandIn;
  readonly manager: StandIn;
  readonly folder: string;
  /** `conveyor dashboard`, until `stop`. Resolves with the address it prints. */
  start(...argv: readonly string[]): Promise<RunningDashboard>;
  /** The worker's rollout as after a turn. */
  completeTurn(turn: string): void;
  /** One more session, which shows a word in a colour. Resolves with its name. */
  paint(word: string, colour: string): Promise<string>;
  close(): Promise<void>;
}

/** The bundle is built once for all tests of a run. */
let built: Promise<string> | null = null;

function buildOnce(): Promise<string> {
  built ??= (async () => {
    const folder = mkdtempSync(join(tmpdir(), 'conveyor-dashboard-'));
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    const dist = join(folder, 'dist');
    await bundle(dist);
    return dist;
  })();
  return built;
}

export async function makeDashboard(): Promise<DashboardScene> {
  const dist = await buildOnce();
  const server = startServer();
  const folder = join(server.folder, 'work');
  mkdirSync(folder);
  const environment = {
    ...process.env,
    WORKERCTL_STATE_ROOT: join(folder, '.codex-workers'),
    CONVEYOR_TMUX_SOCKET: server.socket,
    CODEX_HOME: join(folder, 'codex'),
    XDG_DATA_HOME: join(server.folder, 'data'),
    CODEX_THREAD_ID: undefined,
  };
  const context = new HostedContext({ surface: 'cli', cwd: folder, variables: environment });
  const worker = await server.standIn('login-worker');
  const manager = await server.standIn('login-manager');
  const register = (pane: StandIn['pane'], rollout: string, role: 'worker' | 'manager'): void => {
    writeFileSync(rollout, head(`thread-${pane.sessionName}`));
    recordSession(context, {
      name: pane.sessionName,
      role,
      tmuxSession: pane.sessionName,
      codexSessionPath: rollout,
      codexSessionId: `thread-${pane.sessionName}`,
      pid: pane.pid,
      cwd: folder,
      codexVersion: '0.169.0',
      tmuxSocket: server.socket,
      paneId: pane.paneId,
    });
  };
  register(worker.pane, worker.rollout, 'worker');
  register(manager.pane, manager.rollout, 'manager');
  await runOperation(tasks, context, { create: 'login', goal: 'Make the flaky login test pass, ten times in a row' });
  await runOperation(bind, context, { task: 'login', worker: 'login-worker', manager: 'login-manager' });
  const running: RunningDashboard[] = [];
  return {
    server,
    context,
    worker,
    manager,
    folder,
    start: async (...argv) => {
      const command = await startDashboard(join(dist, 'cli.js'), argv, { cwd: folder, env: environment });
      running.push(command);
      return command;
    },
    completeTurn: (turn) => {
      const now = new Date().toISOString();
      appendFileSync(worker.rollout, event('task_started', { turn_id: turn }, now));
      appendFileSync(worker.rollout, event('task_complete', { turn_id: turn, last_agent_message: 'done' }, now));
    },
    paint: async (word, colour) => {
      const paint = `printf '\\033[38;2;${colour}m${word}\\033[0m\\n'; while read -r line; do :; done`;
      // What isn't called codex has ended, as far as the engine can see.
      const argv = ['bash', '-c', 'exec -a codex "$@"', 'bash', 'bash', '-c', paint];
      const pane = await server.ports.tmux.newSession({ name: 'painter', cwd: folder, argv });
      register(pane, join(folder, 'painter.jsonl'), 'worker');
      return 'painter';
    },
    close: async () => {
      await Promise.all(running.map((command) => command.stop()));
      context.close();
      server.close();
    },
  };
}
