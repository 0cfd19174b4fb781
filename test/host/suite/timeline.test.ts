import assert from 'node:assert/strict';

import * as vscode from 'vscode';

import { aSnapshot, aTask, anEntry } from '../builders.ts';
import { eventually, insides, press, setWorld } from './world.ts';

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
});
