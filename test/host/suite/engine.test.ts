import assert from 'node:assert/strict';

import type { EngineState } from '../../../src/extension/engine/engineHost.ts';
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

  it('lets the extension activate within 150 ms', async () => {
    const { activationMs } = await insides();
    assert.ok(activationMs < 150, `${activationMs} ms`);
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
