import assert from 'node:assert/strict';
import { MessageChannel } from 'node:worker_threads';

import { createBirpc } from 'birpc';

import type { EngineEvents, EngineRpc } from '../../../src/protocol/engine.ts';
import { serveEngine } from '../../../src/supervisor/serveEngine.ts';
import { aSnapshot } from '../../host/builders.ts';

interface Line {
  readonly rpc: EngineRpc;
  readonly heard: string[];
  readonly asked: unknown[];
  isLeft(): boolean;
  close(): void;
}

function connect(): Line {
  const { port1, port2 } = new MessageChannel();
  const heard: string[] = [];
  const asked: unknown[] = [];
  let isLeft = false;
  serveEngine(
    port1,
    async (events) => {
      events.log('info', `built with TOKEN=${'a1'.repeat(12)}`);
      return {
        snapshot: async () => aSnapshot(),
        runOperation: async (name, input) => {
          asked.push([name, input]);
          return { ok: true, output: null };
        },
        timelinePage: async () => {
          throw new Error('the ledger is gone');
        },
        finishBlockers: async () => [],
        sessionCandidates: async () => [],
        watchTarget: async () => ({ ok: false, message: 'none' }) as const,
        dispose: async () => {},
      };
    },
    () => {
      isLeft = true;
      port1.close();
    },
  );
  const events: EngineEvents = {
    snapshotChanged: () => {},
    attention: () => {},
    watchTerminal: async () => null,
    log: (level, line) => heard.push(`${level} ${line}`),
  };
  const rpc = createBirpc<EngineRpc, EngineEvents>(events, {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a MessagePort has no origin
    post: (message) => port2.postMessage(message),
    on: (listener) => port2.on('message', listener),
  });
  return { rpc, heard, asked, isLeft: () => isLeft, close: () => port2.close() };
}

describe('serving an engine over a port', () => {
  let line: Line;
  beforeEach(() => {
    line = connect();
  });
  afterEach(() => line.close());

  it('answers and speaks by itself, without a secret in its log', async () => {
    assert.equal((await line.rpc.snapshot()).version, 1);
    assert.deepEqual(line.heard, ['info built with TOKEN=[REDACTED]']);
  });

  it('lets only inputs of the contract through, and refuses the others with a reason', async () => {
    assert.deepEqual(await line.rpc.runOperation('cycle', { task: 't' }), { ok: true, output: null });
    const refused = await line.rpc.runOperation('cycle', JSON.parse('{"task": 7}'));
    assert.ok(
      !refused.ok && refused.error.code === 'invalid_value' && refused.error.message.includes('task'),
      JSON.stringify(refused),
    );
    const unknown = await line.rpc.runOperation(JSON.parse('"constructor"'), { task: 't' });
    assert.ok(!unknown.ok && unknown.error.code === 'not_supported');
    assert.deepEqual(line.asked, [['cycle', { task: 't' }]]);
  });

  it('hands an exception of the engine to who asked', async () => {
    await assert.rejects(line.rpc.timelinePage({ task: 't', before: null, limit: 1 }), /the ledger is gone/);
  });

  it('leaves after it has answered the goodbye', async () => {
    await line.rpc.dispose();
    await new Promise((done) => setImmediate(done));
    assert.equal(line.isLeft(), true);
  });
});
