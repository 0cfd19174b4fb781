import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dayFolder } from '../../../src/core/codex/discoverThread.ts';
import { ingestSession } from '../../../src/core/ingest/ingestSession.ts';
import { requireSession } from '../../../src/core/ledger/sessionStore.ts';
import { findPresentThread, followThread } from '../../../src/core/supervise/followThread.ts';
import { readSessionState } from '../../../src/core/supervise/sessionState.ts';
import { DispatchFixture, type Pair } from '../dispatch/support.ts';

const START = Date.parse('2026-11-20T10:00:00Z');

function threadAt(milliseconds: number, tail: string): string {
  const time = milliseconds.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-70${tail}-8000-${tail.padStart(12, '0')}`;
}

describe('following a session into another conversation', () => {
  let fixture: DispatchFixture;
  let pair: Pair;
  const [first, second] = [threadAt(START, 'a1'), threadAt(START + 60_000, 'b2')];
  let home: string;
  let files: { first: string; second: string };

  beforeEach(() => {
    fixture = new DispatchFixture();
    home = join(fixture.temporary.folder, 'home');
    pair = fixture.pair('alpha');
    files = { first: rollout(first), second: rollout(second, { forked_from_id: first }) };
    fixture.ledger.run('UPDATE sessions SET codex_session_id = ?, codex_session_path = ?, pid = 70 WHERE id = ?', [
      first,
      files.first,
      pair.worker.id,
    ]);
    holds([files.first]);
  });
  afterEach(() => fixture.dispose());

  const worker = () => requireSession(fixture.ledger, 'alpha-worker');
  const holds = (openFiles: readonly string[]) =>
    fixture.temporary.host.processes.set(70, { commandLine: ['/opt/bin/codex'], openFiles });
  const present = (title = '', looksAtFiles = true) =>
    findPresentThread({ host: fixture.temporary.host, codexHome: home }, worker(), title, looksAtFiles);
  const titleOf = (id: string) => `${id.slice(0, 29)}... | Ready`;

  function rollout(id: string, more: object = {}, name = '10-00-00'): string {
    const folder = join(home, 'sessions', dayFolder(new Date(START)));
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `rollout-2026-11-20T${name}-${id}.jsonl`);
    const payload = { id, cwd: '/w', source: 'cli', timestamp: new Date(START).toISOString(), ...more };
    writeFileSync(file, line('session_meta', payload));
    return file;
  }

  const line = (type: string, payload: object) =>
    `${JSON.stringify({ timestamp: new Date(START + 1000).toISOString(), type, payload })}\n`;

  it('is not done while it goes on as it was', () => {
    assert.equal(present(), null);
    assert.equal(present(titleOf(first)), null);
    holds([]);
    assert.equal(present(), null);
  });

  it('is done after /new and a fork: the newer of two open ones, or the only one that is still open', () => {
    holds([files.first, files.second]);
    assert.deepEqual(present(), { threadId: second, path: files.second, strategy: 'open_rollout' });
    assert.equal(present('', false), null);
    holds([files.second]);
    assert.equal(present()?.threadId, second);
  });

  it('is done by the title at once, before the new one has a file, too', () => {
    assert.deepEqual(present(titleOf(second), false), { threadId: second, path: files.second, strategy: 'pane_title' });
    const silent = threadAt(START + 1, 'c3');
    assert.equal(present(titleOf(silent), false), null);
    // Its lock has its whole name.
    holds([files.first, join(home, 'thread-writer-locks', `${silent}.lock`)]);
    assert.deepEqual(present(titleOf(silent), false), { threadId: silent, path: null, strategy: 'pane_title' });
  });

  it('is done by whom no thread was known of yet: Codex 0.92 to 0.146 make one known with the first message', () => {
    fixture.ledger.run('UPDATE sessions SET codex_session_id = NULL, codex_session_path = NULL');
    assert.equal(present(titleOf(first), false)?.path, files.first);
    assert.equal(present()?.path, files.first);
    holds([]);
    assert.equal(present(), null);
  });

  it('is done into a second file of the same thread, and back to an older one that was taken up again', () => {
    const continued = rollout(first, {}, '11-00-00');
    holds([continued]);
    assert.deepEqual(present(), { threadId: first, path: continued, strategy: 'open_rollout' });
    fixture.ledger.run('UPDATE sessions SET codex_session_id = ?, codex_session_path = ?', [second, files.second]);
    holds([files.first]);
    assert.equal(present()?.threadId, first);
    holds([files.first, files.second]);
    assert.equal(present(), null, 'it may have opened the older one only to read it');
  });

  it('is never done into what a sub-agent writes', () => {
    const child = rollout(threadAt(START + 90_000, 'd4'), { source: { subagent: { thread_spawn: {} } } });
    holds([files.first, child]);
    assert.equal(present(), null);
    assert.equal(present(titleOf(threadAt(START + 90_000, 'd4'))), null);
  });

  it('keeps what was said before, and has the state of the new one alone', async () => {
    const { ledger, clock } = fixture;
    const ports = { ledger, clock };
    appendFileSync(files.first, line('event_msg', { type: 'task_started', turn_id: 't1' }));
    await ingestSession(ports, worker(), { quiet: true });
    assert.equal(readSessionState(ledger, pair.worker.id).turn.turn.phase, 'working');
    appendFileSync(files.second, line('event_msg', { type: 'task_started', turn_id: 't2' }));
    appendFileSync(
      files.second,
      line('event_msg', { type: 'task_complete', turn_id: 't2', last_agent_message: 'new' }),
    );
    const found = present(titleOf(second), false);
    assert.ok(found);
    const confirmed: string[] = [];
    followThread({ ...ports, confirmThread: (_id, thread) => confirmed.push(thread) }, worker(), found);
    await ingestSession(ports, worker(), { quiet: true });
    const { turn } = readSessionState(ledger, pair.worker.id).turn;
    assert.deepEqual([turn.phase, turn.phase === 'ended' && turn.outcome], ['ended', 'completed']);
    assert.deepEqual([worker().codex_session_id, worker().codex_session_path], [second, files.second]);
    assert.deepEqual(confirmed, [second]);
    assert.equal(fixture.count('events', "type = 'session_thread_followed'"), 1);
    assert.equal(fixture.count('codex_events', "subtype = 'task_started'"), 2);
    const [item] = await fixture.pass();
    assert.equal(item?.signal_type, 'worker_task_complete');
  });
});
