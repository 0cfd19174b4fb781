import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConveyorError } from '../../../src/core/domain/errors.ts';
import type { Connection } from '../../../src/core/ledger/connection.ts';
import { openLedger } from '../../../src/core/ledger/openLedger.ts';
import { requireTask, type Task } from '../../../src/core/ledger/taskStore.ts';
import { auditPage, auditTask, type TaskAudit } from '../../../src/core/record/audit.ts';
import { compareEntries } from '../../../src/core/record/replayEntry.ts';
import { type Replay, replayTask } from '../../../src/core/record/replay.ts';
import { busiestTask, makeYearLedger } from '../../bench/yearLedger.ts';

/** More than is read at a time of each table. */
const scale = { tasks: 1, events: 100, cycles: 600, notifications: 540, captures: 1400, heartbeats: 5 };

describe('the record of a task that has gone on for long', function () {
  this.timeout(30_000);
  let folder: string;
  let ledger: Connection;
  let task: Task;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'conveyor-long-'));
    mkdirSync(join(folder, 'rollouts'));
    await makeYearLedger(join(folder, 'root'), join(folder, 'rollouts'), scale);
    ledger = openLedger(join(folder, 'root', 'workerctl.db'), Date.now()).connection;
    task = requireTask(ledger, busiestTask);
  });

  after(() => {
    ledger.close();
    rmSync(folder, { recursive: true });
  });

  const whole = {
    format: 'timeline',
    role: 'all',
    before: null,
    limit: null,
    includeContent: false,
    raw: false,
  } as const;

  it('is told in order, every row of each table once', () => {
    const { entries } = replayTask(ledger, task, whole);
    assert.deepEqual(entries, entries.toSorted(compareEntries));
    const told = (source: string) => entries.filter((entry) => entry.source === source).map(({ source_id: id }) => id);
    for (const table of ['manager_cycles', 'manager_cycle_spans', 'routed_notifications', 'commands']) {
      const ids = ledger.all(`SELECT id FROM ${table} WHERE task_id = ?`, [task.id]).map((row) => Object(row).id);
      assert.deepEqual(new Set(told(table)), new Set(ids), table);
      assert.equal(told(table).length, ids.length, table);
    }
    assert.ok(told('manager_cycle_spans').length > 1000);
  });

  for (const format of ['timeline', 'compact', 'transcript'] as const) {
    for (const role of ['all', 'worker'] as const) {
      it(`AT-5: has the same entries page by page (${format}, ${role})`, () => {
        const pages: Replay[] = [];
        for (let before: string | null = null, isFirst = true; isFirst || before !== null; isFirst = false) {
          const page: Replay = replayTask(ledger, task, { ...whole, format, role, limit: 333, before });
          pages.unshift(page);
          before = page.older_cursor ?? null;
        }
        const paged = pages.flatMap(({ entries }) => entries);
        assert.deepEqual(paged, replayTask(ledger, task, { ...whole, format, role }).entries);
      });
    }
  }

  it('AT-20: an audit has pages that hold every row of every table once', () => {
    const full = auditTask(ledger, task, false);
    const pages: TaskAudit[] = [];
    for (let before: string | null = null, isFirst = true; isFirst || before !== null; isFirst = false) {
      const page: TaskAudit = auditPage(ledger, task, { includeContent: false, limit: 150, before });
      assert.ok(page.manager_cycle_spans.length <= 150);
      pages.unshift(page);
      before = page.older_cursor ?? null;
    }
    assert.ok(pages.length > 5);
    const texts = (rows: unknown) =>
      [rows]
        .flat()
        .map((row) => JSON.stringify(row))
        .toSorted();
    for (const [name, rows] of Object.entries(full)) {
      if (name === 'task') continue;
      const paged = pages.flatMap((page) => Object.entries(page).find(([key]) => key === name)?.[1] ?? []);
      assert.deepEqual(texts(paged), texts(rows), name);
    }
  });

  it('AT-20: what is no cursor of an audit is refused', () => {
    for (const before of ['nowhere', 'e30x', Buffer.from('{"events":[1]}').toString('base64url')]) {
      assert.throws(
        () => auditPage(ledger, task, { includeContent: false, limit: 1, before }),
        (error) => ConveyorError.is(error, 'invalid_value') && /older_cursor/.test(error.message),
      );
    }
  });
});
