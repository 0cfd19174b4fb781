import assert from 'node:assert/strict';
import { ConveyorError } from '../../../src/core/domain/errors.ts';
import { FakeClock } from '../../../src/core/ports/clock.ts';
import { type FakePane, FakeTmux } from '../../../src/core/tmux/fakeTmux.ts';
import { PaneRounds } from '../../../src/core/tmux/paneRounds.ts';

/** Counts what would each be a process. */
class CountingTmux extends FakeTmux {
  lists = 0;
  looks = 0;

  override listPanes(session?: string) {
    this.lists += 1;
    return super.listPanes(session);
  }

  override snapshot(paneId: string) {
    this.looks += 1;
    return super.snapshot(paneId);
  }
}

describe('PaneRounds', () => {
  let tmux: CountingTmux;
  let clock: FakeClock;
  let rounds: PaneRounds;
  let one: FakePane;

  beforeEach(() => {
    tmux = new CountingTmux();
    clock = new FakeClock();
    rounds = new PaneRounds(tmux, clock);
    one = tmux.add('one');
    tmux.add('two');
  });

  const seconds = () => Math.floor(clock.now() / 1000);
  const draw = (screen: string) => {
    one.show(screen);
    one.set({ isCursorVisible: true, windowActiveAt: seconds() });
  };

  /** A round over both sessions, a second after the one before; what the first showed. */
  async function round(): Promise<string> {
    clock.advance(1000);
    const reader = rounds.begin();
    const shown: string[] = [];
    for (const session of ['one', 'two']) {
      const { paneId } = await reader.findPane({ session, paneId: null });
      shown.push((await reader.snapshot(paneId)).styled);
    }
    return shown[0] ?? '';
  }

  it('lists the panes once a round, and looks only where something may have been drawn', async () => {
    for (let count = 0; count < 5; count += 1) await round();
    assert.deepEqual([tmux.lists, tmux.looks], [5, 2]);
    draw('news');
    assert.equal(await round(), 'news');
    assert.equal(tmux.looks, 3);
  });

  it('looks again when something was drawn in the second of the last look, maybe after it', async () => {
    draw('first');
    const reader = rounds.begin();
    await reader.findPane({ session: 'one', paneId: null });
    await reader.snapshot('%0');
    draw('second');
    assert.equal(await round(), 'second');
  });

  it('looks again when title, size, mode or program of a pane differ', async () => {
    await round();
    for (const facts of [{ title: '⠙ work' }, { width: 80 }, { isInMode: true }, { isDead: true }, { pid: 200 }]) {
      const before = tmux.looks;
      one.set(facts);
      await round();
      assert.equal(tmux.looks, before + 1, JSON.stringify(facts));
    }
  });

  it('trusts nothing for long', async () => {
    await round();
    one.show('drawn without a trace');
    one.set({ isCursorVisible: true });
    for (let count = 0; count < 10; count += 1) await round();
    assert.equal(await round(), 'drawn without a trace');
  });

  it('finds a recorded pane only in its own session, and no session that is gone', async () => {
    const reader = rounds.begin();
    const absent = (error: unknown) => ConveyorError.is(error, 'tmux_not_running');
    assert.equal((await reader.findPane({ session: 'two', paneId: '%1' })).paneId, '%1');
    await assert.rejects(reader.findPane({ session: 'one', paneId: '%1' }), absent);
    await assert.rejects(reader.findPane({ session: 'on', paneId: null }), absent);
    assert.equal(tmux.lists, 1);
  });
});
