import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { type Checkpoint, checkpoints, type DispatchDependencies } from '../../../src/core/dispatch/dependencies.ts';
import { openLedger } from '../../../src/core/ledger/openLedger.ts';
import { column, DispatchFixture, Killed, ModelPane, type Pair } from './support.ts';

/** A dispatcher of its own: own connection, killed at a step. What it holds is not given back. */
async function passUntil(fixture: DispatchFixture, panes: ModelPane, at: Checkpoint | null, id: string): Promise<void> {
  const { connection } = openLedger(fixture.ledger.file, fixture.clock.now());
  const deps: DispatchDependencies = {
    ...fixture.deps,
    ledger: connection,
    panes,
    checkpoint: (name) => {
      if (name !== at) return;
      connection.close();
      throw new Killed(`at ${name}`);
    },
  };
  try {
    await fixture.pass({ dispatcherId: id, leaseSeconds: 5 }, deps);
  } catch (error) {
    // The killed dispatcher also trips over its closed ledger on the way out.
    if (at === null) throw error;
  } finally {
    connection.close();
  }
}

describe('a dispatcher that is killed', () => {
  let fixture: DispatchFixture;
  let panes: ModelPane;
  let pair: Pair;

  beforeEach(() => {
    fixture = new DispatchFixture();
    panes = new ModelPane();
    pair = fixture.pair('alpha', ['worker', 'manager']);
  });
  afterEach(() => fixture.dispose());

  const turnsOf = (session: string) => panes.turns.filter((turn) => turn.session === session).map(({ text }) => text);

  for (const at of checkpoints) {
    it(`between any two steps types a message exactly once: killed when ${at}`, async () => {
      await fixture.enqueue(pair.task, 'go on');
      await passUntil(fixture, panes, at, 'doomed');
      fixture.clock.advance(20_000);
      await passUntil(fixture, panes, null, 'heir');
      assert.deepEqual(turnsOf('alpha-worker'), ['go on']);
      assert.equal(fixture.value('SELECT state FROM commands'), 'succeeded');
      assert.equal(fixture.value('SELECT state FROM routed_notifications'), 'delivered');
    });

    it(`between any two steps tells of a completion exactly once: killed when ${at}`, async () => {
      fixture.complete(pair.worker, 'a1');
      await passUntil(fixture, panes, at, 'doomed');
      fixture.clock.advance(20_000);
      await passUntil(fixture, panes, null, 'heir');
      fixture.clock.advance(20_000);
      await passUntil(fixture, panes, null, 'heir');
      assert.equal(turnsOf('alpha-manager').length, 1);
      assert.equal(fixture.value('SELECT state FROM routed_notifications'), 'delivered');
    });
  }

  it('OD-20: before anything began is followed by another attempt, not by a failure', async () => {
    await fixture.enqueue(pair.task, 'go on');
    await passUntil(fixture, panes, 'claimed', 'doomed');
    fixture.clock.advance(6000);
    const items = await fixture.pass({}, { ...fixture.deps, panes });
    assert.deepEqual(column(items, 'state'), ['requeued', 'delivered']);
    assert.equal(fixture.value('SELECT max_attempts FROM commands'), 1);
  });

  it('is not followed by one death after the other for ever', async () => {
    await fixture.enqueue(pair.task, 'go on');
    for (let deaths = 0; deaths < 8; deaths += 1) {
      await passUntil(fixture, panes, 'began', `doomed-${deaths}`);
      fixture.clock.advance(20_000);
    }
    await fixture.pass({}, { ...fixture.deps, panes });
    assert.equal(fixture.value('SELECT state FROM commands'), 'failed');
    assert.deepEqual(turnsOf('alpha-worker'), []);
  });

  it('is left alone as long as its claim lasts', async () => {
    await fixture.enqueue(pair.task, 'go on');
    await passUntil(fixture, panes, 'began', 'doomed');
    fixture.clock.advance(4000);
    assert.deepEqual(await fixture.pass({}, { ...fixture.deps, panes }), []);
  });

  it('OD-39: a claim is not over a second early, whoever reads it', async () => {
    fixture.clock.wall += 120;
    await fixture.enqueue(pair.task, 'go on');
    await passUntil(fixture, panes, 'claimed', 'doomed');
    const expires = Date.parse(String(fixture.value('SELECT claim_expires_at FROM commands')));
    assert.ok(expires >= fixture.clock.now() + 5000);
    // A claim of upstream's has no lease, only a date, with or without a fraction of a second.
    fixture.ledger.run('DELETE FROM panel_leases');
    fixture.ledger.run("UPDATE commands SET claim_expires_at = '2026-01-02T03:04:10.120000Z'");
    fixture.clock.wall = Date.parse('2026-01-02T03:04:10.000Z');
    assert.deepEqual(await fixture.pass({}, { ...fixture.deps, panes }), []);
    fixture.clock.wall += 121;
    assert.deepEqual(column(await fixture.pass({}, { ...fixture.deps, panes }), 'state'), ['requeued', 'delivered']);
  });

  it('OD-23: leaves no notification behind that nobody looks after', async () => {
    await fixture.enqueue(pair.task, 'go on');
    await passUntil(fixture, panes, 'began', 'doomed');
    // Nothing can be asked: the session has no rollout, and no terminal any more.
    fixture.ledger.run('UPDATE sessions SET tmux_session = NULL');
    fixture.clock.advance(20_000);
    const [item] = await fixture.pass({}, { ...fixture.deps, panes });
    assert.deepEqual([item?.state, item?.side_effect_started], ['failed', true]);
    assert.match(String(item?.error), /manual review required/);
    assert.equal(fixture.count('routed_notifications', "state = 'pending'"), 0);
  });

  it('OD-23: ends what an upstream dispatcher left pending when its command was over', async () => {
    const id = await fixture.enqueue(pair.task, 'go on');
    await passUntil(fixture, panes, 'began', 'upstream');
    fixture.ledger.run("UPDATE commands SET state = 'failed', error = 'expired' WHERE id = ?", [id]);
    await fixture.pass();
    assert.equal(fixture.value('SELECT state FROM routed_notifications'), 'failed');
  });

  it('presses only Enter where the text stands in the composer already', async () => {
    await fixture.enqueue(pair.task, 'go on');
    await passUntil(fixture, panes, 'typed', 'doomed');
    assert.equal(panes.composers.get('alpha-worker'), 'go on');
    fixture.clock.advance(20_000);
    const items = await fixture.pass({}, { ...fixture.deps, panes });
    assert.deepEqual(column(items, 'state'), ['requeued', 'delivered']);
    assert.deepEqual(turnsOf('alpha-worker'), ['go on']);
  });

  it('is not decided while the screen is unclear, and not for ever', async () => {
    await fixture.enqueue(pair.task, 'go on');
    await passUntil(fixture, panes, 'began', 'doomed');
    panes.composers.set('alpha-worker', 'somebody is typing');
    const seen: unknown[] = [];
    for (let looks = 0; looks < 60 && seen.length === 0; looks += 1) {
      fixture.clock.advance(20_000);
      seen.push(...column(await fixture.pass({}, { ...fixture.deps, panes }), 'state'));
    }
    assert.deepEqual(seen, ['failed']);
    assert.deepEqual(turnsOf('alpha-worker'), []);
  });

  it('OD-19: a delivery that outlasts its claim is not finished twice and crashes nobody', async () => {
    await fixture.enqueue(pair.task, 'go on');
    let heir: unknown[] = [];
    fixture.panes.answers.set('alpha-worker', async (send) => {
      await send.beforeFirstKey();
      fixture.clock.advance(120_000); // asleep: no renewal, both claims over
      fixture.panes.answers.clear();
      fixture.panes.evidence.set('alpha-worker', 'holds_text');
      heir = column(await fixture.pass({ dispatcherId: 'heir' }), 'state');
      assert.equal(await send.mayPressEnter(), false);
      const stages = { typedAt: 1, submittedAt: null, seenAt: null };
      return { outcome: 'undelivered', reason: 'fence_lost', stages, screen: [] };
    });
    assert.deepEqual(await fixture.pass({ dispatcherId: 'slow' }), []);
    assert.deepEqual(heir, ['requeued', 'delivered']);
    assert.equal(fixture.panes.typed.length, 1);
    assert.equal(fixture.value('SELECT state FROM commands'), 'succeeded');
  });

  it('OD-19: what another dispatcher has decided meanwhile stands, and ends nobody', async () => {
    await fixture.enqueue(pair.task, 'go on');
    let heir: unknown[] = [];
    fixture.panes.answers.set('alpha-worker', async (send) => {
      await send.beforeFirstKey();
      assert.equal(await send.mayPressEnter(), true);
      fixture.clock.advance(120_000); // asleep right after Enter
      fixture.says(pair.worker, 'go on');
      heir = column(await fixture.pass({ dispatcherId: 'heir' }), 'state');
      return { outcome: 'delivered', paneId: '%1', stages: { typedAt: 1, submittedAt: 2, seenAt: 3 } };
    });
    const late = await fixture.pass({ dispatcherId: 'slow' });
    assert.deepEqual(heir, ['delivered']);
    assert.deepEqual(column(late, 'superseded'), [true]);
    assert.equal(fixture.value('SELECT state FROM commands'), 'succeeded');
    assert.equal(fixture.count('command_attempts', "state = 'succeeded'"), 1);
  });

  it('OD-19: claims are renewed while a delivery lasts', async () => {
    let renew = () => {};
    const every = (milliseconds: number, work: () => void) => {
      if (milliseconds > 1000) renew = work;
      return () => {};
    };
    await fixture.enqueue(pair.task, 'go on');
    let other: unknown[] = [];
    fixture.panes.answers.set('alpha-worker', async (send) => {
      await send.beforeFirstKey();
      for (let beats = 0; beats < 10; beats += 1) {
        fixture.clock.advance(4000);
        renew();
      }
      other = [...(await fixture.pass({ dispatcherId: 'other' }))];
      assert.equal(await send.mayPressEnter(), true);
      return { outcome: 'delivered', paneId: '%1', stages: { typedAt: 1, submittedAt: 1, seenAt: 1 } };
    });
    const items = await fixture.pass({ leaseSeconds: 5 }, { ...fixture.deps, every });
    assert.deepEqual([column(items, 'state'), other], [['delivered'], []]);
  });

  it('with any number of deaths and clock jumps loses nothing and says nothing twice', async () => {
    const death = fc.record({
      at: fc.constantFrom<Checkpoint | null>(null, ...checkpoints),
      rest: fc.nat(25_000),
      wallJump: fc.constantFrom(0, 0, -3_600_000, 3_600_000),
    });
    const run = async (deaths: { at: Checkpoint | null; rest: number; wallJump: number }[]) => {
      const world = new DispatchFixture();
      try {
        const terminal = new ModelPane();
        const { task, worker } = world.pair('alpha', ['worker', 'manager']);
        const messages = ['one', 'two', 'three'];
        for (const message of messages) await world.enqueue(task, message);
        world.complete(worker, 'a1');
        for (const [index, { at, rest, wallJump }] of deaths.entries()) {
          await passUntil(world, terminal, at, `doomed-${index}`);
          world.clock.advance(rest);
          world.clock.wall += wallJump;
        }
        for (let passes = 0; passes < 8; passes += 1) {
          world.clock.advance(30_000);
          await passUntil(world, terminal, null, 'heir');
        }
        const typed = (session: string) =>
          terminal.turns.filter((turn) => turn.session === session).map(({ text }) => text);
        assert.deepEqual(typed('alpha-worker'), messages);
        assert.equal(typed('alpha-manager').length, 1);
        assert.equal(world.count('commands', "state <> 'succeeded'"), 0);
        assert.equal(world.count('routed_notifications', "state <> 'delivered'"), 0);
      } finally {
        world.dispose();
      }
    };
    // One died when it had put the second message back, before it let go of its claim: the third must wait behind it.
    const died = { at: 'settled', wallJump: 0 } as const;
    await run([
      { ...died, rest: 13_821 },
      { ...died, rest: 1179 },
      { at: null, rest: 0, wallJump: 0 },
    ]);
    // Five deaths before anything began would rightly be given up.
    await fc.assert(fc.asyncProperty(fc.array(death, { maxLength: 4 }), run), { numRuns: 25 });
  }).timeout(60_000);

  it('is not believed to have delivered what somebody else said before', async () => {
    appendFileSync(String(pair.worker.codex_session_path), userTurn('go on'));
    await fixture.enqueue(pair.task, 'go on');
    await passUntil(fixture, panes, 'began', 'doomed');
    fixture.clock.advance(20_000);
    await passUntil(fixture, panes, null, 'heir');
    assert.deepEqual(turnsOf('alpha-worker'), ['go on']);
  });
});

function userTurn(message: string): string {
  return `${JSON.stringify({ timestamp: '2026-01-01T00:00:00Z', type: 'event_msg', payload: { type: 'user_message', message } })}\n`;
}
