import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConveyorError } from '../../src/core/domain/errors.ts';
import { insertOpenRequest } from '../../src/core/ledger/openRequestStore.ts';
import { requireSession } from '../../src/core/ledger/sessionStore.ts';
import { create } from '../../src/core/operations/create.ts';
import { bind } from '../../src/core/operations/bind.ts';
import { open, openManager, openWorker } from '../../src/core/operations/openTerminal.ts';
import { HostedContext } from '../../src/core/operations/operationContext.ts';
import { registerManager, registerWorker } from '../../src/core/operations/register.ts';
import { runOperation } from '../../src/core/operations/runOperation.ts';
import { tasks } from '../../src/core/operations/tasks.ts';
import type { EngineEvents, WatchOrder } from '../../src/protocol/engine.ts';
import { PanelEngine } from '../../src/supervisor/panelEngine.ts';
import { head } from '../unit/support/sessionFixture.ts';
import { startServer, type TestServer, until } from './tmuxServer.ts';

const tui = fileURLToPath(import.meta.resolve('./startingTui.ts'));

describe('opening a terminal', function () {
  this.timeout(60_000);
  let server: TestServer;
  let context: HostedContext;
  let windows: PanelEngine[];
  let shown: { readonly window: string; readonly order: WatchOrder }[];
  let answer: string | null | Error;

  const variables = () => ({
    ...process.env,
    HOME: server.folder,
    XDG_DATA_HOME: '',
    CONVEYOR_TMUX_SOCKET: server.socket,
  });
  const rows = () => context.ledger.all('SELECT state, reason FROM panel_open_requests ORDER BY rowid');
  const refusal = (code: string) => (error: unknown) => ConveyorError.is(error) && error.code === code;
  const inSandbox = () =>
    new HostedContext({
      surface: 'cli',
      cwd: server.folder,
      variables: { ...variables(), CODEX_SANDBOX_NETWORK_DISABLED: '1' },
    });

  beforeEach(async () => {
    server = startServer();
    windows = [];
    shown = [];
    answer = null;
    context = new HostedContext({ surface: 'cli', cwd: server.folder, variables: variables() });
    await runOperation(tasks, context, { create: 'alpha', goal: 'g' });
    for (const [name, operation] of [
      ['w', registerWorker],
      ['m', registerManager],
    ] as const) {
      server.raw('new-session', '-d', '-s', `codex-${name}`, 'cat');
      const codexSession = join(server.folder, `${name}.jsonl`);
      writeFileSync(codexSession, head(`thread-${name}`));
      await runOperation(operation, context, { name, pid: process.pid, codexSession, tmuxSession: `codex-${name}` });
    }
    await runOperation(bind, context, { task: 'alpha', worker: 'w', manager: 'm' });
  });

  afterEach(async () => {
    await Promise.all(windows.map((window) => window.dispose()));
    context.close();
    server.close();
  });

  async function openWindow(windowId: string): Promise<void> {
    const events: EngineEvents = {
      snapshotChanged: () => {},
      attention: () => {},
      log: () => {},
      watchTerminal: (order) => {
        shown.push({ window: windowId, order });
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
      },
    };
    const { HOME } = variables();
    mkdirSync(HOME, { recursive: true });
    const window = new PanelEngine(
      {
        windowId,
        folder: server.folder,
        stateRoot: context.stateRoot,
        tmux: { path: null, socket: server.socket },
        codex: { path: null },
        permissions: [],
        runtime: { executable: process.execPath, electron: false, cli: '/nowhere/cli.js' },
        environment: { PATH: process.env.PATH ?? '', HOME, CODEX_HOME: join(server.folder, 'codex') },
      },
      events,
    );
    windows.push(window);
    await until('somebody leads', async () => (await window.snapshot()).leader !== null);
  }

  it('AT-10: has the window show it, to be watched, and says which window did', async () => {
    await openWindow('vscode-1');
    const opened = openWorker.output().parse(await runOperation(openWorker, context, { task: 'alpha' }));
    assert.deepEqual([opened.opened, opened.terminal, opened.window], [true, 'vscode', 'vscode-1']);
    await runOperation(openManager, context, { task: 'alpha' });
    await runOperation(open, context, { name: 'w' });
    assert.deepEqual(
      shown.map(({ order }) => [order.session.name, order.terminal.target, order.terminal.socketPath]),
      ['w', 'm', 'w'].map((name) => [name, `=codex-${name}:`, server.socket]),
    );
  });

  it('is done by exactly one of two windows', async () => {
    await openWindow('vscode-1');
    await openWindow('vscode-2');
    for (let round = 0; round < 5; round += 1) await runOperation(openWorker, context, { task: 'alpha' });
    assert.equal(shown.length, 5);
  });

  it('works for an agent in a sandbox, which can see no tmux', async () => {
    await openWindow('vscode-1');
    const inside = inSandbox();
    try {
      const opened = openWorker.output().parse(await runOperation(openWorker, inside, { task: 'alpha' }));
      assert.equal(opened.window, 'vscode-1');
    } finally {
      inside.close();
    }
  });

  it('repeats the reason of a window that does not show it', async () => {
    await openWindow('vscode-1');
    answer = 'the window is closing';
    await assert.rejects(
      runOperation(openWorker, context, { task: 'alpha' }),
      /VS Code does not open it: the window is closing/,
    );
    answer = new Error('no such location');
    await assert.rejects(runOperation(openWorker, context, { task: 'alpha' }), /the window failed; its log says why/);
    answer = null;
    await runOperation(openWorker, context, { task: 'alpha' });
  });

  it('says that no window is there, how to attach, and leaves no request behind', async () => {
    for (const dryRun of [true, false])
      await assert.rejects(
        runOperation(openWorker, context, { task: 'alpha', dryRun }),
        process.platform === 'darwin'
          ? /./
          : /no window of VS Code looks after this ledger.*macOS only; attach with: tmux.*=codex-w/,
      );
    assert.deepEqual(rows(), []);
  });

  it('of a worker that is started is part of starting it; where none could be opened, nothing is started', async () => {
    const bin = join(server.folder, 'bin');
    mkdirSync(bin);
    const codex = `#!/bin/bash\nif [ "$1" = --version ]; then echo "codex-cli 0.80.0"; exit; fi\n[ "$1" = app-server ] && exit 2\nexec -a codex "${process.execPath}" "${tui}"\n`;
    writeFileSync(join(bin, 'codex'), codex, { mode: 0o755 });
    const starting = new HostedContext({
      surface: 'cli',
      cwd: server.folder,
      variables: { ...variables(), PATH: `${bin}:${process.env.PATH}`, CODEX_HOME: join(server.folder, 'codex') },
    });
    try {
      const order = { name: 'fresh', open: true, terminal: process.platform === 'darwin' ? 'vscode' : 'auto' };
      await assert.rejects(runOperation(create, starting, order), refusal('not_supported'));
      assert.ok(!existsSync(join(starting.stateRoot, 'fresh')));
      await openWindow('vscode-1');
      await runOperation(create, starting, { ...order, waitReadyTimeout: 60 });
      assert.deepEqual(
        shown.map(({ order: { session } }) => session.name),
        ['fresh'],
      );
    } finally {
      starting.close();
    }
  });

  it('only says on a dry run what it would do', async () => {
    await openWindow('vscode-1');
    const opened = openWorker.output().parse(await runOperation(openWorker, context, { task: 'alpha', dryRun: true }));
    assert.deepEqual(
      [opened.opened, opened.dry_run, opened.terminal, opened.window],
      [false, true, 'vscode', 'vscode-1'],
    );
    assert.deepEqual([rows(), shown], [[], []]);
  });

  it('is refused by name, before anything is asked, for what is not there or has no terminal', async () => {
    await openWindow('vscode-1');
    await runOperation(tasks, context, { create: 'loose', goal: 'g' });
    await assert.rejects(runOperation(openWorker, context, { task: 'ghost' }), refusal('unknown_task'));
    await assert.rejects(runOperation(open, context, { name: 'ghost' }), refusal('unknown_session'));
    await assert.rejects(runOperation(openManager, context, { task: 'loose' }), /'loose' has no active manager/);
    server.raw('kill-session', '-t', '=codex-w');
    await assert.rejects(runOperation(openWorker, context, { task: 'alpha' }), refusal('tmux_not_running'));
    assert.deepEqual(rows(), []);
  });

  describe('because a row asks for it', () => {
    const request = (name: string, id = `open-${name}`) =>
      context.ledger.write(() =>
        insertOpenRequest(context.ledger, context, { id, sessionId: requireSession(context.ledger, name).id }),
      );
    const settled = () =>
      until(
        'every request is settled',
        () => context.ledger.all("SELECT 1 FROM panel_open_requests WHERE state IN ('asked', 'taken')").length === 0,
      );

    it('shows nothing of a session that was not confirmed outside a sandbox', async () => {
      await openWindow('vscode-1');
      const inside = inSandbox();
      server.raw('new-session', '-d', '-s', 'private', 'cat');
      const codexSession = join(server.folder, 'w.jsonl');
      await runOperation(registerWorker, inside, { name: 'x', pid: process.pid, codexSession, tmuxSession: 'private' });
      inside.close();
      request('x');
      await settled();
      assert.deepEqual(shown, []);
      assert.match(JSON.stringify(rows()), /"state":"refused","reason":"session 'x' was never confirmed/);
    });

    for (const [what, change] of [
      ['terminal', "UPDATE sessions SET tmux_session = 'private' WHERE name = 'w'"],
      ['server', "UPDATE panel_sessions SET tmux_socket = '/tmp/agents' WHERE session_id = ?"],
      ['pane', "UPDATE panel_sessions SET pane_id = '%0' WHERE session_id = ?"],
    ] as const) {
      it(`shows nothing of a session whose row says another ${what} than was confirmed`, async () => {
        await openWindow('vscode-1');
        server.raw('new-session', '-d', '-s', 'private', 'cat');
        const { id } = requireSession(context.ledger, 'w');
        context.ledger.run(change, change.includes('?') ? [id] : []);
        request('w');
        await settled();
        assert.deepEqual(shown, []);
        assert.match(JSON.stringify(rows()), /"refused","reason":"session 'w' is not as it was confirmed/);
      });
    }

    it('opens one terminal, however many rows ask at once', async () => {
      context.ledger.write(() => {
        for (let index = 0; index < 40; index += 1)
          insertOpenRequest(context.ledger, context, {
            id: `open-${index}`,
            sessionId: requireSession(context.ledger, 'w').id,
          });
      });
      await openWindow('vscode-1');
      await settled();
      assert.equal(shown.length, 1);
      assert.equal(rows().length, 40);
    });
  });
});
