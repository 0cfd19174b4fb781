import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

import * as vscode from 'vscode';

import { settingKeys } from '../../../src/extension/ids.ts';
import { aSession, aSnapshot, aTask } from '../builders.ts';
import { calls, clearCalls, eventually, insides, press, setWorld, unread } from './world.ts';

describe('terminals', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'conveyor-tmux-'));
  const socketPath = join(scratch, 'socket');
  const tmux = (...args: string[]) => execFileSync('tmux', ['-S', socketPath, ...args], { encoding: 'utf8' }).trim();
  const clients = () => tmux('list-clients', '-F', '#{session_name} #{client_readonly}').split('\n').filter(Boolean);
  const terminal = { session: 'codex-w', target: '=codex-w:', paneId: null, socketPath };
  const tmuxPath = execFileSync('which', ['tmux'], { encoding: 'utf8' }).trim();
  const world = aSnapshot({
    tasks: [aTask({ worker: 'w', manager: null })],
    sessions: [aSession({ id: 'session-w', name: 'w', terminal }), aSession({ name: 'no-tmux', terminal: null })],
    tmuxPath,
    shimFolder: join(scratch, 'shim'),
  });
  /** What the engine hands over once it has found the session confirmed. */
  const order = { session: { id: 'session-w', name: 'w', role: 'worker' as const }, tmuxPath, terminal };

  before(async () => {
    const { model } = await insides();
    tmux('-f', '/dev/null', 'new-session', '-d', '-s', 'codex-w-other', 'sh');
    tmux('new-session', '-d', '-s', 'codex-w', 'sh');
    setWorld({ snapshot: world });
    await eventually(() => assert.ok(model.sessions.some(({ item }) => item.name === 'w')));
  });

  afterEach(async () => {
    for (const open of vscode.window.terminals) open.dispose();
    await eventually(() => assert.deepEqual(clients(), []));
    for (const key of [settingKeys.terminalAccess, settingKeys.terminalLocation]) {
      await vscode.workspace.getConfiguration().update(key, undefined, vscode.ConfigurationTarget.Global);
    }
  });

  after(() => {
    tmux('kill-server');
    rmSync(scratch, { recursive: true, force: true });
  });

  it('attach to exactly the session, not to one whose name begins the same', async () => {
    assert.equal((await press('openSessionTerminal', { session: 'w' })).ok, true);
    await eventually(() => assert.deepEqual(clients(), ['codex-w 0']));
  });

  it('open once and are shown again after that', async () => {
    await press('openWorkerTerminal', { task: 'login-flake' });
    await eventually(() => assert.equal(clients().length, 1));
    await press('openSessionTerminal', { session: 'w' });
    assert.equal(vscode.window.terminals.filter(({ name }) => name === 'w').length, 1);
    assert.equal(clients().length, 1);
  });

  it('detach when closed, and the session lives on', async () => {
    await press('openSessionTerminal', { session: 'w' });
    await eventually(() => assert.equal(clients().length, 1));
    for (const open of vscode.window.terminals) open.dispose();
    await eventually(() => assert.deepEqual(clients(), []));
    assert.equal(tmux('has-session', '-t', '=codex-w'), '');
  });

  it('are read-only when the setting says watch', async () => {
    await vscode.workspace
      .getConfiguration()
      .update(settingKeys.terminalAccess, 'watch', vscode.ConfigurationTarget.Global);
    await press('openSessionTerminal', { session: 'w' });
    await eventually(() => assert.deepEqual(clients(), ['codex-w 1']));
    assert.ok(vscode.window.terminals.some(({ name }) => name === 'w (watching)'));
  });

  it('that only watch count as a look at what the session said', async () => {
    const { model } = await insides();
    await vscode.workspace
      .getConfiguration()
      .update(settingKeys.terminalAccess, 'watch', vscode.ConfigurationTarget.Global);
    await press('openSessionTerminal', { session: 'w' });
    await eventually(() => assert.equal(vscode.window.activeTerminal?.name, 'w (watching)'));
    clearCalls();
    const sessions = ['w', 'no-tmux'].map((name) =>
      aSession({
        name,
        terminal: name === 'w' ? terminal : null,
        state: 'idle',
        attention: unread('2026-11-26T09:00:00Z'),
      }),
    );
    setWorld({ snapshot: { ...world, sessions } });
    await eventually(() => assert.deepEqual(calls(), [{ name: 'mark-read', input: { name: 'w' } }]));
    setWorld({ snapshot: world });
    await eventually(() => assert.ok(model.sessions.every(({ item }) => item.attention.state !== 'turn_ended')));
  });

  it('open in the panel or as an editor tab, as the setting says', async () => {
    const tabs = () =>
      vscode.window.tabGroups.all
        .flatMap((group) => group.tabs)
        .filter(({ input }) => input instanceof vscode.TabInputTerminal);
    await vscode.workspace
      .getConfiguration()
      .update(settingKeys.terminalLocation, 'panel', vscode.ConfigurationTarget.Global);
    await press('openSessionTerminal', { session: 'w' });
    await eventually(() => assert.equal(clients().length, 1));
    assert.equal(tabs().length, 0);
    // Now and then VS Code forgets about one that was closed while it started.
    await eventually(() => {
      for (const open of vscode.window.terminals) open.dispose();
      assert.equal(vscode.window.terminals.length, 0);
    });
    await vscode.workspace
      .getConfiguration()
      .update(settingKeys.terminalLocation, 'editor', vscode.ConfigurationTarget.Global);
    await press('openSessionTerminal', { session: 'w' });
    await eventually(() => assert.equal(tabs().length, 1));
  });

  it('of a session without tmux are refused with the reason', async () => {
    const outcome = await press('openSessionTerminal', { session: 'no-tmux' });
    assert.ok(!outcome.ok && outcome.code === 'no_tmux_session', JSON.stringify(outcome));
  });

  it('that the ledger asks for are read-only whatever the setting says, leave the keyboard alone, and open once', async () => {
    clearCalls();
    const document = await vscode.workspace.openTextDocument({ content: 'what the person writes' });
    await vscode.window.showTextDocument(document);
    setWorld({ snapshot: world, watch: order });
    await eventually(() => assert.deepEqual(clients(), ['codex-w 1']));
    await eventually(() => assert.deepEqual(calls(), [{ watched: null }]));
    assert.equal(vscode.window.activeTextEditor?.document, document);
    setWorld({ snapshot: world, watch: order });
    await eventually(() => assert.equal(calls().length, 2));
    assert.deepEqual(clients(), ['codex-w 1']);
    setWorld({ snapshot: world });
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });

  it('open by a link, read-only, for sessions that the engine vouches for and for nothing else', async () => {
    const { links } = await insides();
    setWorld({ snapshot: world, links: { 'session-w': { ok: true, ...order } } });
    const link = (rest: string) => links.open(vscode.Uri.parse(`vscode://agent-conveyor.agent-conveyor-vscode${rest}`));
    for (const rest of ['/watch', '/run?session=session-w', '/watch?session=', '/watch?session=session-x'])
      assert.notEqual(await link(rest), null, rest);
    assert.deepEqual(clients(), []);
    assert.equal(await link('/watch?session=session-w'), null);
    await eventually(() => assert.deepEqual(clients(), ['codex-w 1']));
    setWorld({ snapshot: world });
    await eventually(async () => assert.match(String(await link('/watch?session=session-w')), /^Not opened: /));
  });

  it('of the editor find the shim first on PATH', async () => {
    const out = join(scratch, 'path');
    const shell = vscode.window.createTerminal({
      name: 'path',
      shellPath: '/bin/sh',
      shellArgs: ['-c', `printf %s "$PATH" > ${out}; sleep 60`],
    });
    await eventually(() => assert.equal(readFileSync(out, 'utf8').split(delimiter)[0], join(scratch, 'shim')));
    shell.dispose();
  });
});
