import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readLastTurnContext } from '../../src/core/codex/lastTurnContext.ts';
import { isFrom, readCorpus } from './corpus.ts';

describe('how the last turn of a recorded rollout ran', () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'conveyor-context-'))));
  after(() => rmSync(folder, { recursive: true }));

  const read = (content: Buffer | string) => {
    const file = join(folder, 'rollout.jsonl');
    writeFileSync(file, content);
    return readLastTurnContext(file);
  };
  const corpus = readCorpus('rollouts', '.jsonl');

  it('is read in every version that writes it', () => {
    for (const { version, name, content, label } of corpus.filter((file) => file.name.startsWith('simple-reply'))) {
      const expected = isFrom(version, 36)
        ? { cwd: '/work/demo', sandbox: 'danger-full-access', approval: 'never' }
        : null;
      assert.deepEqual(read(content), expected, `${label} ${name}`);
    }
    const asked = corpus.filter(({ name, version }) => name.startsWith('approval-pending') && isFrom(version, 36));
    assert.ok(asked.length >= 6);
    for (const { content, label } of asked) {
      assert.deepEqual(read(content), { cwd: '/work/demo', sandbox: 'workspace-write', approval: 'on-request' }, label);
    }
  });

  it('is the last one, however much was written since, and nothing that only quotes one', () => {
    const line = (type: string, payload: object) => `${JSON.stringify({ type, payload })}\n`;
    const context = (mode: string) =>
      line('turn_context', { cwd: '/w', approval_policy: 'on-request', sandbox_policy: { type: mode } });
    const quoted = line('response_item', { text: context('danger-full-access') });
    const filler = line('event_msg', { text: 'x'.repeat(1000) }).repeat(3000);
    const text = context('danger-full-access') + context('read-only') + quoted + filler + '{"type":"turn_context","pay';
    assert.equal(read(text)?.sandbox, 'read-only');
    assert.equal(read(quoted), null);
    assert.equal(readLastTurnContext(join(folder, 'none')), null);
  });
});
