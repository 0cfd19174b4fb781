import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { build, stop } from 'esbuild';

import { supervisorIn } from '../../../src/extension/engine/supervisorThread.ts';
import type { EngineStart } from '../../../src/protocol/engine.ts';

const root = resolve(import.meta.dirname, '../../..');

/** A thread whose engine answers, fails, hangs or dies, as its folder's name says. */
const script = `
import { parentPort, workerData } from 'node:worker_threads';
import { serveEngine } from './src/supervisor/serveEngine.ts';
import { aSnapshot } from './test/host/builders.ts';
serveEngine(parentPort, async () => ({
  snapshot: async () => aSnapshot(),
  timelinePage: async () => { throw new Error('no such page'); },
  finishBlockers: async () => { process.nextTick(() => { throw new Error('a bug'); }); return new Promise(() => {}); },
  sessionCandidates: async () => { const hoard = []; for (;;) hoard.push(new Array(1e6).fill(workerData.folder)); },
  runOperation: async () => ({ ok: true, output: null }),
  dispose: async () => {},
}), () => parentPort.close());
`;

describe('the supervisor thread', () => {
  const folder = mkdtempSync(join(tmpdir(), 'conveyor-thread-'));
  const bundle = join(folder, 'thread.cjs');
  const start: EngineStart = {
    windowId: 'vscode-1',
    folder: 'demo',
    stateRoot: '/nowhere',
    tmux: { path: null, socket: null },
    codex: { path: null },
    permissions: [],
    runtime: { executable: 'node', electron: false, cli: 'cli.js' },
    environment: {},
  };
  const quiet = { snapshotChanged: () => {}, attention: () => {}, log: () => {}, watchTerminal: async () => null };

  before(() =>
    build({
      absWorkingDir: root,
      stdin: { contents: script, resolveDir: root, loader: 'ts' },
      outfile: bundle,
      bundle: true,
      platform: 'node',
      format: 'cjs',
    }),
  );

  after(async () => {
    rmSync(folder, { recursive: true, force: true });
    await stop();
  });

  it('answers, and ends when asked to', async () => {
    const thread = supervisorIn(bundle)(start, quiet);
    assert.equal((await thread.rpc.snapshot()).version, 1);
    await thread.dispose();
    assert.equal(await thread.ended, null);
  });

  it('rejects a call whose engine failed', async () => {
    const thread = supervisorIn(bundle)(start, quiet);
    await assert.rejects(thread.rpc.timelinePage({ task: 't', before: null, limit: 1 }), /no such page/);
    await thread.dispose();
  });

  it('rejects what was asked, and says why, when it dies', async () => {
    const thread = supervisorIn(bundle)(start, quiet);
    await assert.rejects(thread.rpc.finishBlockers('t'), /a bug/);
    assert.match(String(await thread.ended), /a bug/);
  });

  it('that fills its heap dies alone', async () => {
    const thread = supervisorIn(bundle)(start, quiet);
    await assert.rejects(thread.rpc.sessionCandidates());
    assert.match(String(await thread.ended), /memory/i);
  });

  it('that does not exist is a failure like any other', async () => {
    const thread = supervisorIn(join(folder, 'missing.cjs'))(start, quiet);
    await assert.rejects(thread.rpc.snapshot());
    assert.match(String(await thread.ended), /missing\.cjs/);
  });
});
