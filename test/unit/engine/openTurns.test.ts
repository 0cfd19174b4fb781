import assert from 'node:assert/strict';
import { OpenTurns } from '../../../src/core/engine/openTurns.ts';
import { DispatchFixture } from '../dispatch/support.ts';

describe('whose turn may come to a question', () => {
  let fixture: DispatchFixture;
  let turns: OpenTurns;

  beforeEach(() => {
    fixture = new DispatchFixture();
    turns = new OpenTurns(fixture.ledger, fixture.clock);
  });
  afterEach(() => fixture.dispose());

  /** A session whose rollout says these things; its id. */
  function said(name: string, ...types: readonly string[]): string {
    const session = fixture.session(name, 'worker', true);
    for (const type of types) fixture.event(session, type, { turn_id: 't1' });
    turns.grew(session.id);
    return session.id;
  }

  it('is asked of what was read: from the start of a turn to its end', () => {
    const working = said('w1', 'task_started');
    const done = said('w2', 'task_started', 'task_complete');
    assert.deepEqual([...turns.closest()], [working]);
    assert.deepEqual([turns.knows(done), turns.knows('another')], [true, false]);
    fixture.event(fixture.session('w1', 'worker', true), 'turn_aborted', { turn_id: 't1' });
    turns.grew(working);
    assert.equal(turns.closest().size, 0);
  });

  it('are those whose newest line is new; where a question has no line before it, every turn that runs', () => {
    said('w1', 'task_started');
    const older = said('w2', 'user_message');
    assert.equal(turns.closest().size, 2);
    fixture.clock.advance(60_000);
    assert.deepEqual([...turns.closest()], [older]);
  });

  it('are a few only: those that wrote last, and none that nobody can say to live', () => {
    const ids = ['w1', 'w2', 'w3', 'w4', 'w5', 'w6'].map((name) => said(name, 'task_started'));
    const [first = '', , , , , last = ''] = ids;
    assert.deepEqual([...turns.closest()], ids.slice(2));
    turns.grew(first);
    turns.rest(last);
    assert.deepEqual([...turns.closest()], [...ids.slice(2, 5), first]);
  });
});
