import assert from 'node:assert/strict';

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import * as vscode from 'vscode';

import type { EngineState } from '../../../src/extension/engine/engineHost.ts';
import { extensionId } from '../../../src/extension/ids.ts';
import { aSnapshot, aTask } from '../builders.ts';
import { settledHandles } from './handles.ts';
import { drawn, eventually, insides, press, setWorld } from './world.ts';

describe('the engine', () => {
  const state = async (): Promise<EngineState | undefined> => (await insides()).model.folders[0]?.engine;
  const ready = () => eventually(async () => assert.equal((await state())?.kind, 'ready'), 40_000);

  before(async () => {
    setWorld({ snapshot: aSnapshot({ tasks: [aTask()] }) });
    await ready();
  });

  // How long activation takes is the bench's business; what would make it long is seen here.
  it('is not loaded by activation: the extension’s bundle requires only VS Code and small parts of Node', () => {
    const extension = vscode.extensions.getExtension(extensionId)?.extensionPath ?? '';
    const text = readFileSync(join(extension, 'dist', 'extension.cjs'), 'utf8');
    const required = new Set([...text.matchAll(/\brequire\(["']([^"']+)["']\)/g)].map(([, name]) => name));
    assert.deepEqual([...required].toSorted(), [
      'node:crypto',
      'node:fs',
      'node:path',
      'node:worker_threads',
      'vscode',
    ]);
  });

  it('restarts ten times and leaves no thread, port or file behind', async () => {
    await press('restartEngine');
    await ready();
    const before = await settledHandles();
    for (let turn = 0; turn < 10; turn += 1) {
      assert.equal((await press('restartEngine')).ok, true);
      await ready();
    }
    await eventually(async () => assert.deepEqual(await settledHandles(), before));
  });

  it('that crashed is started again, and meanwhile commands say why they wait', async () => {
    const { views } = await insides();
    setWorld({ snapshot: aSnapshot({ tasks: [aTask()] }), crashes: true });
    await eventually(async () => assert.equal((await state())?.kind, 'failed'));
    assert.match(await drawn(views.tasks), /Dispatch \| engine stopped/);
    const refused = await press('cycleNow', { task: 'login-flake' });
    assert.ok(!refused.ok && refused.code === 'engine_failed', JSON.stringify(refused));
    assert.match(refused.remedy ?? '', /starts again/);
    setWorld({ snapshot: aSnapshot({ tasks: [aTask()] }) });
    await ready();
    assert.equal((await press('cycleNow', { task: 'login-flake' })).ok, true);
  });
});
