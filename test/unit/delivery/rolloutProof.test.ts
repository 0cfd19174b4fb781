import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { takeWatermark, userTurnProof } from '../../../src/core/delivery/rolloutProof.ts';
import { event, head } from '../support/sessionFixture.ts';

describe('the proof that a message arrived', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'conveyor-proof-'));
    path = join(folder, 'rollout.jsonl');
    writeFileSync(path, head('thread-1'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const said = (message: string) => event('user_message', { message });

  it('is the user turn behind the watermark, not one that was there before', () => {
    appendFileSync(path, said('go on'));
    const proof = userTurnProof({ watermark: takeWatermark(path), text: 'go on' });
    assert.equal(proof(), false);
    appendFileSync(path, said('go on').slice(0, 40));
    assert.equal(proof(), false);
    appendFileSync(path, said('go on').slice(40));
    assert.equal(proof(), true);
    assert.equal(proof(), true);
  });

  it('is found by one look, however much was written in between: a lost message is not sent again', () => {
    const proof = userTurnProof({ watermark: takeWatermark(path), text: 'go on' });
    const output = event('agent_message', { message: 'x'.repeat(1024 * 1024) });
    for (let count = 0; count < 10; count += 1) appendFileSync(path, output);
    appendFileSync(path, said('go on'));
    assert.equal(proof(), true);
  });

  it('waits for no writer of a pipe that stands where a rollout should', () => {
    const pipe = join(folder, 'pipe.jsonl');
    execFileSync('mkfifo', [pipe]);
    assert.equal(userTurnProof({ watermark: { path: pipe, offset: 0 }, text: 'go on' })(), false);
  });
});
