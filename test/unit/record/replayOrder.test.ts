import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { formatTimestamp } from '../../../src/core/domain/timestamps.ts';
import type { SqlValue } from '../../../src/core/ledger/connection.ts';
import { type Replay, type ReplayRequest, replayTask } from '../../../src/core/record/replay.ts';
import { compareEntries, type ReplayEntry } from '../../../src/core/record/replayEntry.ts';
import { boundContext } from './support.ts';

type Bound = Awaited<ReturnType<typeof boundContext>>;

const start = Date.parse('2026-11-22T09:00:00Z');
const whole: ReplayRequest = {
  format: 'timeline',
  role: 'all',
  before: null,
  limit: null,
  includeContent: false,
  raw: false,
};

describe('the order of a replay within a second', () => {
  let bound: Bound;
  let rows: Rows;

  beforeEach(async () => {
    bound = await boundContext();
    rows = new Rows(bound);
  });

  afterEach(() => {
    bound.dispose();
  });

  it('AT-5: has causes before their consequences', () => {
    // Written in another order than they came about: no number of a row says it.
    rows.segment(0);
    const command = rows.command(0);
    rows.notification(0, command);
    rows.attempt(0, command);
    rows.action(0);
    rows.decision(0);
    rows.criterion(0);
    const cycle = rows.cycle(0);
    rows.span(0, cycle);
    rows.notification(0, null);
    const told = replayTask(bound.context.ledger, bound.task, { ...whole, format: 'full-transcript' });
    const isOfSignal = ({ kind, details }: ReplayEntry): boolean =>
      ['routed_notification', 'correlation_chain'].includes(kind) && details.command_id === null;
    assert.deepEqual(
      told.entries.map((entry) => (isOfSignal(entry) ? `${entry.kind} of a signal` : entry.kind)),
      [
        'transcript_segment',
        'routed_notification of a signal',
        'manager_cycle_span',
        'observe',
        'decision',
        'acceptance_criterion',
        'command',
        'command_attempt',
        'session_nudged',
        'routed_notification',
        'correlation_chain of a signal',
        'correlation_chain',
      ],
    );
  });

  it('AT-5: has commands in the order in which they were queued, whatever their ids', () => {
    const queued = Array.from({ length: 20 }, () => rows.command(0));
    const told = replayTask(bound.context.ledger, bound.task, whole).entries;
    const ids = (kind: string) => told.filter((entry) => entry.kind === kind).map(({ source_id: id }) => id);
    assert.deepEqual(ids('command'), queued);
    assert.deepEqual(ids('correlation_chain'), queued);
  });

  it('AT-5: loses and doubles no row on its pages', () => {
    const seconds = fc.integer({ min: 0, max: 2 });
    const kinds = fc.constantFrom(...Rows.kinds);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(kinds, seconds), { maxLength: 60 }),
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom('compact', 'timeline', 'full-transcript'),
        fc.constantFrom('all', 'worker', 'manager'),
        (written, limit, format, role) => {
          rows.clear();
          for (const [kind, second] of written) rows.write(kind, second);
          const request = { ...whole, format, role } as const;
          const { entries } = replayTask(bound.context.ledger, bound.task, request);
          assert.deepEqual(entries, entries.toSorted(compareEntries));
          assert.deepEqual(pagesOf(request, limit), entries);
        },
      ),
      { numRuns: 60 },
    );
  });

  function pagesOf(request: ReplayRequest, limit: number): Replay['entries'] {
    const pages: Replay[] = [];
    for (let before: string | null = null, isFirst = true; isFirst || before !== null; isFirst = false) {
      const page: Replay = replayTask(bound.context.ledger, bound.task, { ...request, limit, before });
      assert.ok(page.entry_count <= limit);
      pages.unshift(page);
      before = page.older_cursor ?? null;
    }
    return pages.flatMap(({ entries }) => entries);
  }
});

/** Rows of every kind that a replay tells of, in a second of choice. */
class Rows {
  static readonly kinds = [
    'segment',
    'signal',
    'cycle',
    'decision',
    'criterion',
    'command',
    'action',
    'acknowledgement',
  ] as const;
  readonly #bound: Bound;
  readonly #binding: Readonly<Record<string, SqlValue>>;
  #count = 0;

  constructor(bound: Bound) {
    this.#bound = bound;
    const sessions = bound.context.ledger.get(
      `SELECT id AS binding_id, worker_session_id AS source_session_id, manager_session_id AS target_session_id FROM bindings`,
    );
    this.#binding = { ...Object(sessions) };
  }

