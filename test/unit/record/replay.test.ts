import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConveyorError } from '../../../src/core/domain/errors.ts';
import type { Connection } from '../../../src/core/ledger/connection.ts';
import { recordEvent } from '../../../src/core/ledger/auditStore.ts';
import { openLedger } from '../../../src/core/ledger/openLedger.ts';
import { requireTask } from '../../../src/core/ledger/taskStore.ts';
import { type Replay, type ReplayRequest, replayTask, replayText } from '../../../src/core/record/replay.ts';

/** A ledger of agent-conveyor 0.1.0, with a task that has nearly everything in it. */
const upstream = new URL('../ledger/data/upstream-v22.db', import.meta.url);

describe('replay', () => {
  let folder: string;
  let ledger: Connection;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'conveyor-replay-'));
    copyFileSync(upstream, join(folder, 'workerctl.db'));
    ledger = openLedger(join(folder, 'workerctl.db'), Date.now()).connection;
  });

  after(() => {
    ledger.close();
    rmSync(folder, { recursive: true });
  });

  const tell = (request: Partial<ReplayRequest> = {}, task = 'checkout-refactor'): Replay =>
    replayTask(ledger, requireTask(ledger, task), {
      format: 'timeline',
      role: 'all',
      before: null,
      limit: null,
      includeContent: false,
      raw: false,
      ...request,
    });

  it('tells everything that the reference tells, and of handoffs', () => {
    const { entries, entry_count: count } = tell();
    assert.equal(count, 79);
    assert.deepEqual([...new Set(entries.map(({ kind }) => kind))].toSorted(), [
      'acceptance_criterion',
      'acknowledgement',
      'command',
      'command_attempt',
      'continuation',
      'continuation_review',
      'correlation_chain',
      'decision',
      'epilogue',
      'handoff',
      'manager_cycle_span',
      'observe',
      'routed_notification',
    ]);
    assert.equal(entries[0]?.summary, 'worker acknowledged task contract (revision 1)');
    // Of the same second as a look at the worker, which came before.
    assert.equal(entries.at(-1)?.summary, 'epilogue record-handoff: succeeded');
  });

  it('names the fields of what was proposed and handed over, whether or not it shows their content', () => {
    for (const includeContent of [false, true]) {
      const { entries } = tell({ includeContent });
      const fields = (kind: string) => entries.find((entry) => entry.kind === kind)?.details.payload_keys;
      assert.deepEqual(fields('continuation'), ['next_task', 'rationale', 'risk']);
      assert.deepEqual(fields('handoff'), ['branch']);
    }
  });

  it('AT-4: tells of handoffs, and of what was done to a session at once', () => {
    const handoff = tell().entries.find(({ kind }) => kind === 'handoff');
    assert.match(handoff?.summary ?? '', /^worker handed over: \[\d+ bytes, 1 lines; shown/);
    assert.match(
      tell({ includeContent: true }).entries.find(({ kind }) => kind === 'handoff')?.summary ?? '',
      /Payment/,
    );
    const { id: taskId } = requireTask(ledger, 'docs-cleanup');
    const at = Date.parse('2026-11-22T23:00:00Z');
    for (const type of ['session_nudged', 'session_interrupted', 'session_answered']) {
      recordEvent(ledger, { type, taskId, payload: { session: 'w1', success: type !== 'session_answered' } }, at);
    }
    assert.deepEqual(
      tell({}, 'docs-cleanup')
        .entries.slice(-3)
        .map(({ summary }) => summary),
      ['nudged session w1', 'interrupted session w1', 'answered session w1 (failed)'],
    );
  });

  it('leaves observations out of the compact form', () => {
    assert.ok(
      tell({ format: 'compact' }).entries.every(({ kind }) => kind !== 'observe' && kind !== 'manager_cycle_span'),
    );
  });

  it('AT-2: shows no message and no screen unless content is asked for', () => {
    const shown = JSON.stringify(tell({ format: 'transcript' }));
    assert.doesNotMatch(shown, /A reviewer is waiting|one more line/);
    const full = JSON.stringify(tell({ format: 'transcript', includeContent: true }));
    assert.match(full, /A reviewer is waiting/);
    assert.match(full, /worker terminal capture: startup=starting \| .*one more line/);
  });

  it('AT-5: has pages, the newest first asked for', () => {
    const all = tell().entries;
    const pages: Replay[] = [];
    let before: string | null = null;
    do {
      const page: Replay = tell({ limit: 20, before });
      pages.unshift(page);
      before = page.older_cursor ?? null;
    } while (before !== null);
    assert.deepEqual(
      pages.flatMap(({ entries }) => entries),
      all,
    );
    assert.deepEqual(
      pages.map(({ entry_count: count }) => count),
      [19, 20, 20, 20],
    );
    assert.deepEqual(tell({ limit: 0 }).entries, []);
    assert.throws(
      () => tell({ before: 'nowhere' }),
      (error) => ConveyorError.is(error, 'invalid_value'),
    );
  });

  it('AT-5: shows the worker what was delivered to it', () => {
    const { entries } = tell({ role: 'worker' });
    const delivered = entries.filter(({ kind }) => kind === 'routed_notification');
    assert.ok(delivered.length > 0);
    assert.ok(delivered.every(({ details }) => details.target_session_name === 'alpha-worker'));
    assert.ok(tell({ role: 'reviewer' }).entries.every(({ kind }) => kind === 'continuation_review'));
  });

  it('AT-5: as text, names the task in what it advises, and the days where there is more than one', () => {
    const text = replayText(tell({}, 'docs-cleanup'), 'conveyor');
    assert.match(
      text,
      /^Task: docs-cleanup\nState: done\nMode: timeline\n\nFinished:\n- finished task: \[15 bytes, 1 lines; shown with --include-content\] \(manager left open\)\n/,
    );
    assert.match(text, /conveyor replay docs-cleanup --format compact/);
    assert.doesNotMatch(text, /<task>|^2026-11-22$/m);
    const one = tell({ limit: 1 });
    const [entry] = one.entries;
    assert.ok(entry);
    const later = { ...entry, timestamp: '2026-11-23T00:00:01Z' };
    assert.match(
      replayText({ ...one, entries: [entry, later] }, 'conveyor'),
      /^2026-11-22\n.*\n2026-11-23\n00:00:01 {2}manager/m,
    );
  });
});
