import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import * as vscode from 'vscode';

import { extensionId } from '../../../src/extension/ids.ts';
import { settledHandles } from './handles.ts';
import { drawn, eventually, insides, press, workspaceFolder } from './world.ts';

describe('the real engine behind the panel', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'conveyor-real-'));
  const stateRoot = () => join(workspaceFolder(), '.codex-workers');
  const cli = (...args: readonly string[]): unknown => {
    const extension = vscode.extensions.getExtension(extensionId)?.extensionPath ?? '';
    const env = { ...process.env, WORKERCTL_STATE_ROOT: stateRoot() };
    const text = execFileSync(process.execPath, [join(extension, 'dist', 'cli.js'), ...args], {
      env,
      cwd: scratch,
      encoding: 'utf8',
    });
    return JSON.parse(text);
  };
  /** While it waits, the window must be able to work. */
  const patiently = async (...args: readonly string[]): Promise<unknown> => {
    const extension = vscode.extensions.getExtension(extensionId)?.extensionPath ?? '';
    const env = { ...process.env, WORKERCTL_STATE_ROOT: stateRoot() };
    const words = [join(extension, 'dist', 'cli.js'), ...args];
    const { stdout } = await promisify(execFile)(process.execPath, words, { env, cwd: scratch });
    return JSON.parse(stdout);
  };

  after(() => rmSync(scratch, { recursive: true, force: true }));

  it('only looks at a folder without a ledger: nothing is made in it', async () => {
    const { model } = await insides();
    await eventually(() => assert.equal(model.folders[0]?.engine.kind, 'ready'));
    assert.equal(model.folders[0]?.engine.snapshot?.ledgerExists, false);
    assert.ok(!existsSync(stateRoot()));
  });

  it('shows a task that another process created', async () => {
    const { views } = await insides();
    cli('tasks', '--create', 'outside', '--goal', 'Seen from outside');
    await eventually(async () => assert.match(await drawn(views.tasks), /^outside \| no worker/));
  });

  it('leads the folder, and says so', async () => {
    const { views } = await insides();
    await eventually(async () => assert.match(await drawn(views.tasks), /^Dispatch \| this window/m));
  });

  it('follows every later write of others at once', async () => {
    const { views } = await insides();
    for (const text of ['Builds', 'Tests pass', 'Documented']) {
      cli('criteria', 'outside', '--add', '--criterion', text, '--source', 'manager_inferred', '--status', 'proposed');
      await eventually(async () => assert.match(await drawn(views.criteria), new RegExp(text)));
    }
  });

  it('writes what the person decides into the ledger', async () => {
    assert.equal((await press('addCriterion', { task: 'outside', text: 'From the panel' })).ok, true);
    assert.equal((await press('acceptCriterion', { task: 'outside', criterion: 1 })).ok, true);
    const listed = JSON.stringify(cli('criteria', 'outside', '--list'));
    assert.match(listed, /From the panel/);
    assert.match(listed, /"criterion":"Builds","evidence":\{\},"id":1,[^{}]*"status":"accepted"/);
  });

  it('hands its refusals on, with the code of core', async () => {
    const refused = await press('cycleNow', { task: 'outside' });
    assert.ok(!refused.ok && refused.code === 'no_binding', JSON.stringify(refused));
  });

  it('shows the task’s history in its timeline', async () => {
    const { engines } = await insides();
    const page = await engines.rpc(workspaceFolder())?.timelinePage({ task: 'outside', before: null, limit: 50 });
    assert.ok(
      page?.entries.some(({ summary }) => summary.includes('From the panel')),
      JSON.stringify(page),
    );
  });

  it('gives terminals a conveyor command for this folder’s ledger', async () => {
    const out = join(scratch, 'tasks.json');
    const shell = vscode.window.createTerminal({
      name: 'shim',
      shellPath: '/bin/sh',
      shellArgs: ['-c', `conveyor tasks --json > ${out}.part; mv ${out}.part ${out}; sleep 60`],
    });
    await eventually(() => assert.match(readFileSync(out, 'utf8'), /"outside"/));
    shell.dispose();
  });

  it('restarts ten times and leaves no thread, port, watch or ledger behind', async () => {
    const { model } = await insides();
    const ready = () =>
      eventually(() => assert.equal(model.folders[0]?.engine.snapshot?.leader?.thisWindow, true), 30_000);
    await press('restartEngine');
    await ready();
    const before = await settledHandles();
    for (let turn = 0; turn < 10; turn += 1) {
      assert.equal((await press('restartEngine')).ok, true);
      await ready();
    }
    await eventually(async () => assert.deepEqual(await settledHandles(), before));
  });

  it('shows a terminal that a shell asks for, read-only, and tells the shell', async () => {
    const { model } = await insides();
    const socket = process.env['CONVEYOR_TMUX_SOCKET'] ?? '';
    assert.ok(socket, 'the suite has a tmux server of its own');
    const tmux = (...args: string[]) => execFileSync('tmux', ['-S', socket, ...args], { encoding: 'utf8' }).trim();
    tmux('-f', '/dev/null', 'new-session', '-d', '-s', 'codex-seen', 'cat');
    try {
      const rollout = join(scratch, 'rollout-seen.jsonl');
      const payload = { id: randomUUID(), cwd: scratch, cli_version: '0.169.0', originator: 'codex_cli_rs' };
      writeFileSync(
        rollout,
        `${JSON.stringify({ timestamp: '2026-11-26T09:00:00.000Z', type: 'session_meta', payload })}\n`,
      );
      const who = ['--name', 'seen', '--pid', String(process.pid), '--codex-session', rollout];
      await patiently('register-worker', ...who, '--tmux-session', 'codex-seen');
      await eventually(() => assert.ok(model.sessions.some(({ item }) => item.name === 'seen')));
      const opened = JSON.stringify(await patiently('open', 'seen'));
      assert.match(opened, /"opened":true.*"terminal":"vscode".*"window":"vscode-/);
      await eventually(() =>
        assert.equal(tmux('list-clients', '-F', '#{session_name} #{client_readonly}'), 'codex-seen 1'),
      );
      for (const open of vscode.window.terminals) open.dispose();
      cli('deregister', 'seen');
    } finally {
      tmux('kill-server');
    }
  });

  it('binds sessions that run already to a task', async () => {
    const { model } = await insides();
    cli('tasks', '--create', 'joined', '--goal', 'Seen together');
    for (const role of ['worker', 'manager']) {
      const rollout = join(scratch, `rollout-${role}.jsonl`);
      const payload = { id: randomUUID(), cwd: scratch, cli_version: '0.169.0', originator: 'codex_cli_rs' };
      const head = { timestamp: '2026-11-26T09:00:00.000Z', type: 'session_meta', payload };
      writeFileSync(rollout, `${JSON.stringify(head)}\n`);
      const pid = String(process.pid);
      cli(`register-${role}`, '--name', `joined-${role}`, '--pid', pid, '--codex-session', rollout);
    }
    await eventually(() => assert.equal(model.sessions.length, 2));
    const bound = await press('bindSessions', { task: 'joined', worker: 'joined-worker', manager: 'joined-manager' });
    assert.equal(bound.ok, true, JSON.stringify(bound));
    await eventually(() =>
      assert.deepEqual(
        model.tasks.flatMap(({ item }) => (item.name === 'joined' ? [item.worker, item.manager] : [])),
        ['joined-worker', 'joined-manager'],
      ),
    );
    const again = await press('bindSessions', { task: 'joined', worker: 'joined-worker', manager: 'joined-manager' });
    assert.ok(!again.ok, 'a session is bound once');
  });
});
