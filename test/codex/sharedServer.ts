/** Real TUIs on the background server that they share, as people have them, and a supervisor beside them. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { connectAppServer } from '../../src/core/codex/appServerClient.ts';
import { findRolloutOfThread } from '../../src/core/codex/discoverThread.ts';
import { parseRolloutLine } from '../../src/core/codex/parseRolloutLine.ts';
import { readTurnEvent } from '../../src/core/codex/readTurnEvent.ts';
import { createRolloutLineSplitter } from '../../src/core/codex/rolloutLines.ts';
import { askStatus } from '../../src/core/delivery/askStatus.ts';
import type { Connection } from '../../src/core/ledger/connection.ts';
import { requireSession } from '../../src/core/ledger/sessionStore.ts';
import { HostedContext } from '../../src/core/operations/operationContext.ts';
import { loadOperation, type OperationName } from '../../src/core/operations/registry.ts';
import { runOperation } from '../../src/core/operations/runOperation.ts';
import { makeCodexHome, type CodexHome } from '../demo/codexHome.ts';
import { runShell, say, type ScriptedModel, startScriptedModel } from '../demo/scriptedModel.ts';
import { cacheFolder } from '../host/cacheFolder.ts';
import { startServer, type TestServer, until } from '../tmux/tmuxServer.ts';
import { CODEX } from './realCodex.ts';

export interface Tui {
  readonly name: string;
  /** The launcher's process, as a person would find it. */
  readonly pid: number;
  readonly paneId: string;
}

/** Of whoever started the server: what belongs to it is nobody else's. */
export const serverStateRoot = '/of/the/first/tui';

export class SharedServer {
  readonly #root: string;
  readonly #model: ScriptedModel;
  readonly #codex: CodexHome;
  readonly #tmux: TestServer;
  readonly #context: HostedContext;
  #opened = 0;

  private constructor(root: string, model: ScriptedModel, codex: CodexHome) {
    this.#root = root;
    this.#model = model;
    this.#codex = codex;
    this.#tmux = startServer();
    const variables = {
      ...process.env,
      ...codex.environment,
      HOME: root,
      XDG_DATA_HOME: join(root, 'data'),
      WORKERCTL_STATE_ROOT: join(root, 'state'),
      CONVEYOR_TMUX_SOCKET: this.#tmux.socket,
      PATH: `${dirname(CODEX)}${delimiter}${process.env.PATH}`,
    };
    this.#context = new HostedContext({ surface: 'cli', cwd: root, variables });
  }

  static async start(): Promise<SharedServer> {
    const root = realpathSync(mkdtempSync(join(cacheFolder(), 'shared-')));
    const model = await startScriptedModel((request) => {
      if (request.lastUserText !== 'environment') return say(`You said: ${request.lastUserText}`);
      return request.newToolOutputs.length === 0 ? runShell(request, 'env') : say('that is it');
    });
    const trustedFolders = ['one', 'two', 'boss', 'same'].map((name) => join(root, name));
    for (const folder of trustedFolders) mkdirSync(folder);
    const codex = await makeCodexHome({ root, baseUrl: model.baseUrl, trustedFolders });
    return new SharedServer(root, model, codex);
  }

  get ledger(): Connection {
    return this.#context.ledger;
  }

  get codexHome(): string {
    return this.#codex.home;
  }

  /** One after the other, each in the folder of its name. */
  async openTui(name: string): Promise<Tui> {
    const [tui] = await this.openTuis([name], name);
    if (tui === undefined) throw new Error('no TUI');
    return tui;
  }

