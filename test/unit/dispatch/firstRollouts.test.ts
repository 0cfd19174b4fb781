import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { dayFolder, threadCreatedAt } from '../../../src/core/codex/discoverThread.ts';
import { performAction } from '../../../src/core/dispatch/sessionAction.ts';
import { requireSession } from '../../../src/core/ledger/sessionStore.ts';
import { firstRollouts } from '../../../src/core/operations/firstRollouts.ts';
import { DispatchFixture, passDefaults } from './support.ts';

const thread = '019aa0f1-5880-70a1-8000-0000000000a1';

describe('the first message to a Codex that has made no rollout yet', () => {
  let fixture: DispatchFixture;
  let rollout: string;
  let confirmed: string[];

  beforeEach(() => {
    fixture = new DispatchFixture();
    fixture.pair('alpha', ['worker']);
    const home = join(fixture.temporary.folder, 'home');
    const day = dayFolder(new Date(threadCreatedAt(thread) ?? 0));
    rollout = join(home, 'sessions', day, `rollout-2025-11-20T10-00-00-${thread}.jsonl`);
    confirmed = [];
    const { ledger, deps } = fixture;
    const { host, clock } = fixture.temporary;
    const confirmThread = (_sessionId: string, threadId: string) => confirmed.push(threadId);
    const rollouts = firstRollouts({ ledger, clock, host, codexHome: home, confirmThread });
    Object.assign(deps, { rollouts });
    runs(null);
  });
  afterEach(() => fixture.dispose());

  const worker = () => requireSession(fixture.ledger, 'alpha-worker');
  const nudge = () =>
    performAction(fixture.deps, { type: 'session_nudge', session: worker(), text: 'go on' }, passDefaults);

  /** A Codex that holds that file open, and of which the ledger knows this thread. */
  function runs(file: string | null, known: string | null = null): void {
    fixture.temporary.host.processes.set(7, {
      commandLine: ['/opt/bin/codex'],
      openFiles: file === null ? [] : [file],
    });
    fixture.ledger.run('UPDATE sessions SET codex_session_path = NULL, codex_session_id = ?', [known]);
  }

  function write(type: string, payload: object): void {
    mkdirSync(dirname(rollout), { recursive: true });
    appendFileSync(rollout, `${JSON.stringify({ timestamp: '2025-11-20T10:00:01.000Z', type, payload })}\n`);
  }

  const begins = () => write('session_meta', { id: thread, cwd: '/srv', source: 'cli' });
  const says = (message: string) => write('event_msg', { type: 'user_message', message });

  /** What comes of Enter in its pane; whether the user turn was seen then. */
  function atEnter(act: () => void): () => boolean | null {
    let seen: boolean | null = null;
    fixture.panes.answers.set('alpha-worker', async (send) => {
      await send.beforeFirstKey();
      act();
      seen = send.proof?.() ?? null;
      const stages = { typedAt: 1, submittedAt: 1, seenAt: seen === true ? 1 : null };
      return { outcome: 'delivered', paneId: '%1', stages };
    });
    return () => seen;
  }

  it('is proved by the file that its process then has open, which is kept with its thread at once', async () => {
    const seen = atEnter(() => {
      begins();
      says('go on');
      fixture.temporary.host.processes.set(7, { commandLine: ['/opt/bin/codex'], openFiles: [rollout] });
    });
    await nudge();
    assert.equal(seen(), true);
    assert.deepEqual([worker().codex_session_id, worker().codex_session_path], [thread, rollout]);
    assert.deepEqual(confirmed, [thread]);
  });

  it('is proved by the file of its thread where that showed from the start', async () => {
    runs(null, thread);
    const seen = atEnter(() => {
      begins();
      says('go on');
    });
    await nudge();
    assert.equal(seen(), true);
    assert.equal(worker().codex_session_path, rollout);
    assert.equal(fixture.count('events', "type = 'session_thread_followed'"), 0);
  });

  it('is not proved by the same words that somebody typed before', async () => {
    begins();
    says('go on');
    runs(rollout);
    const seen = atEnter(() => {});
    await nudge();
    assert.equal(seen(), false);
    assert.equal(worker().codex_session_path, rollout);
  });

  it('is neither proved nor disproved where no file can be found', async () => {
    const seen = atEnter(() => {});
    await nudge();
    assert.equal(seen(), null);
    assert.equal(worker().codex_session_id, null);
  });

  it("takes nobody else's rollout for its own", async () => {
    fixture.ledger.run("UPDATE sessions SET codex_session_id = ? WHERE name = 'alpha-manager'", [thread]);
    atEnter(() => {
      begins();
      fixture.temporary.host.processes.set(7, { commandLine: ['/opt/bin/codex'], openFiles: [rollout] });
    });
    await nudge();
    assert.equal(worker().codex_session_id, null);
  });
});
