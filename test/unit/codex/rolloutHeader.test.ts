import assert from 'node:assert/strict';
import { parseRolloutFileName, readRolloutHeader } from '../../../src/core/codex/rolloutHeader.ts';
import type { RolloutLine } from '../../../src/core/codex/rolloutLines.ts';

function line(value: unknown): RolloutLine {
  const bytes = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
  return { bytes, byteOffset: 0, endOffset: bytes.length + 1 };
}

describe('a rollout header', () => {
  it('tells thread, folder, program and origin', () => {
    const payload = {
      id: '01a202b8',
      forked_from_id: '01a202b7',
      timestamp: '2026-11-22T10:05:50.566Z',
      cwd: '/work/demo',
      originator: 'codex-tui',
      cli_version: '0.169.0',
      source: 'vscode',
      history_mode: 'paginated',
    };
    assert.deepEqual(readRolloutHeader(line({ timestamp: 'x', type: 'session_meta', payload })), {
      ok: true,
      header: {
        threadId: '01a202b8',
        cwd: '/work/demo',
        originator: 'codex-tui',
        cliVersion: '0.169.0',
        createdAt: '2026-11-22T10:05:50.566Z',
        origin: { kind: 'client', source: 'vscode' },
        forkedFromId: '01a202b7',
        historyMode: 'paginated',
      },
    });
  });

  it('recognises sub-agents by a source that is an object', () => {
    const origin = (source: unknown, extra = {}) => {
      const result = readRolloutHeader(line({ type: 'session_meta', payload: { id: 'a', source, ...extra } }));
      return result.ok ? result.header.origin : result.reason;
    };
    assert.deepEqual(origin({ subagent: { thread_spawn: { parent_thread_id: 'p', depth: 1 } } }), {
      kind: 'subagent',
      parentThreadId: 'p',
    });
    assert.deepEqual(origin({ subagent: 'review' }), { kind: 'subagent', parentThreadId: null });
    assert.deepEqual(origin({ subagent: 'review' }, { parent_thread_id: 'q' }), {
      kind: 'subagent',
      parentThreadId: 'q',
    });
    assert.deepEqual(origin(undefined), { kind: 'client', source: null });
  });

  it('reads the flat head', () => {
    const result = readRolloutHeader(
      line({ id: 'a4ff', timestamp: '2026-11-22T09:26:11.126Z', instructions: null, git: null }),
    );
    assert.ok(result.ok);
    assert.equal(result.header.threadId, 'a4ff');
    assert.equal(result.header.createdAt, '2026-11-22T09:26:11.126Z');
    assert.equal(result.header.cliVersion, null);
  });

  it('says why there is none', () => {
    const reason = (value: RolloutLine) => {
      const result = readRolloutHeader(value);
      return result.ok ? 'ok' : result.reason;
    };
    assert.equal(reason(line('{broken')), 'not_json');
    assert.equal(reason(line('[]')), 'not_session_meta');
    assert.equal(reason(line({ type: 'event_msg', payload: {} })), 'not_session_meta');
    assert.equal(reason(line({ type: 'session_meta', payload: {} })), 'no_id');
    assert.equal(reason(line({ type: 'session_meta' })), 'no_id');
    assert.equal(reason({ bytes: Buffer.from([0xff]), byteOffset: 0, endOffset: 2 }), 'not_utf8');
    assert.equal(reason({ bytes: null, byteOffset: 0, endOffset: 2 }), 'oversized');
  });
});

describe('a rollout file name', () => {
  it('gives local time, thread and compression', () => {
    assert.deepEqual(parseRolloutFileName('rollout-2026-11-22T09-39-14-01a2029f-c283-79d3-8e2b-8fb5f9da231d.jsonl'), {
      localTime: '2026-11-22T09:39:14',
      threadId: '01a2029f-c283-79d3-8e2b-8fb5f9da231d',
      isCompressed: false,
    });
    assert.equal(parseRolloutFileName('rollout-2026-11-22T09-39-14-abc.jsonl.zst')?.isCompressed, true);
    assert.equal(parseRolloutFileName('rollout-2026-11-22T093914-abc.jsonl')?.localTime, '2026-11-22T09:39:14');
  });

  it('is not read into other names', () => {
    for (const name of [
      'history.jsonl',
      'rollout-2026-11-22.jsonl',
      'rollout-2026-11-22T09-39-14-.jsonl',
      'rollout-2026-11-22T09-39-14-a.jsonl.tmp',
      'rollout-2026-11-22T09-39-14-a/b.jsonl',
    ]) {
      assert.equal(parseRolloutFileName(name), null, name);
    }
  });
});
