/** A bound worker and manager in tmux, on a ledger of their own, for dispatchers that are killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { bind } from '../../src/core/operations/bind.ts';
import { enqueueNotifyManager, enqueueNudgeWorker } from '../../src/core/operations/enqueue.ts';
import { HostedContext } from '../../src/core/operations/operationContext.ts';
import { recordSession } from '../../src/core/operations/register.ts';
import { runOperation } from '../../src/core/operations/runOperation.ts';
import { tasks } from '../../src/core/operations/tasks.ts';
import type { StandIn, TestServer } from '../tmux/tmuxServer.ts';
import { event, head } from '../unit/support/sessionFixture.ts';

export type Row = Record<string, unknown>;
export type Message = 'nudge' | 'completion';

export interface CrashScene {
  readonly worker: StandIn;
  readonly manager: StandIn;
  /** The one that a message is for. */
  target(message: Message): StandIn;
  /** Puts the message where a dispatcher finds it. */
  order(message: Message): Promise<void>;
  /** Queues one more message for the same pane: whatever is typed before it stands before it in the rollout. */
  orderSentinel(message: Message): Promise<void>;
  run(script: string, argv: readonly string[], crashAt?: string): Child;
  /** What the stand-in kills at the first Enter. */
  nameTypist(child: Child): void;
  rows(sql: string): Row[];
  close(): void;
}

export interface Child {
  readonly process: ChildProcess;
  /** The signal that ended it, or its exit status. */
  readonly ended: Promise<string>;
  stderr(): string;
}

export async function makeScene(server: TestServer, name: string, killsTypist: boolean): Promise<CrashScene> {
  const folder = join(server.folder, `${name}-folder`);
  const stateRoot = join(folder, '.codex-workers');
  mkdirSync(folder);
  const typist = join(folder, 'typist');
  const habits = killsTypist ? { habits: 'kill-typist', typist } : {};
  const [worker, manager] = await Promise.all([
    server.standIn(`${name}-w`, habits),
    server.standIn(`${name}-m`, habits),
  ]);
  const environment = {
    ...process.env,
    WORKERCTL_STATE_ROOT: stateRoot,
    CONVEYOR_TMUX_SOCKET: server.socket,
    CODEX_HOME: join(folder, 'codex'),
    XDG_DATA_HOME: join(folder, 'data'),
  };
  const context = new HostedContext({ surface: 'cli', cwd: folder, variables: environment });
  register(context, server, worker, 'worker');
  register(context, server, manager, 'manager');
  await runOperation(tasks, context, { create: name, goal: 'Ship it' });
  await runOperation(bind, context, {
    task: name,
    worker: worker.pane.sessionName,
    manager: manager.pane.sessionName,
  });
  const children: Child[] = [];
  const enqueue = (message: Message, text: string) =>
    runOperation(message === 'nudge' ? enqueueNudgeWorker : enqueueNotifyManager, context, {
      task: name,
      message: text,
    });

  return {
    worker,
    manager,
    target: (message) => (message === 'nudge' ? worker : manager),
    order: async (message) => {
      if (message === 'nudge') await enqueue('nudge', 'please go on');
      else completeTurn(worker);
    },
    orderSentinel: async (message) => void (await enqueue(message, 'sentinel')),
    run: (script, argv, crashAt) => {
      const child = start(fileURLToPath(import.meta.resolve(script)), argv, {
        cwd: folder,
        env: { ...environment, ...(crashAt === undefined ? {} : { CRASH_AT: crashAt }) },
      });
      children.push(child);
      return child;
    },
    nameTypist: (child) => writeFileSync(typist, String(child.process.pid)),
    rows: (sql) => readRows(join(stateRoot, 'workerctl.db'), sql),
    close: () => {
      for (const child of children) child.process.kill('SIGKILL');
      context.close();
    },
  };
}

/** `kind` of what was registered is what the stand-in shows: a Codex in a pane. */
function register(context: HostedContext, server: TestServer, standIn: StandIn, role: 'worker' | 'manager'): void {
  const { pane, rollout } = standIn;
  writeFileSync(rollout, head(`thread-${pane.sessionName}`));
  recordSession(context, {
    name: pane.sessionName,
    role,
    tmuxSession: pane.sessionName,
    codexSessionPath: rollout,
    codexSessionId: `thread-${pane.sessionName}`,
    pid: pane.pid,
    cwd: server.folder,
    codexVersion: '0.169.0',
    tmuxSocket: server.socket,
    paneId: pane.paneId,
  });
}

function completeTurn({ rollout }: StandIn): void {
  const now = new Date().toISOString();
  const turn = { turn_id: 'turn-1' };
  appendFileSync(rollout, event('task_started', turn, now));
  appendFileSync(rollout, event('task_complete', { ...turn, last_agent_message: 'it is done' }, now));
}

function start(script: string, argv: readonly string[], options: { cwd: string; env: NodeJS.ProcessEnv }): Child {
  const child = spawn(process.execPath, [script, ...argv], { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
  const said: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text));
  return {
    process: child,
    ended: new Promise((resolve) => child.once('close', (code, signal) => resolve(signal ?? String(code)))),
    stderr: () => said.join(''),
  };
}

/** With a connection of its own for each question, as an onlooker has it. */
export function readRows(file: string, sql: string): Row[] {
  const database = new Database(file, { readonly: true, timeout: 10_000 });
  try {
    return database.prepare<unknown[], Row>(sql).all();
  } finally {
    database.close();
  }
}