  /** All at once, in one folder. */
  async openTuis(names: readonly string[], folder: string): Promise<readonly Tui[]> {
    const { ports } = this.#tmux;
    const opening = names.map(async (name): Promise<Tui> => {
      const pane = await ports.tmux.newSession({
        name: `codex-${name}`,
        cwd: join(this.#root, folder),
        argv: ['node', CODEX],
        environment: {
          ...this.#codex.environment,
          PATH: `${dirname(CODEX)}${delimiter}${process.env.PATH}`,
          WORKERCTL_STATE_ROOT: serverStateRoot,
        },
        width: 120,
        height: 40,
      });
      return { name, pid: pane.pid, paneId: pane.paneId };
    });
    const tuis = await Promise.all(opening);
    this.#opened += tuis.length;
    for (const { name, paneId } of tuis) {
      // The first of a home copies 400 MB before it is usable.
      await until(`${name} is ready`, async () => (await ports.tmux.capture(paneId)).includes('scripted'), 60);
    }
    // The composer is drawn before the server has the thread.
    await until('every TUI has a thread', async () => (await this.#loaded()) >= this.#opened);
    return tuis;
  }

  /** The thread stays with the server; only the TUI goes. */
  async endTui({ name }: Tui): Promise<void> {
    await this.#tmux.ports.tmux.killSession(`codex-${name}`);
  }

  register(role: 'worker' | 'manager', { name, pid }: Tui, more: object = {}) {
    return this.#run(`register-${role}`, { name, pid, tmuxSession: `codex-${name}`, ...more });
  }

  /** One of ours beside them, in the same home; what its commands see of their environment, and what it holds open. */
  async startOurs(name: string): Promise<{ readonly environment: string; readonly openFiles: readonly string[] }> {
    const launch = { sandbox: 'workspace-write', askForApproval: 'never', timeoutSeconds: 40 };
    await this.#run('start-worker', { name, cwd: join(this.#root, 'same'), ...launch });
    // Before, a command runs in a login shell, whose profile may begin PATH anew.
    await until('Codex has a snapshot of the login shell', () => this.#hasSnapshot(name), 30);
    await this.nudge(name, 'environment');
    const outputs = () => this.#model.requests.flatMap(({ newToolOutputs }) => newToolOutputs);
    await until('it has looked', () => outputs().length > 0, 30);
    const { pid } = requireSession(this.ledger, name);
    const openFiles = pid === null ? [] : this.#tmux.ports.host.openFiles(pid);
    return { environment: outputs().at(-1)?.text ?? '', openFiles };
  }

  #hasSnapshot(name: string): boolean {
    const folder = join(this.codexHome, 'shell_snapshots');
    const { codex_session_id: threadId } = requireSession(this.ledger, name);
    if (threadId === null || !existsSync(folder)) return false;
    return readdirSync(folder).some((file) => file.startsWith(threadId) && file.endsWith('.sh'));
  }

  get stateRoot(): string {
    return this.#context.stateRoot;
  }

  async bind(task: string, worker: string, manager: string): Promise<void> {
    await this.#run('tasks', { create: task, goal: 'be told' });
    await this.#run('bind', { task, worker, manager });
  }

  async nudge(name: string, text: string): Promise<void> {
    await this.#run('session-nudge', { name, text });
  }

  async queueNudge(task: string, message: string): Promise<void> {
    await this.#run('enqueue-nudge-worker', { task, message });
    await this.#run('dispatch', { once: true });
  }

  /** What the TUI itself prints about its thread: the truth. */
  async threadShown({ name, paneId }: Tui): Promise<string | null> {
    return askStatus(this.#tmux.ports, { session: `codex-${name}`, paneId });
  }

  /** What its rollout says the person said, once there is anything. */
  async userTexts({ name }: Pick<Tui, 'name'>): Promise<readonly string[]> {
    const { codex_session_id: threadId } = requireSession(this.ledger, name);
    const read = () => {
      const path = threadId === null ? null : findRolloutOfThread(this.codexHome, threadId);
      if (path === null) return [];
      return createRolloutLineSplitter()
        .push(readFileSync(path))
        .flatMap((line) => {
          const record = parseRolloutLine(line);
          const event = record.kind === 'record' ? readTurnEvent(record) : null;
          return event?.kind === 'userMessageSeen' ? [event.text] : [];
        });
    };
    await until(`${name} was told something`, () => read().length > 0);
    return read();
  }

  rungs(): readonly unknown[] {
    return this.ledger.all('SELECT rung FROM panel_deliveries ORDER BY id').map((row) => Object.values(row ?? {})[0]);
  }

  async close(): Promise<void> {
    this.#context.close();
    this.#tmux.close();
    await this.#model.close();
    endServers(this.#codex.home);
    await rm(this.#root, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 });
  }

  async #loaded(): Promise<number> {
    const server = await connectAppServer(this.codexHome);
    const { length } = await server.loadedThreads();
    server.close();
    return length;
  }

  async #run(name: OperationName, input: Record<string, unknown>): Promise<unknown> {
    const operation = await loadOperation(name);
    if (operation === null) throw new Error(`no verb ${name}`);
    return runOperation(operation, this.#context, input);
  }
}

/** The server and its updater outlive every TUI; they are known by the home that their programs lie in. */
function endServers(home: string): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const program = existsSync(`/proc/${pid}/cmdline`) ? readCommand(pid) : '';
    if (program.startsWith(join(home, 'packages'))) process.kill(Number(pid), 'SIGKILL');
  }
}

function readCommand(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0] ?? '';
  } catch {
    return '';
  }
}