  write(kind: (typeof Rows.kinds)[number], second: number): void {
    if (kind === 'signal') this.notification(second, null);
    else if (kind === 'cycle') this.span(second, this.cycle(second));
    else if (kind === 'command') {
      const command = this.command(second);
      this.attempt(second, command);
      this.notification(second, command);
    } else this[kind](second);
  }

  clear(): void {
    const { ledger } = this.#bound.context;
    ledger.write(() => {
      for (const table of [
        'transcript_segments',
        'terminal_captures',
        'routed_notifications',
        'command_attempts',
        'commands',
        'manager_decisions',
        'manager_cycle_spans',
        'manager_cycles',
        'task_acknowledgements',
      ]) {
        ledger.run(`DELETE FROM ${table}`);
      }
    });
  }

  command(second: number): string {
    // Ids that sort otherwise than they were made.
    this.#count += 1;
    const id = `command-${String((this.#count * 7919) % 10007).padStart(5, '0')}`;
    const at = this.#at(second);
    this.#insert('commands', {
      id,
      idempotency_key: id,
      created_at: at,
      updated_at: at,
      correlation_id: id,
      type: 'nudge_worker',
      state: 'succeeded',
      payload_json: '{}',
    });
    return id;
  }

  attempt(second: number, command_id: string): void {
    const facts = { correlation_id: command_id, dispatcher_id: 'd1', state: 'succeeded' };
    this.#insert('command_attempts', { command_id, ...facts, started_at: this.#at(second) }, false);
  }

  notification(second: number, command_id: string | null): void {
    this.#count += 1;
    const at = this.#at(second);
    this.#insert('routed_notifications', {
      ...this.#binding,
      command_id,
      correlation_id: command_id ?? `signal-${this.#count}`,
      signal_type: command_id === null ? 'worker_task_complete' : 'nudge_worker',
      dedupe_key: `key-${this.#count}`,
      created_at: at,
      delivered_at: at,
      state: 'delivered',
      payload_json: '{}',
    });
  }

  cycle(second: number): number {
    const at = this.#at(second);
    return this.#insert('manager_cycles', { started_at: at, completed_at: at, state: 'succeeded', status_json: '{}' });
  }

  span(second: number, manager_cycle_id: number): void {
    const at = this.#at(second);
    const facts = { phase: 'ingest_rollout', duration_ms: 1, state: 'succeeded', attributes_json: '{}' };
    this.#insert('manager_cycle_spans', { manager_cycle_id, ...facts, started_at: at, completed_at: at });
  }

  decision(second: number): void {
    const facts = { decision: 'wait', reason: 'because', payload_json: '{}' };
    this.#insert('manager_decisions', { ...facts, created_at: this.#at(second) });
  }

  acknowledgement(second: number): void {
    const facts = { role: 'worker', payload_json: '{}', revision: 1 };
    this.#insert('task_acknowledgements', { ...facts, created_at: this.#at(second) });
  }

  criterion(second: number): void {
    this.#event(second, 'acceptance_criterion_added', '{"criterion_id": 1, "status": "accepted"}');
  }

  action(second: number): void {
    this.#event(second, 'session_nudged', '{"session": "w1", "success": true}');
  }

  segment(second: number): void {
    const shared = { role: 'worker', captured_at: this.#at(second), content_sha256: 'x', byte_count: 1, line_count: 1 };
    const source_capture_id = this.#insert('terminal_captures', {
      ...shared,
      tmux_session: 'w1',
      history_lines: 1,
      classifier_json: '{}',
      source: 'transcript_capture',
    });
    this.#insert('transcript_segments', {
      ...shared,
      source_capture_id,
      segment_kind: 'segment',
      segment_text: 'x',
      retention_class: 'hot',
      created_at: shared.captured_at,
    });
  }

  #event(second: number, type: string, payload_json: string): void {
    this.#insert('events', { created_at: this.#at(second), actor: 'manager', type, payload_json });
  }

  #at(second: number): string {
    return formatTimestamp(start + second * 1000);
  }

  #insert(table: string, row: Readonly<Record<string, SqlValue>>, isOfTask = true): number {
    const { ledger } = this.#bound.context;
    const full = isOfTask ? { ...row, task_id: this.#bound.task.id } : row;
    const columns = Object.keys(full);
    return ledger.write(() =>
      ledger.run(
        `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map((name) => `$${name}`).join(', ')})`,
        full,
      ),
    ).lastId;
  }
}
