import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConveyorError } from '../../src/core/domain/errors.ts';
import * as z from 'zod/mini';
import { acquireLease, paneLease } from '../../src/core/ledger/leaseStore.ts';
import { openLedger } from '../../src/core/ledger/openLedger.ts';
import { findSession, requireSession } from '../../src/core/ledger/sessionStore.ts';
import { findTask } from '../../src/core/ledger/taskStore.ts';
import { HostedContext } from '../../src/core/operations/operationContext.ts';
import { pair } from '../../src/core/operations/pair.ts';
import { runOperation } from '../../src/core/operations/runOperation.ts';
import { systemProcessRunner } from '../../src/core/ports/processRunner.ts';
import { startServer, type TestServer, until } from './tmuxServer.ts';

const cli = join(import.meta.dirname, '../../src/cli/entry.ts');
const tui = fileURLToPath(import.meta.resolve('./startingTui.ts'));

describe('pair, with a stand-in for Codex', function () {
  this.timeout(120_000);
  let server: TestServer;
  let contexts: HostedContext[];
  let detached: (readonly string[])[];

  beforeEach(() => {
    server = startServer();
    contexts = [];
    detached = [];
    const bin = join(server.folder, 'bin');
    for (const folder of [bin, join(server.folder, 'work')]) mkdirSync(folder);
    const lines = [
      '#!/bin/bash',
      'if [ "$1" = --version ]; then echo "codex-cli 0.80.0"; exit; fi',
      'if [ "$1" = app-server ]; then exit 2; fi',
      `printf '%s\\n' "$*" >> "${server.folder}/arguments"`,
      `if [ -e "${server.folder}/fails-once" ]; then rm "${server.folder}/fails-once"; elif [ -e "${server.folder}/fails" ]; then echo "no model"; sleep 0.1; exit 3; fi`,
      `exec -a codex "${process.execPath}" "${tui}"`,
      '',
    ];
    writeFileSync(join(bin, 'codex'), lines.join('\n'), { mode: 0o755 });
  });

  afterEach(() => {
    for (const context of contexts) context.close();
    server.close();
  });

  function contextFor(more: { readonly path?: string } = {}): HostedContext {
    const variables = {
      ...process.env,
      PATH: `${join(server.folder, 'bin')}:${more.path ?? process.env['PATH']}`,
      CODEX_HOME: join(server.folder, 'home'),
      XDG_DATA_HOME: join(server.folder, 'data'),
      CONVEYOR_TMUX_SOCKET: join(server.folder, 'tmux'),
      WORKERCTL_STATE_ROOT: undefined,
    };
    const processes = {
      ...systemProcessRunner,
      startDetached: (_file: string, argv: readonly string[]) => {
        detached.push(argv);
        return Promise.resolve(4242);
      },
    };
    const runtime = { executable: process.execPath, isElectron: false, cli };
    const context = new HostedContext({
      surface: 'cli',
      cwd: join(server.folder, 'work'),
      variables,
      processes,
      runtime,
    });
    contexts.push(context);
    return context;
  }

  const names = { task: 'alpha', taskGoal: 'Ship it', workerName: 'w1', managerName: 'm1', timeoutSeconds: 60 };
  const said = (session: { readonly codex_session_path: string | null }) =>
    readFileSync(session.codex_session_path ?? '', 'utf8');

  it('CP-23: works on the ledger that --path names, and so do both sessions', async () => {
    for (const [index, file] of ['usual/workerctl.db', 'of another/other name.db'].entries()) {
      const ledgerFile = join(server.folder, file);
      const context = contextFor().withLedger(ledgerFile);
      contexts.push(context);
      const [workerName, managerName] = [`w${index}`, `m${index}`];
      await runOperation(pair, context, { ...names, workerName, managerName });
      assert.ok(!existsSync(join(server.folder, 'work', '.codex-workers', 'workerctl.db')));
      // CP-21: the dispatcher watches that very file.
      assert.deepEqual(detached.at(-1)?.slice(-2), ['--path', ledgerFile]);
      // CP-22: what the manager is told to run finds it from anywhere, with nothing in its environment.
      const briefing = said(requireSession(context.ledger, managerName));
      const command = /Begin each round with {2}(.+?) cycle/.exec(briefing)?.[1];
      const shown = execFileSync('sh', ['-c', `cd / && env -i ${command} sessions`], { encoding: 'utf8' });
      assert.match(shown, new RegExp(`"name": "${workerName}"`));
    }
  });

  it('CP-18: no prompt is an argument of Codex, however long it is and however it begins', async () => {
    const context = contextFor();
    const taskPrompt = `-R ${'go on and on '.repeat(2000)}`;
    await runOperation(pair, context, { ...names, taskPrompt, noDispatch: true });
    const given = readFileSync(join(server.folder, 'arguments'), 'utf8');
    assert.equal(given.trimEnd().split('\n').length, 2);
    assert.doesNotMatch(given, /go on|You are|acknowledge/);
    assert.ok(said(requireSession(context.ledger, 'w1')).includes(taskPrompt.trim()));
  });

  it('CP-20: a worker without a prompt is asked to acknowledge all the same', async () => {
    const context = contextFor();
    await runOperation(pair, context, { ...names, managerRequireAcks: true, noDispatch: true });
    const worker = requireSession(context.ledger, 'w1');
    assert.ok(worker.codex_session_id !== null);
    assert.match(said(worker), /Wait for your manager.*worker-ack alpha --from-stdin/);
  });

  it('OD-41: nobody else types into the terminal of a manager before its first prompt', async () => {
    const context = contextFor();
    const running = runOperation(pair, context, { ...names, taskPrompt: 'be quick', noDispatch: true });
    const other = contextFor();
    const panes = () =>
      other.ledger.all(
        `SELECT p.pane_id AS pane FROM bindings b JOIN panel_sessions p ON p.session_id = b.manager_session_id`,
      );
    await until('the pair is bound', () => panes().length === 1);
    const { pane } = z.object({ pane: z.string() }).parse(panes()[0]);
    const lease = paneLease(join(server.folder, 'tmux'), pane);
    const take = () =>
      acquireLease(other.ledger, other, lease, { holder: 'somebody', kind: 'pane', milliseconds: 1000 });
    assert.equal(take(), null);
    await running;
    assert.notEqual(take(), null);
  });

  it('CP-11: what a failed pair started is ended, and its names are free for the next', async () => {
    const context = contextFor();
    for (const mark of ['fails-once', 'fails']) writeFileSync(join(server.folder, mark), '');
    await assert.rejects(runOperation(pair, context, { ...names, noDispatch: true }), /no model/);
    assert.deepEqual(await server.ports.tmux.listPanes('codex-w1'), []);
    assert.equal(findSession(context.ledger, 'w1')?.state, 'gone');
    assert.equal(findSession(context.ledger, 'm1'), null);
    execFileSync('rm', [join(server.folder, 'fails')]);
    await runOperation(pair, context, { ...names, noDispatch: true });
    assert.equal(findSession(context.ledger, 'w1')?.state, 'active');
  });

  it('CP-16: without Codex nothing is started and nothing is written', async () => {
    execFileSync('rm', [join(server.folder, 'bin', 'codex')]);
    const tmuxOnly = join(server.folder, 'tools');
    mkdirSync(tmuxOnly);
    execFileSync('sh', ['-c', `ln -s "$(command -v tmux)" "${tmuxOnly}/tmux"`]);
    const context = contextFor({ path: tmuxOnly });
    await assert.rejects(runOperation(pair, context, names), (error) => ConveyorError.is(error, 'codex_missing'));
    const { connection } = openLedger(context.ledgerFile, Date.now());
    assert.equal(findTask(connection, 'alpha'), null);
    connection.close();
    assert.deepEqual(detached, []);
  });
});
