import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { ingestSession } from '../../../src/core/ingest/ingestSession.ts';
import { addCriterion } from '../../../src/core/supervise/criteria.ts';
import { insertCommand } from '../../../src/core/ledger/commandStore.ts';
import { insertDecision } from '../../../src/core/ledger/decisionStore.ts';
import type { Task } from '../../../src/core/ledger/taskStore.ts';
import { readTimeline, type TimelineEntry } from '../../../src/core/record/timeline.ts';
import { timelinePage } from '../../../src/protocol/timeline.ts';
import { event, type SessionFixture, sessionFixture } from '../support/sessionFixture.ts';

describe('readTimeline', () => {
  let fixture: SessionFixture;
  let task: Task;

  beforeEach(() => {
    fixture = sessionFixture();
    task = fixture.bind('alpha');
  });

  afterEach(() => fixture.dispose());

  const ledger = () => fixture.context.ledger;
  const now = () => fixture.clock.now();
  const decide = (reason: string) =>
    ledger().write(() =>
      insertDecision(ledger(), { taskId: task.id, cycleId: null, decision: 'nudge', reason, payload: {} }, now()),
    );
  const summaries = (entries: readonly TimelineEntry[]) => entries.map(({ summary }) => summary);
  const all = () => readTimeline(ledger(), task.id, { limit: 100 });

  it('puts cause before effect where one second cannot tell them apart', async () => {
    const timestamp = '2026-01-02T03:04:05Z';
    ledger().write(() =>
      insertCommand(ledger(), { type: 'nudge_worker', payload: { message: 'Fix the test' }, taskId: task.id }, now()),
    );
    ledger().write(() =>
      addCriterion(ledger(), task, { text: 'It builds', source: 'user_requested', status: 'accepted' }, now()),
    );
    decide('the test fails');
    appendFileSync(fixture.rollout, event('task_complete', { last_agent_message: 'One test fails' }, timestamp));
    await ingestSession({ ledger: ledger(), clock: fixture.clock }, fixture.session('w1'));
    assert.deepEqual(summaries(all().entries), [
      'turn completed: One test fails',
      'decided to nudge: the test fails',
      'accepted criterion #1: It builds',
      'nudge worker pending: Fix the test',
    ]);
  });

  it('fits what the panel expects', () => {
    decide('because');
    ledger().write(() =>
      insertCommand(ledger(), { type: 'nudge_worker', payload: { message: 'go' }, taskId: task.id }, now()),
    );
    const { entries } = timelinePage.parse(all());
    assert.deepEqual(
      entries.map(({ toward }) => toward),
      [null, 'worker'],
    );
  });

  it('tells of the turns of a worker while it was bound, and of no others', async () => {
    const ingest = () => ingestSession({ ledger: ledger(), clock: fixture.clock }, fixture.session('w1'));
    appendFileSync(
      fixture.rollout,
      event('task_started') +
        event('item_completed', { item: { type: 'UserMessage', content: [{ type: 'text', text: 'Please begin' }] } }) +
        event('item_completed', { item: { type: 'AgentMessage', content: [] } }) +
        event('turn_aborted', { reason: 'interrupted' }) +
        event('task_complete', { error: { message: 'Quota exceeded', codex_error_info: 'usage_limit_exceeded' } }),
    );
    await ingest();
    assert.deepEqual(
      all().entries.map(({ actor, kind, severity }) => [actor, kind, severity]),
      [
        ['worker', 'user_message', 'info'],
        ['worker', 'turn_aborted', 'warning'],
        ['worker', 'turn_completed', 'error'],
      ],
    );
    assert.equal(readTimeline(ledger(), 'task-other', { limit: 10 }).total, 0);
  });

  it('has pages in both directions, of one actor too', () => {
    for (let index = 0; index < 12; index += 1) {
      decide(`number ${index}`);
      ledger().write(() =>
        insertCommand(ledger(), { type: 'nudge_worker', payload: { message: `m${index}` }, taskId: task.id }, now()),
      );
      fixture.clock.advance(1000);
    }
    const whole = summaries(all().entries);
    assert.equal(whole.length, 24);
    const backwards: string[] = [];
    let before: string | null = null;
    do {
      const page = readTimeline(ledger(), task.id, { limit: 7, before });
      backwards.unshift(...summaries(page.entries));
      assert.equal(page.total, 24);
      before = page.olderCursor;
    } while (before !== null);
    assert.deepEqual(backwards, whole);

    const first = readTimeline(ledger(), task.id, { limit: 24 });
    decide('late');
    const later = readTimeline(ledger(), task.id, { limit: 10, after: first.newerCursor });
    assert.deepEqual(summaries(later.entries), ['decided to nudge: late']);

    const managers = readTimeline(ledger(), task.id, { limit: 5, actor: 'manager' });
    assert.deepEqual(summaries(managers.entries).at(-1), 'decided to nudge: late');
    assert.equal(managers.entries.length, 5);
    const older = readTimeline(ledger(), task.id, { limit: 50, actor: 'manager', before: managers.olderCursor });
    assert.equal(older.entries.length, 8);
    assert.equal(older.olderCursor, null);
  });

  it('keeps the id of an entry whose row changed', () => {
    const command = ledger().write(() =>
      insertCommand(ledger(), { type: 'nudge_worker', payload: {}, taskId: task.id }, now()),
    );
    const [before] = all().entries;
    ledger().run("UPDATE commands SET state = 'failed' WHERE id = ?", [command.id]);
    const [after] = all().entries;
    assert.equal(after?.id, before?.id);
    assert.deepEqual([before?.state, after?.state, after?.severity], ['pending', 'failed', 'error']);
  });
});
