import assert from 'node:assert/strict';
import { continuation } from '../../../src/core/operations/continuation.ts';
import { managerConfig } from '../../../src/core/operations/managerConfig.ts';
import { isReadUnderLock, type Supervised, supervised } from './support.ts';

describe('continuations', () => {
  let fixture: Supervised;

  beforeEach(async () => {
    fixture = await supervised();
    await fixture.run(managerConfig, { task: 'alpha', permit: ['context.spawn_reviewer'] });
  });

  afterEach(() => fixture.dispose());

  const submit = (side: 'worker' | 'manager', payload: string, turn: string | null = 't') => {
    fixture.pipe(payload);
    return fixture.run(continuation, { task: 'alpha', submit: side, fromStdin: true, correlationId: turn });
  };

  const review = {
    agreement: 'match',
    verdict: 'proceed',
    rationale: 'fine',
    subagent_run: { reviewer_session_id: 'r', manager_session_id: 'm', manager_rollout_access: false },
  };

  it('CP-26: the revision of a proposal is counted inside the write lock', async () => {
    const { ledger } = fixture.context;
    assert.ok(
      await isReadUnderLock(ledger, /max\(revision\).*task_continuations/s, () => submit('worker', '{"next": "a"}')),
    );
    const second = await submit('worker', '{"next": "b"}');
    assert.ok('revision' in second && second.revision === 2);
  });

  it('takes an empty turn for none', async () => {
    const own = await submit('worker', '{"next": "a"}', '');
    assert.match('correlation_id' in own ? own.correlation_id : '', /^continuation-/);
    fixture.pipe('{}');
    const empty = { task: 'alpha', fromStdin: true, correlationId: '' };
    await fixture.refuses(continuation, { ...empty, submit: 'manager' }, 'missing_input', /--correlation-id/);
    await fixture.refuses(continuation, { ...empty, review: true }, 'missing_input', /--correlation-id/);
  });

  it('CP-28: a review answers with the row it wrote', async () => {
    await submit('worker', '{"next": "a"}');
    await submit('manager', '{"next": "b"}');
    const { ledger } = fixture.context;
    const insert = ledger.run.bind(ledger);
    ledger.run = (sql, parameters) => {
      const result = insert(sql, parameters);
      if (sql.includes('INTO continuation_reviews')) {
        insert(`INSERT INTO continuation_reviews (task_id, worker_continuation_id, manager_continuation_id, agreement, verdict, rationale, subagent_run_json, created_at, correlation_id)
          SELECT task_id, 1, 2, 'divergent', 'stop', 'theirs', '{}', '2030-01-01T00:00:00Z', 't' FROM task_continuations LIMIT 1`);
      }
      return result;
    };
    fixture.pipe(JSON.stringify(review));
    const mine = await fixture.run(continuation, { task: 'alpha', review: true, fromStdin: true, correlationId: 't' });
    ledger.run = insert;
    assert.ok('rationale' in mine && mine.rationale === 'fine');
  });

  it('CP-40: a manager that may have read the proposal cannot propose again', async () => {
    await submit('worker', '{"next": "a"}');
    await submit('manager', '{"next": "b"}');
    fixture.pipe('{"next": "c"}');
    const again = { task: 'alpha', submit: 'manager', fromStdin: true, correlationId: 't' };
    await fixture.refuses(continuation, again, 'invalid_value', /already; a proposal stands/);
  });

  it('CP-54: a review of the wrong types is refused in a sentence', async () => {
    await submit('worker', '{"next": "a"}');
    await submit('manager', '{"next": "b"}');
    const input = { task: 'alpha', review: true, fromStdin: true, correlationId: 't' };
    for (const [broken, words] of [
      [{ ...review, rationale: 7 }, /rationale must be a text/],
      [{ ...review, addendum: [] }, /addendum must be a text/],
      [{ ...review, agreement: { a: 1 } }, /agreement must be one of/],
      [{ ...review, subagent_run: { ...review.subagent_run, manager_session_id: 'r' } }, /must differ/],
    ] as const) {
      fixture.pipe(JSON.stringify(broken));
      await fixture.refuses(continuation, input, 'invalid_value', words);
    }
    assert.deepEqual(fixture.events('continuation_review_recorded'), []);
  });

  it('shows a manager the payload only once it has proposed itself', async () => {
    await submit('worker', '{"next": "a"}');
    const list = { task: 'alpha', list: true, asRole: 'manager', includePayload: true };
    const before = await fixture.run(continuation, list);
    assert.ok('continuations' in before && before.continuations[0]?.payload_redacted === true);
    await fixture.refuses(continuation, { ...list, correlationId: 't' }, 'permission_denied', /before submitting/);
    await submit('manager', '{"next": "b"}');
    const after = await fixture.run(continuation, { ...list, correlationId: 't' });
    assert.ok('continuations' in after);
    assert.deepEqual(after.continuations[0]?.payload, { next: 'a' });
  });
});
