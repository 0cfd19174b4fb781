import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeAppServer } from '../../../src/core/codex/appServer.ts';
import { dayFolder } from '../../../src/core/codex/discoverThread.ts';
import { findRunningThread, type RunningCodex } from '../../../src/core/codex/findRunningThread.ts';
import type { DiscoveryVerdict } from '../../../src/core/codex/threadCandidate.ts';
import { FakeHostFacts } from '../../../src/core/ports/hostFacts.ts';
import { readSessionLine } from '../../../src/core/delivery/askStatus.ts';

const START = Date.parse('2026-11-20T10:00:00Z');

/** A version 7 id of that moment. */
function threadAt(milliseconds: number, tail: string): string {
  const time = milliseconds.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-70${tail}-8000-${tail.padStart(12, '0')}`;
}

describe('the thread of a Codex that somebody else started', () => {
  let home: string;
  let host: FakeHostFacts;
  let server: FakeAppServer;
  let codex: RunningCodex;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'conveyor-running-'));
    host = new FakeHostFacts();
    server = new FakeAppServer();
    host.processes.set(10, { commandLine: ['node', '/usr/bin/codex'] });
    host.processes.set(11, { parent: 10, commandLine: ['/opt/bin/codex'] });
    codex = {
      pid: 10,
      title: '',
      cwd: '/w',
      startedAt: START,
      codexHome: home,
      variables: { CODEX_HOME: home },
      now: START + 60_000,
      taken: new Set(),
    };
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  const find = (more: Partial<RunningCodex> = {}): Promise<DiscoveryVerdict> =>
    findRunningThread({ host, connect: server.connect }, { ...codex, ...more });
  const threadOf = (verdict: DiscoveryVerdict) =>
    verdict.kind === 'found' ? verdict.candidate.threadId : verdict.kind;

  function rollout(threadId: string, cwd = '/w', source: unknown = 'cli', at = START): string {
    const folder = join(home, 'sessions', dayFolder(new Date(at)));
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `rollout-2026-11-20T10-00-00-${threadId}.jsonl`);
    const payload = { id: threadId, cwd, source, timestamp: new Date(at).toISOString() };
    writeFileSync(file, `${JSON.stringify({ timestamp: payload.timestamp, type: 'session_meta', payload })}\n`);
    return file;
  }

  it('is the one whose rollout or lock its own processes hold, and after /new the newer one', async () => {
    const [first, second] = [threadAt(START, 'a1'), threadAt(START + 1000, 'b2')];
    const [older, newer] = [rollout(first), rollout(second)];
    host.processes.set(11, { parent: 10, commandLine: ['/opt/bin/codex'], openFiles: [older] });
    assert.equal(threadOf(await find()), first);
    host.processes.set(11, { parent: 10, commandLine: ['/opt/bin/codex'], openFiles: [older, newer] });
    assert.equal(threadOf(await find()), second);
    const third = threadAt(START + 5000, 'c3');
    const lock = join(home, 'thread-writer-locks', `${third}.lock`);
    host.processes.set(11, { parent: 10, commandLine: ['/opt/bin/codex'], openFiles: [lock] });
    const verdict = await find();
    assert.equal(threadOf(verdict), third);
    assert.equal(verdict.kind === 'found' && verdict.candidate.rolloutPath, null);
    // Beside a rollout a lock may be a sub-agent's.
    host.processes.set(11, { parent: 10, commandLine: ['/opt/bin/codex'], openFiles: [older, lock] });
    assert.equal(threadOf(await find()), first);
  });

  it("is never taken from the server that all share, though one TUI's process began it", async () => {
    const others = [rollout(threadAt(START - 90_000, 'a1')), rollout(threadAt(START - 80_000, 'b2'))];
    const argv = ['/home/packages/codex', 'app-server', '--listen', 'unix://'];
    host.processes.set(12, { parent: 11, commandLine: argv, openFiles: others });
    assert.equal((await find()).kind, 'none');
    host.processes.set(10, { commandLine: argv, openFiles: others });
    assert.equal((await find()).kind, 'none');
  });

  it('is the one in the title, with the rest of its id from the server or the name of the file', async () => {
    const [spoken, silent] = [threadAt(START, 'a1'), threadAt(START, 'b2')];
    const path = rollout(spoken);
    const title = (id: string) => `⠙ ${id.slice(0, 29)}... | Working`;
    const verdict = await find({ title: title(spoken) });
    assert.deepEqual(verdict.kind === 'found' && [verdict.candidate.threadId, verdict.candidate.rolloutPath], [
      spoken,
      path,
    ]);
    assert.equal(threadOf(await find({ title: title(silent) })), 'none'); // the file of another is all there is
    server.add(silent, { cwd: '/elsewhere' });
    assert.equal(threadOf(await find({ title: title(silent) })), silent);
  });

  it('is the one that the server runs in its folder since its start; several are for the person to tell apart', async () => {
    const mine = threadAt(START + 2000, 'a1');
    server.add(mine, { cwd: '/w' });
    server.add(threadAt(START + 2000, 'b2'), { cwd: '/other' });
    server.add(threadAt(START + 3000, 'c3'), { cwd: '/w', isSubagent: true });
    assert.equal(threadOf(await find()), mine);
    server.add(threadAt(START - 600_000, 'd4'), { cwd: '/w' });
    assert.equal(threadOf(await find()), mine);
    const twin = threadAt(START + 4000, 'e5');
    server.add(twin, { cwd: '/w' });
    const verdict = await find();
    assert.deepEqual(verdict.kind === 'ambiguous' && verdict.candidates.length, 3);
    assert.equal(threadOf(await find({ taken: new Set([twin]) })), mine);
  });

  it('is not one that began at another time, even if it is the only one: it may be anybody else', async () => {
    server.add(threadAt(START + 300_000, 'a1'), { cwd: '/w' });
    assert.equal((await find()).kind, 'ambiguous');
    assert.equal((await find({ startedAt: null })).kind, 'ambiguous');
    assert.equal((await find({ cwd: null })).kind, 'none');
  });

  it('is at last the one rollout of its folder and its time that nobody else holds', async () => {
    const mine = threadAt(START + 500, 'a1');
    rollout(mine);
    rollout(threadAt(START + 600, 'b2'), '/w', { subagent: { thread_spawn: { parent_thread_id: mine } } });
    rollout(threadAt(START + 700, 'c3'), '/other');
    const held = rollout(threadAt(START + 800, 'd4'));
    host.processes.set(50, { commandLine: ['/opt/bin/codex'], openFiles: [held] });
    assert.equal(threadOf(await find()), mine);
    rollout(threadAt(START + 900, 'e5'));
    assert.equal((await find()).kind, 'ambiguous');
  });

  it('is read from what /status prints, in both spellings, the last one on the screen', () => {
    const id = threadAt(START, 'a1');
    assert.equal(readSessionLine(['│  Session:      ' + id + '   │']), id);
    assert.equal(
      readSessionLine([`  • Session ID: ${id}`, `Session: ${threadAt(START, 'b2')}`]),
      threadAt(START, 'b2'),
    );
    assert.equal(readSessionLine(['Session: none', 'a session: 1234']), null);
  });
});
