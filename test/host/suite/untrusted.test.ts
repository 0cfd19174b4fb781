import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import * as vscode from 'vscode';

import { type CommandName, commandIds } from '../../../src/extension/ids.ts';
import { insides, press, workspaceFolder } from './world.ts';

describe('a folder that is not trusted', () => {
  it('is what this suite runs in', () => {
    assert.equal(vscode.workspace.isTrusted, false);
  });

  it('has no engine, and nothing in it was touched', async () => {
    const { model } = await insides();
    assert.equal(model.idleness, 'untrusted');
    assert.deepEqual(model.folders, []);
    assert.ok(!process.getActiveResourcesInfo().includes('Worker'));
    assert.ok(!existsSync(join(workspaceFolder(), '.codex-workers')));
  });

  it('gets the reason and the remedy from every command', async () => {
    for (const name of Object.keys(commandIds).filter((id): id is CommandName => id in commandIds)) {
      if (name === 'showLog') continue;
      const outcome = await press(name);
      assert.ok(!outcome.ok && outcome.code === 'untrusted', `${name}: ${JSON.stringify(outcome)}`);
      assert.equal(outcome.remedy, 'Trust it to go on.');
    }
  });
});
