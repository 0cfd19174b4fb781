import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConveyorError } from '../../../src/core/domain/errors.ts';
import { refusalForOthers, refusalForPerson } from '../../../src/core/ledger/confirmation.ts';
import { findPanelSession } from '../../../src/core/ledger/panelSessionStore.ts';
import { requireSession } from '../../../src/core/ledger/sessionStore.ts';
import { bind } from '../../../src/core/operations/bind.ts';
import { confirm } from '../../../src/core/operations/confirm.ts';
import { HostedContext } from '../../../src/core/operations/operationContext.ts';
import { socketOf } from '../../../src/core/operations/panes.ts';
import { registerManager, registerWorker } from '../../../src/core/operations/register.ts';
import { runOperation } from '../../../src/core/operations/runOperation.ts';
import { shimFolder } from '../../../src/core/operations/shimFolder.ts';
import { tasks } from '../../../src/core/operations/tasks.ts';
import { folderConfirmations } from '../../../src/core/ports/confirmations.ts';
import { temporaryContext, type TemporaryContext } from '../support/temporaryContext.ts';

describe('what is confirmed outside a sandbox', () => {
  let temporary: TemporaryContext;
  let rollout: string;

  beforeEach(() => {
    temporary = temporaryContext();
    rollout = join(temporary.folder, 'rollout.jsonl');
    writeFileSync(rollout, '{"type": "session_meta", "payload": {"id": "thread-w", "cwd": "/srv"}}\n');
    temporary.host.processes.set(70, {});
  });
  afterEach(() => temporary.dispose());

  const folder = () => join(shimFolder(temporary.context.ledgerFile, temporary.context.variables), 'confirmed');
  const within = (variables: Record<string, string>) => {
    const { context, folder: cwd, host, clock, processes } = temporary;
    const { ledgerFile, ledger } = context;
    const all = { HOME: cwd, ...variables };
    return new HostedContext({ surface: 'cli', cwd, ledgerFile, ledger, host, clock, processes, variables: all });
  };
  const register = (context = temporary.context, more: object = {}) =>
    runOperation(registerWorker, context, {
      name: 'w',
      pid: 70,
      codexSession: rollout,
      tmuxSession: 'codex-w',
      ...more,
    });
  const obstacle = (name = 'w') => {
    const session = requireSession(temporary.context.ledger, name);
    const panel = findPanelSession(temporary.context.ledger, session.id);
    return refusalForOthers(temporary.context, session, panel)?.code ?? null;
  };
  async function bindPair(context = temporary.context) {
    await runOperation(tasks, context, { create: 'alpha', goal: 'g' });
    await runOperation(registerManager, context, { name: 'm', pid: 70, codexSession: rollout });
    await runOperation(bind, context, { task: 'alpha', worker: 'w', manager: 'm' });
  }

  it('is what was registered and bound there, in files of the person alone, out of every workspace', async () => {
    await register();
    await bindPair();
    assert.equal(obstacle(), null);
    const files = readdirSync(folder());
    assert.equal(files.length, 3);
    for (const file of files) assert.equal(statSync(join(folder(), file)).mode & 0o777, 0o600);
    assert.equal(statSync(folder()).mode & 0o777, 0o700);
  });

  it('is not what was registered or bound from inside one, until the person confirms it', async () => {
    const inside = within({ CODEX_SANDBOX_NETWORK_DISABLED: '1' });
    await register(inside);
    assert.equal(obstacle(), 'not_confirmed');
    await register();
    assert.equal(obstacle(), null);
    await bindPair(inside);
    assert.equal(obstacle(), 'not_confirmed');
    await assert.rejects(runOperation(confirm, inside, { name: 'w' }), (error) =>
      ConveyorError.is(error, 'permission_denied'),
    );
    assert.equal(obstacle(), 'not_confirmed');
    const listed = confirm.output().parse(await runOperation(confirm, temporary.context, { name: null }));
    assert.deepEqual(
      listed.sessions.map(({ name }) => name),
      ['w'],
    );
    const said = confirm.output().parse(await runOperation(confirm, temporary.context, { name: 'w' }));
    assert.deepEqual(said.sessions.map(({ name, obstacle: left }) => [name, left]).toSorted(), [
      ['m', null],
      ['w', null],
    ]);
    assert.equal(obstacle(), null);
  });

  it('is not widened by registering again: what a row says of the terminal stays unconfirmed', async () => {
    await register();
    await bindPair();
    temporary.context.ledger.run("UPDATE sessions SET tmux_session = 'somebody-else' WHERE name = 'w'");
    await register(temporary.context, { tmuxSession: null });
    assert.equal(obstacle(), 'not_confirmed');
    const session = requireSession(temporary.context.ledger, 'w');
    const own = refusalForPerson(temporary.context, session, findPanelSession(temporary.context.ledger, session.id));
    assert.equal(own?.code, 'not_confirmed');
    await register(temporary.context, { tmuxSession: 'somebody-else' });
    assert.equal(obstacle(), null);
  });

  it('decides which tmux servers are talked to: a socket that only a row names is not', async () => {
    await register();
    temporary.context.ledger.run("UPDATE panel_sessions SET tmux_socket = '/workspace/evil.sock'");
    assert.equal(socketOf(temporary.context, '/workspace/evil.sock'), undefined);
    const { confirmations } = temporary.context;
    const known = {
      sessionId: 's',
      name: 's',
      role: 'worker',
      threadId: null,
      tmuxSession: 't',
      paneId: null,
    } as const;
    confirmations.confirmSession({ ...known, tmuxSocket: '/run/mine.sock' });
    assert.equal(socketOf(temporary.context, '/run/mine.sock'), '/run/mine.sock');
  });

  it('is kept by the digest of an id, whatever the id is, and is nothing where it cannot be read or written', () => {
    const confirmations = folderConfirmations(folder);
    const binding = { bindingId: '../../../etc/cron.d/x', taskId: 't', workerSessionId: 'w', managerSessionId: 'm' };
    assert.equal(confirmations.confirmBinding(binding), true);
    assert.deepEqual(confirmations.binding(binding.bindingId), binding);
    assert.deepEqual(confirmations.binding('other'), null);
    const [file = ''] = readdirSync(folder());
    writeFileSync(join(folder(), file), '{"bindingId": 1}');
    assert.equal(folderConfirmations(folder).binding(binding.bindingId), null);
    const blocked = join(temporary.folder, 'a-file');
    writeFileSync(blocked, '');
    assert.equal(folderConfirmations(() => join(blocked, 'x')).confirmBinding(binding), false);
    mkdirSync(join(temporary.folder, 'empty'));
    assert.deepEqual([...folderConfirmations(() => join(temporary.folder, 'empty')).sockets()], []);
  });
});
