import assert from 'node:assert/strict';
import { readComposer, showsText, type ComposerReading } from '../../../src/core/delivery/composer.ts';
import { FakePane } from '../../../src/core/tmux/fakeTmux.ts';
import type { PaneSnapshot } from '../../../src/core/tmux/pane.ts';
import { recordedScreen, recordedVersions } from './recordedScreen.ts';

/** What was pasted when the screen of that state was recorded. */
const PASTED: Readonly<Record<string, string>> = {
  draft: 'a nudge for you',
  'draft-lines': 'first line\n\n\tindented line\nlast 🚀',
  'draft-wrapped': 'word '.repeat(60),
  'draft-tall': Array.from({ length: 40 }, (_, at) => `line ${at}`).join('\n'),
  'draft-pasted': 'x'.repeat(1500),
};

for (const version of recordedVersions()) {
  describe(`the composer of Codex ${version}`, () => {
    it('is empty when it shows its placeholder, also while a turn runs', () => {
      for (const state of ['ready', 'busy']) {
        const composer = readComposer(recordedScreen(version, state));
        assert.ok(composer.kind === 'composer' && composer.isEmpty, state);
      }
    });

    for (const [state, text] of Object.entries(PASTED)) {
      it(`shows exactly what was pasted: ${state}`, () => {
        const composer = readComposer(recordedScreen(version, state));
        assert.ok(composer.kind === 'composer' && !composer.isEmpty);
        assert.equal(showsText(composer, text), true);
        for (const other of Object.values(PASTED)) {
          if (other !== text) assert.equal(showsText(composer, other), false);
        }
        assert.equal(showsText(composer, `${text} and more`), false);
      });
    }

    it('is not there while an approval is asked for', () => {
      assert.deepEqual(readComposer(recordedScreen(version, 'approval')), { kind: 'none', because: 'cursor_hidden' });
    });
  });
}

describe('a screen drawn by hand', () => {
  const screen = (rows: readonly string[], cursorRow: number, cursorColumn = 2): PaneSnapshot => ({
    pane: new FakePane('drawn', '%1', { cursorRow, cursorColumn }).facts(),
    styled: rows.join('\n'),
  });
  const draftOf = (composer: ComposerReading): string | null => (composer.kind === 'composer' ? composer.draft : null);

  it('a draft counts although the cursor was moved to its beginning', () => {
    const composer = readComposer(screen(['', '› half typed', '', '  model · /work'], 1, 2));
    assert.equal(draftOf(composer), 'half typed');
  });

  it('a draft whose first row is empty counts too', () => {
    const composer = readComposer(screen(['', '› ', '  second row', '', '  model · /work'], 1, 2));
    assert.ok(composer.kind === 'composer' && !composer.isEmpty);
  });

  it('an earlier message of the person is no composer', () => {
    const composer = readComposer(screen(['\u001B[1;2m› \u001B[0mearlier message', '  '], 1, 0));
    assert.equal(composer.kind, 'none');
  });

  it('a marked row of a menu is no composer', () => {
    const rows = ['  Pick one', '› 1. Yes', '  2. No', '', '  Press enter'];
    assert.deepEqual(readComposer(screen(rows, 2)), { kind: 'none', because: 'menu' });
  });

  it("a shell's prompt is no composer", () => {
    assert.equal(readComposer(screen(['$ ls', 'file', '$ '], 2)).kind, 'none');
  });

  it('a text of emoji alone is recognised, and no other text for it', () => {
    const composer = readComposer(screen(['› 🚀🚀', '', '  model'], 0, 6));
    assert.equal(showsText(composer, '🚀🚀'), true);
    assert.equal(showsText(composer, 'rocket'), false);
  });

  it('the end of a long text is not enough when the composer shows few rows', () => {
    const composer = readComposer(screen(['› of a long message', '', '  model'], 0, 19));
    assert.equal(showsText(composer, 'the end of a long message'), false);
  });
});
