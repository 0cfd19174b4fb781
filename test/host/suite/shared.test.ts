import assert from 'node:assert/strict';
import { basename } from 'node:path';

import * as vscode from 'vscode';

import { aSession, aSnapshot, aTask } from '../builders.ts';
import { calls, clearCalls, drawn, eventually, insides, press, setWorld } from './world.ts';

describe('two folders that share one state root', () => {
  const folders = () => (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath);

  before(async () => {
    const { model } = await insides();
    setWorld({ snapshot: aSnapshot({ tasks: [aTask()], sessions: [aSession()] }) });
    await eventually(() => assert.ok(model.tasks.length > 0));
  });

  beforeEach(clearCalls);

  it('have one engine', async () => {
    const { model, engines } = await insides();
    assert.deepEqual(
      model.folders.map(({ places }) => places.map(({ path }) => path)),
      [folders()],
    );
    assert.equal(folders().length, 2);
    const [first, second] = folders().map((path) => engines.rpc(path));
    assert.ok(first && first === second);
  });

  it('have one set of rows', async () => {
    const { views } = await insides();
    const rows = await drawn(views.tasks);
    assert.equal(rows.split('\n').filter((line) => line.startsWith('login-flake |')).length, 1, rows);
    assert.equal(rows.split('\n').filter((line) => line.startsWith('Dispatch |')).length, 1, rows);
    assert.equal((await drawn(views.sessions)).split('\n').length, 1);
  });

  it('tell one thing that needs the person once', async () => {
    const { engines, views } = await insides();
    const told: string[] = [];
    const listening = engines.onAttention(({ item }) => told.push(item.id));
    const since = new Date().toISOString();
    const item = { id: 'q', kind: 'question', message: 'It asks.', session: null, task: 'login-flake', since } as const;
    setWorld({ snapshot: aSnapshot({ tasks: [aTask()], sessions: [aSession()], attention: [item] }) });
    await eventually(() => assert.equal(views.tasks.view.badge?.value, 1));
    await eventually(() => assert.deepEqual(told, ['q']));
    listening.dispose();
  });

  it('each can be where a pair starts', async () => {
    for (const path of folders()) {
      clearCalls();
      const outcome = await press('startPair', { folder: path, goal: 'g', task: 't', text: 'p' });
      assert.equal(outcome.ok, true, JSON.stringify(outcome));
      assert.match(JSON.stringify(calls()), new RegExp(`"cwd":"[^"]*/${basename(path)}"`));
    }
  });

  it('keep their engine when one of them goes and comes back', async () => {
    const { model, engines } = await insides();
    const [first = '', second = ''] = folders();
    const engine = engines.rpc(first);
    const places = () => model.folders.flatMap((folder) => folder.places.map(({ path }) => path));
    vscode.workspace.updateWorkspaceFolders(1, 1);
    await eventually(() => assert.deepEqual(places(), [first]));
    vscode.workspace.updateWorkspaceFolders(1, 0, { uri: vscode.Uri.file(second) });
    await eventually(() => assert.deepEqual(places(), [first, second]));
    assert.equal(engines.rpc(second), engine);
  });
});
