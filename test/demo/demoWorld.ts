import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from '../host/cacheFolder.ts';
import { makeCodexHome } from './codexHome.ts';

/** What the persons of the story are called; environment variables change it. */
export interface DemoNames {
  readonly task: string;
  readonly worker: string;
  readonly manager: string;
  readonly goal: string;
}

/**
 * A place of its own for one run of the demo: workspace, CODEX_HOME, tmux server, state root, shim folder.
 *
 * Owns everything below `root` and every process that carries `CONVEYOR_DEMO_ID`; `dispose` ends and removes them.
 */
export interface DemoWorld {
  readonly id: string;
  readonly root: string;
  readonly workspace: string;
  readonly stateRoot: string;
  readonly codexHome: string;
  readonly tmuxSocket: string;
  readonly names: DemoNames;
  /** For everything that is started in it. */
  readonly environment: Readonly<Record<string, string>>;
  dispose(): Promise<void>;
}

const checkout = fileURLToPath(new URL('../../', import.meta.url));

export function demoNames(variables: NodeJS.ProcessEnv): DemoNames {
  return {
    task: variables.CONVEYOR_DEMO_TASK || 'repair-add',
    worker: variables.CONVEYOR_DEMO_WORKER || 'builder',
    manager: variables.CONVEYOR_DEMO_MANAGER || 'reviewer',
    goal:
      variables.CONVEYOR_DEMO_GOAL ||
      'Make add() in sum.mjs return the sum of its arguments, so that sum.test.mjs passes',
  };
}

/** `modelUrl` is null for a live run, which uses the person's own Codex and CODEX_HOME. */
export async function makeDemoWorld(modelUrl: string | null, goal: string | null = null): Promise<DemoWorld> {
  const id = randomUUID();
  // Not below /tmp: there the sandbox may write anyway, and the story would prove nothing about the workspace.
  const demos = join(cacheFolder(), 'demo');
  mkdirSync(demos, { recursive: true });
  const root = mkdtempSync(join(demos, 'run-'));
  // A socket's path may have 107 bytes.
  const socketFolder = mkdtempSync(join(tmpdir(), 'cv-'));
  const workspace = join(root, 'workspace');
  makeWorkspace(workspace);
  const codex =
    modelUrl === null
      ? ownCodexHome(process.env)
      : await makeCodexHome({ root: join(root, 'codex'), baseUrl: modelUrl, trustedFolders: [workspace] });
  const tmuxSocket = join(socketFolder, 'tmux');
  const environment = {
    ...withoutOurs(process.env),
    ...codex.environment,
    CONVEYOR_DEMO_ID: id,
    CONVEYOR_TMUX_SOCKET: tmuxSocket,
    XDG_DATA_HOME: join(root, 'data'),
    // A checkout below /tmp: Codex makes no sandbox helper when its home lies below the temporary folder.
    TMPDIR: socketFolder,
    // The person's own codex comes first; the one of our dependencies stands behind.
    PATH: `${process.env.PATH}${delimiter}${join(checkout, 'node_modules', '.bin')}`,
    TERM: 'xterm-256color',
    LANG: process.env.LANG ?? 'C.UTF-8',
  };
  return {
    id,
    root,
    workspace,
    stateRoot: join(workspace, '.codex-workers'),
    codexHome: codex.home,
    tmuxSocket,
    names: { ...demoNames(process.env), ...(goal === null ? {} : { goal }) },
    environment,
    dispose: async () => {
      stopTmux(tmuxSocket);
      await endProcesses(id);
      rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
      rmSync(socketFolder, { recursive: true, force: true });
    },
  };
}

function ownCodexHome({ CODEX_HOME, HOME = '' }: NodeJS.ProcessEnv) {
  const home = CODEX_HOME ?? join(HOME, '.codex');
  return { home, environment: { CODEX_HOME: home } };
}

/** A small repository: a function that is missing, and the test that says so. */
function makeWorkspace(folder: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'README.md'),
    '# Demo\n\n`sum.mjs` should export `add(a, b)`. Run `node --test sum.test.mjs`.\n',
  );
  writeFileSync(
    join(folder, 'sum.test.mjs'),
    [
      "import assert from 'node:assert/strict';",
      "import { test } from 'node:test';",
      "import { add } from './sum.mjs';",
      '',
      "test('add() returns the sum', () => assert.equal(add(2, 3), 5));",
      '',
    ].join('\n'),
  );
  const git = (...argv: string[]) => execFileSync('git', ['-C', folder, ...argv], { stdio: 'ignore' });
  git('init', '--quiet');
  git('add', '.');
  git('-c', 'user.name=Demo', '-c', 'user.email=demo@localhost', 'commit', '--quiet', '-m', 'Begin');
}

function withoutOurs(variables: NodeJS.ProcessEnv): Record<string, string> {
  const entries = Object.entries(variables).filter(
    ([name]) => !/^(?:TMUX|CODEX|WORKERCTL|CONVEYOR_(?!DEMO|CACHE)|npm_|NODE_TEST_CONTEXT)/.test(name),
  );
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function stopTmux(socket: string): void {
  try {
    execFileSync('tmux', ['-S', socket, 'kill-server'], { stdio: 'ignore' });
  } catch {
    // It has never started, or it is gone already.
  }
}

/** Ends what still carries our mark, Codex's background server included: first asked, then forced. */
async function endProcesses(id: string): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    for (const pid of processesOf(id)) {
      try {
        process.kill(pid, signal);
      } catch {
        // It ended by itself in between.
      }
    }
    for (let waited = 0; waited < 3000 && processesOf(id).length > 0; waited += 50)
      await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Processes whose environment carries the mark of this demo, but not this one. */
export function processesOf(id: string): number[] {
  if (!existsSync('/proc/self/environ')) return markedByPs(id);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && isMarked(pid, id));
}

function isMarked(pid: number, id: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`CONVEYOR_DEMO_ID=${id}`);
  } catch {
    return false;
  }
}

function markedByPs(id: string): number[] {
  const listed = execFileSync('ps', ['-axEww', '-o', 'pid=,command='], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return listed
    .split('\n')
    .filter((line) => line.includes(`CONVEYOR_DEMO_ID=${id}`))
    .map((line) => Number.parseInt(line, 10))
    .filter((pid) => pid !== process.pid && pid > 0);
}
