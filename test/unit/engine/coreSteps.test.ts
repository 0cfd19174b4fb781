import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { dayFolder, threadCreatedAt } from '../../../src/core/codex/discoverThread.ts';
import type { EngineSteps } from '../../../src/core/engine/engine.ts';
import { requireSession } from '../../../src/core/ledger/sessionStore.ts';
import { engineOf } from '../../../src/core/operations/engineOf.ts';
import { DispatchFixture } from '../dispatch/support.ts';

const thread = '019aa0f1-5880-70a1-8000-0000000000a1';

describe("the engine's steps", () => {
  let fixture: DispatchFixture;
  let steps: EngineSteps;
  let rollout: string;

  beforeEach(() => {
    fixture = new DispatchFixture();
    fixture.pair('alpha', ['worker']);
    const { context, folder } = fixture.temporary;
    const day = dayFolder(new Date(threadCreatedAt(thread) ?? 0));
    rollout = join(folder, 'home', 'sessions', day, `rollout-2025-11-20T10-00-00-${thread}.jsonl`);
    const fail = (error: unknown) => assert.fail(String(error));
    engineOf(context, {
      dispatcherId: 'd1',
      kind: 'headless',
      limit: 10,
      leaseSeconds: 60,
      permissions: new Set(),
      onChanged: () => {},
      onError: fail,
      onLedgerGone: () => {},
      onTrouble: (_session, error) => fail(error),
      wrap: (real) => (steps = real),
    });
  });
  afterEach(() => fixture.dispose());

  it('read a rollout that was made with the first message at once, also where nothing told its thread before', async () => {
    const { host } = fixture.temporary;
    const worker = () => requireSession(fixture.ledger, 'alpha-worker');
    fixture.ledger.run('UPDATE sessions SET codex_session_path = NULL, codex_session_id = NULL WHERE id = ?', [
      worker().id,
    ]);
    host.processes.set(7, { commandLine: ['/opt/bin/codex'], openFiles: [rollout] });
    const { signal } = new AbortController();
    assert.equal((await steps.ingest(null, signal)).size, 0);
    mkdirSync(dirname(rollout), { recursive: true });
    const write = (type: string, payload: object) =>
      appendFileSync(rollout, `${JSON.stringify({ timestamp: '2025-11-20T10:00:01.000Z', type, payload })}\n`);
    write('session_meta', { id: thread, cwd: '/srv', source: 'cli' });
    write('event_msg', { type: 'task_started', turn_id: 't1' });
    assert.deepEqual([...(await steps.ingest(null, signal))], [worker().id]);
    assert.deepEqual([worker().codex_session_id, worker().codex_session_path], [thread, rollout]);
    assert.deepEqual([...steps.mayAsk()], [worker().id]);
  });
});
