import assert from 'node:assert/strict';

import * as vscode from 'vscode';

import { aSession, aSnapshot, aTask, anEntry } from '../builders.ts';
import { calls, clearCalls, eventually, insides, press, setWorld, unread } from './world.ts';

describe('the timeline', () => {
  const tabs = () =>
    vscode.window.tabGroups.all.flatMap((group) => group.tabs).filter(({ label }) => label.endsWith('Timeline'));

  before(async () => {
    const { model } = await insides();
    setWorld({ snapshot: aSnapshot({ tasks: [aTask()] }), timeline: [anEntry()] });
    await eventually(() => assert.equal(model.tasks[0]?.item.name, 'login-flake'));
  });

  after(async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });

  it('opens in an editor tab named after its task, once', async () => {
    assert.equal((await press('openTimeline', { task: 'login-flake' })).ok, true);
    await press('openTimeline', { task: 'login-flake' });
    await eventually(() =>
      assert.deepEqual(
        tabs().map(({ label }) => label),
        ['login-flake · Timeline'],
      ),
    );
  });

  it('counts as a look at the sessions of its task once it is in front, not behind another editor', async () => {
    const { model } = await insides();
    const document = await vscode.workspace.openTextDocument({ content: 'in front' });
    await vscode.window.showTextDocument(document);
    clearCalls();
    const elsewhere = aSession({ name: 'elsewhere', task: 'another', attention: unread('2026-11-26T09:01:00Z') });
    const mine = [aSession(), aSession({ name: 'login-flake-manager', role: 'manager' })].map((session, at) => ({
      ...session,
      attention: unread(`2026-11-26T09:0${at}:00Z`),
    }));
    const world = { snapshot: aSnapshot({ tasks: [aTask()], sessions: [...mine, elsewhere] }), timeline: [anEntry()] };
    setWorld(world);
    await eventually(() => assert.equal(model.sessions.length, 3));
    // The engine takes calls in their order: what was told before would stand before this one.
    await press('cycleNow', { task: 'login-flake' });
    assert.deepEqual(calls(), [{ name: 'cycle', input: { task: 'login-flake' } }]);
    clearCalls();
    await press('openTimeline', { task: 'login-flake' });
    const read = ['login-flake-worker', 'login-flake-manager'].map((name) => ({ name: 'mark-read', input: { name } }));
    await eventually(() => assert.deepEqual(calls(), read));
    // The next turn ends in front of the person; what is known already is not told again.
    const [worker = aSession(), manager = aSession()] = mine;
    const later = { ...worker, attention: unread('2026-11-26T09:05:00Z') };
    setWorld({ ...world, snapshot: aSnapshot({ tasks: [aTask()], sessions: [later, manager, elsewhere] }) });
    await eventually(() => assert.deepEqual(calls(), [...read, read[0]]));
  });
});
