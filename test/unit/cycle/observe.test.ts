import assert from 'node:assert/strict';
import { readObservation } from '../../../src/core/ledger/observationStore.ts';
import { registerPanelSession } from '../../../src/core/ledger/panelSessionStore.ts';
import { lookAtSession, observeSession } from '../../../src/core/supervise/observe.ts';
import { FakeTmux } from '../../../src/core/tmux/fakeTmux.ts';
import { type SessionFixture, sessionFixture } from '../support/sessionFixture.ts';

describe('observeSession', () => {
  let fixture: SessionFixture;
  let tmux: FakeTmux;

  beforeEach(() => {
    fixture = sessionFixture();
    tmux = new FakeTmux();
  });

  afterEach(() => fixture.dispose());

  const dependencies = () => ({
    ledger: fixture.context.ledger,
    clock: fixture.clock,
    host: fixture.host,
    tmuxAt: () => tmux,
  });
  const look = async () => (await lookAtSession(dependencies(), fixture.session('w1'))).observation;
  const pid = () => fixture.session('w1').pid ?? 0;
  const putInPane = () => {
    fixture.context.ledger.run("UPDATE sessions SET tmux_session = 'codex-w1' WHERE name = 'w1'");
  };

  it('sees a process that lives, and one that has ended', async () => {
    assert.equal((await look()).alive, true);
    fixture.host.processes.delete(pid());
    assert.deepEqual([(await look()).alive, (await look()).reason], [false, `process ${pid()} has ended`]);
  });

  it('OD-46: another process under the same number is not the session', async () => {
    fixture.host.processes.set(pid(), { startTime: '8' });
    assert.equal((await look()).alive, false);
  });

  it('OD-46: nor is any process after the machine was restarted', async () => {
    fixture.host.bootId = 'boot-2';
    assert.equal((await look()).alive, false);
  });

  it('OD-46: a session whose pane is gone is not alive, whatever its number says', async () => {
    putInPane();
    const { alive, pane } = await look();
    assert.equal(alive, false);
    assert.equal(pane.captured, false);
    assert.match(pane.problem ?? '', /codex-w1/);
  });

  it('cannot tell of a session without process and pane', async () => {
    fixture.context.ledger.run("UPDATE sessions SET pid = NULL WHERE name = 'w1'");
    const facts = { kind: 'disposable', startsIncarnation: false } as const;
    registerPanelSession(fixture.context.ledger, fixture.session('w1').id, facts, 0);
    assert.equal((await look()).alive, null);
  });

  it('OD-10: names the screen from what is visible, not from what scrolled by', async () => {
    putInPane();
    const pane = tmux.add('codex-w1');
    pane.show(
      ['Do you trust the contents of this directory?', ...Array.from({ length: 40 }, (_, row) => `row ${row}`)].join(
        '\n',
      ),
    );
    assert.equal((await look()).pane.pattern.fresh, null);
    pane.show(
      'Do you trust the contents of this directory?\n\n› 1. Yes, continue\n  2. No, quit\n\n  Press enter to continue\n',
    );
    assert.equal((await look()).pane.pattern.fresh?.pattern, 'trust_prompt');
  });

  it('keeps what it saw, and writes the same again only now and then', async () => {
    const { ledger } = fixture.context;
    const { id } = fixture.session('w1');
    const observe = async () => {
      const { differs, refresh } = await observeSession(dependencies(), fixture.session('w1'), 'vscode-1');
      refresh?.();
      return differs;
    };
    assert.equal(await observe(), true);
    fixture.clock.advance(2000);
    assert.equal(await observe(), false);
    assert.equal(readObservation(ledger, id, fixture)?.age_seconds, 2);
    fixture.clock.advance(4000);
    assert.equal(await observe(), false);
    assert.equal(readObservation(ledger, id, fixture)?.age_seconds, 0);
    fixture.host.processes.delete(pid());
    assert.equal(await observe(), true);
    fixture.host.bootId = 'boot-2';
    assert.equal(readObservation(ledger, id, fixture)?.age_seconds, null);
  });
});
