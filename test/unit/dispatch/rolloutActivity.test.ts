import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isTurnRunning } from '../../../src/core/dispatch/rolloutActivity.ts';

describe('the end of a rollout', () => {
  const folder = mkdtempSync(join(tmpdir(), 'conveyor-activity-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  const line = (type: string) =>
    `${JSON.stringify({ timestamp: '2026-01-01T00:00:00Z', type: 'event_msg', payload: { type, turn_id: 't' } })}\n`;

  it('tells whether a turn runs, however long the file is', () => {
    const file = join(folder, 'long.jsonl');
    writeFileSync(file, 'x'.repeat(2_000_000));
    assert.equal(isTurnRunning(file), null);
    appendFileSync(file, `\n${line('task_started')}`);
    assert.equal(isTurnRunning(file), true);
    appendFileSync(file, line('task_complete'));
    assert.equal(isTurnRunning(file), false);
  });

  it('tells nothing of a file that is not there', () => {
    assert.equal(isTurnRunning(join(folder, 'none.jsonl')), null);
    assert.equal(isTurnRunning(null), null);
  });
});
