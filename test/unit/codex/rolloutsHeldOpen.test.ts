import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rolloutsHeldOpen } from '../../../src/core/codex/rolloutsHeldOpen.ts';
import { FakeHostFacts } from '../../../src/core/ports/hostFacts.ts';

describe('rolloutsHeldOpen', () => {
  let home: string;
  let host: FakeHostFacts;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'conveyor-held-'));
    mkdirSync(join(home, '.codex', 'sessions'), { recursive: true });
    host = new FakeHostFacts();
  });

  afterEach(() => rmSync(home, { recursive: true, force: true }));

  function rollout(thread: string, cwd: string, source: unknown = 'cli'): string {
    const file = join(home, '.codex', 'sessions', `rollout-2026-01-02T03-04-0${thread.length}-${thread}.jsonl`);
    writeFileSync(file, `${JSON.stringify({ type: 'session_meta', payload: { id: thread, cwd, source } })}\n`);
    return file;
  }

  const held = (pid: number) => rolloutsHeldOpen(host, pid, { HOME: home });

  it('finds what the process itself holds', () => {
    const file = rollout('a', '/w');
    host.processes.set(1, { openFiles: ['/etc/hosts', file] });
    assert.deepEqual(held(1), [file]);
  });

  it('CP-14: finds what a Codex below a launcher holds', () => {
    const file = rollout('a', '/w');
    host.processes.set(1, { commandLine: ['node', '/usr/bin/codex'] });
    host.processes.set(2, { parent: 1, commandLine: ['/opt/codex/codex'], openFiles: [file] });
    assert.deepEqual(held(1), [file]);
  });

  it('does not take what some other program below a shell holds for a session of it', () => {
    host.processes.set(1, { commandLine: ['bash'] });
    host.processes.set(2, { parent: 1, commandLine: ['tail', '-f', 'x'], openFiles: [rollout('a', '/w')] });
    assert.deepEqual(held(1), []);
  });

  it('leaves out sub-agents, and takes the newer of two after /new', () => {
    const [older, newer] = [rollout('a', '/w'), rollout('bb', '/w')];
    const child = rollout('ccc', '/w', { subagent: { thread_spawn: { parent_thread_id: 'bb' } } });
    host.processes.set(1, { openFiles: [older, newer, child] });
    assert.deepEqual(held(1), [newer]);
  });

  it('gives all of a server that holds the rollouts of several folders', () => {
    const files = [rollout('a', '/w'), rollout('bb', '/elsewhere')];
    host.processes.set(1, { openFiles: files });
    assert.deepEqual(held(1).toSorted(), files);
  });
});
