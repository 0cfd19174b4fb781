import assert from 'node:assert/strict';
import { deliverToPane, type DeliveryRequest } from '../../../src/core/delivery/deliverToPane.ts';
import { interruptPane } from '../../../src/core/delivery/interruptPane.ts';
import type { DeliveryResult } from '../../../src/core/delivery/deliveryResult.ts';
import { prepareText } from '../../../src/core/delivery/messageText.ts';
import { FakeClock } from '../../../src/core/ports/clock.ts';
import { FakeHostFacts } from '../../../src/core/ports/hostFacts.ts';
import { FakeTmux } from '../../../src/core/tmux/fakeTmux.ts';

const APPROVAL = [
  '  Would you like to run this?',
  '',
  '› 1. Yes, proceed (y)',
  '  2. No (esc)',
  '',
  '  Press enter to confirm or esc to cancel',
];
const BUSY = [
  '• Working (3s • esc to interrupt)',
  '',
  '\u001B[1m›\u001B[0m \u001B[2mAsk Codex\u001B[0m',
  '',
  '  model default · /work',
];

function setUp() {
  const tmux = new FakeTmux();
  const pane = tmux.add('codex-w1');
  const host = new FakeHostFacts();
  host.processes.set(100, { commandLine: ['/usr/bin/codex', '--no-daemon'] });
  const clock = new FakeClock();
  const ports = { tmux, input: tmux, host, clock };
  const deliver = (more: Partial<DeliveryRequest> = {}): Promise<DeliveryResult> =>
    deliverToPane(ports, {
      address: { session: 'codex-w1', paneId: pane.paneId },
      text: prepareText('keep going'),
      proof: () => pane.submitted.length > 0,
      ...more,
    });
  return { tmux, pane, host, clock, ports, deliver };
}

const reasonOf = (result: DeliveryResult): string => (result.outcome === 'delivered' ? 'delivered' : result.reason);

describe('delivery, step by step', () => {
  it('tells when it was typed, submitted and seen, in that order', async () => {
    const { deliver, clock, tmux, pane } = setUp();
    const before = clock.now();
    const result = await deliver();
    assert.ok(result.outcome === 'delivered');
    const { typedAt, submittedAt, seenAt } = result.stages;
    assert.ok(typedAt !== null && submittedAt !== null && seenAt !== null);
    assert.ok(before <= typedAt && typedAt < submittedAt && submittedAt <= seenAt);
    assert.deepEqual(tmux.presses, [
      { paneId: pane.paneId, text: 'keep going' },
      { paneId: pane.paneId, key: 'Enter' },
    ]);
  });

  it('asks the fence after all checks, and before each Enter', async () => {
    const { deliver, tmux } = setUp();
    const seen: string[] = [];
    const note = (what: string) => () => {
      seen.push(`${what} after ${tmux.presses.length}`);
      return true;
    };
    await deliver({ beforeFirstKey: note('begin'), mayPressEnter: note('enter') });
    assert.deepEqual(seen, ['begin after 0', 'enter after 1']);
  });

  it('is undelivered, not repeated, when a dialog hides the composer right after Enter', async () => {
    const { deliver, tmux, pane } = setUp();
    pane.onSubmit = () => pane.show(APPROVAL.join('\n'));
    const result = await deliver({ proof: () => false });
    assert.equal(reasonOf(result), 'screen_changed');
    assert.equal(tmux.presses.length, 2);
  });

  it('is delivered but not yet seen when Codex keeps the text until the running turn is over', async () => {
    const { deliver, pane } = setUp();
    pane.onSubmit = () => {
      pane.show(BUSY.join('\n'));
      pane.set({ isCursorVisible: true, cursorRow: 2 });
    };
    const result = await deliver({ proof: () => false });
    assert.ok(result.outcome === 'delivered' && result.stages.submittedAt !== null && result.stages.seenAt === null);
  });

  /** A Codex that has taken what Enter sent, and draws that only after so long. */
  function drawsLate({ pane, tmux, clock }: ReturnType<typeof setUp>, milliseconds: number): void {
    let drawnAt = Infinity;
    pane.onSubmit = (text) => {
      pane.draft = text;
      drawnAt = Math.min(drawnAt, clock.monotonic() + milliseconds);
    };
    const snapshot = tmux.snapshot.bind(tmux);
    tmux.snapshot = (paneId) => {
      if (clock.monotonic() >= drawnAt) pane.draft = '';
      return snapshot(paneId);
    };
  }
  const enters = ({ tmux }: ReturnType<typeof setUp>) => tmux.presses.filter((press) => 'key' in press).length;

  it('gives a long message longer to leave the composer before Enter is pressed again', async () => {
    const world = setUp();
    drawsLate(world, 9000);
    const result = await world.deliver({ text: prepareText('word '.repeat(20_000)), proof: () => false });
    assert.equal(reasonOf(result), 'turn_not_seen');
    assert.equal(enters(world), 1);
  });

  it('presses Enter no more when the rollout has the message, whatever stands on the screen', async () => {
    const world = setUp();
    drawsLate(world, 60_000);
    assert.equal(reasonOf(await world.deliver()), 'delivered');
    assert.equal(enters(world), 1);
  });

  it('is delivered but not seen when there is no rollout to look in, and undelivered when there is one without it', async () => {
    const { deliver } = setUp();
    const unknown = await deliver({ proof: () => null });
    assert.ok(unknown.outcome === 'delivered' && unknown.stages.seenAt === null);
    assert.equal(reasonOf(await deliver({ proof: () => false })), 'turn_not_seen');
  });

  it('needs no user turn for a command that was permitted', async () => {
    const { deliver, pane } = setUp();
    const result = await deliver({ text: prepareText('/compact', ['/compact']), proof: () => false });
    assert.ok(result.outcome === 'delivered' && result.stages.seenAt === null);
    assert.deepEqual(pane.submitted, ['/compact']);
  });

  it('defers while busy when the caller wants to wait', async () => {
    const { deliver, pane, tmux } = setUp();
    pane.set({ title: '⠙ work' });
    assert.equal(reasonOf(await deliver({ whenBusy: 'defer' })), 'busy');
    assert.deepEqual(tmux.presses, []);
  });

  it('defers while Codex has lost its server, and before it is ready', async () => {
    const { deliver, pane } = setUp();
    pane.show(['• Reconnecting to server…', '', '› ', '', '  model default · /work'].join('\n'));
    pane.set({ isCursorVisible: true, cursorRow: 2 });
    assert.equal(reasonOf(await deliver()), 'not_ready');
    pane.show('');
    assert.equal(reasonOf(await deliver()), 'not_ready');
  });

  it('waits for a screen that is being redrawn', async () => {
    const { deliver, pane, clock } = setUp();
    pane.show('');
    const sleep = clock.sleep.bind(clock);
    let naps = 0;
    clock.sleep = (milliseconds) => {
      naps += 1;
      if (naps === 3) pane.show(null);
      return sleep(milliseconds);
    };
    assert.equal(reasonOf(await deliver()), 'delivered');
  });

  it('defers when nothing on the screen is known', async () => {
    const { deliver, pane, tmux } = setUp();
    pane.show('something else\nentirely');
    pane.set({ isCursorVisible: true, cursorRow: 1 });
    assert.equal(reasonOf(await deliver()), 'unknown_screen');
    assert.deepEqual(tmux.presses, []);
  });

  it('goes to an unknown screen on the word of the person, with one Enter, once the text is seen on it', async () => {
    const { deliver, pane, tmux } = setUp();
    const draw = (draft: string) => {
      pane.show(`tomorrow's Codex\n> ${draft}`);
      pane.set({ isCursorVisible: true, cursorRow: 1 });
    };
    draw('');
    pane.onPaste = (text) => draw(text);
    const sent = await deliver({ acceptsUnknownScreen: true, proof: () => tmux.presses.length === 2 });
    assert.equal(reasonOf(sent), 'delivered');
    assert.equal(tmux.presses.filter((press) => 'key' in press).length, 1);

    draw('');
    pane.onPaste = () => {};
    const swallowed = await deliver({ acceptsUnknownScreen: true, proof: () => false });
    assert.equal(reasonOf(swallowed), 'text_not_in_composer');
    assert.equal(tmux.presses.filter((press) => 'key' in press).length, 1, 'no Enter where the text is not seen');

    draw('');
    pane.onPaste = (text) => draw(text);
    assert.equal(reasonOf(await deliver({ acceptsUnknownScreen: true, proof: () => false })), 'screen_changed');
    assert.equal(tmux.presses.filter((press) => 'key' in press).length, 2, 'and never a second one');

    pane.show(APPROVAL.join('\n'));
    assert.equal(reasonOf(await deliver({ acceptsUnknownScreen: true })), 'dialog_open');
  });

  it('OD-37: counts neither the shared server nor a dead process as Codex', async () => {
    const { deliver, host } = setUp();
    host.processes.set(100, { commandLine: ['-bash'] });
    host.processes.set(101, { parent: 100, commandLine: ['/x/codex', 'app-server', '--listen', 'unix://'] });
    assert.equal(reasonOf(await deliver()), 'codex_not_running');
  });
});

describe('an interrupt, step by step', () => {
  const interrupt = (world: ReturnType<typeof setUp>, more: Partial<Parameters<typeof interruptPane>[1]> = {}) =>
    interruptPane(world.ports, {
      address: { session: 'codex-w1', paneId: null },
      key: null,
      version: { major: 0, minor: 169, patch: 0, text: '0.169.0' },
      isBusy: null,
      ...more,
    });

  it('presses Esc once, only while a turn runs by screen or by rollout', async () => {
    const world = setUp();
    assert.equal((await interrupt(world)).outcome, 'deferred');
    assert.equal(world.tmux.presses.length, 0);
    assert.equal((await interrupt(world, { isBusy: true })).outcome, 'pressed');
    world.pane.set({ title: '⠙ work' });
    const result = await interrupt(world, { settleMilliseconds: 200 });
    assert.ok(result.outcome === 'pressed' && result.hasSettled === false);
    assert.deepEqual(
      world.tmux.presses.map((press) => 'key' in press && press.key),
      ['Escape', 'Escape'],
    );
  });

  it('presses Ctrl-C for versions that ignore Esc', async () => {
    const world = setUp();
    const version = { major: 0, minor: 20, patch: 0, text: '0.20.0' };
    const result = await interrupt(world, { version, isBusy: true });
    assert.ok(result.outcome === 'pressed' && result.key === 'C-c');
  });

  it('OD-44: presses a key that the person named, on a dialog too, once', async () => {
    const world = setUp();
    world.pane.show(APPROVAL.join('\n'));
    assert.equal((await interrupt(world)).outcome, 'deferred');
    const result = await interrupt(world, { key: 'Enter' });
    assert.ok(result.outcome === 'pressed' && result.key === 'Enter' && result.hasSettled === null);
    assert.equal(world.tmux.presses.length, 1);
  });
});
