import assert from 'node:assert/strict';
import { readPaneTitle } from '../../../src/core/codex/paneTitle.ts';
import { recogniseScreen } from '../../../src/core/codex/screens.ts';
import { dialogClasses, hasDialog, isBusyScreen } from '../../../src/core/domain/screen.ts';

const rows = (...lines: string[]) => lines.join('\n');
const FOOTER = ['', '  gpt-5 default · /work/demo'];
const classOf = (pane: string, title = '') => recogniseScreen({ pane, title }).class;

const MENU = [
  '  Would you like to run the following command?',
  '',
  '  $ rm -rf build',
  '',
  '› 1. Yes, proceed (y)',
  "  2. Yes, and don't ask again for commands that start with `rm` (p)",
  '  3. No, and tell Codex what to do differently (esc)',
  '',
  '  Press enter to confirm or esc to cancel',
];

describe('recognising a screen', () => {
  it('reads an approval with what it asks about and its options', () => {
    const { dialog } = recogniseScreen({ pane: rows('• Running rm -rf build', '', ...MENU, '', '') });
    assert.equal(dialog?.class, 'approval_command');
    assert.match(dialog.text, /\$ rm -rf build/);
    assert.deepEqual(
      dialog.options.map(({ number, isMarked }) => [number, isMarked]),
      [
        [1, true],
        [2, false],
        [3, false],
      ],
    );
  });

  it('knows an approval by its options when a long command pushed the title out', () => {
    const command = Array.from({ length: 40 }, (_, at) => `    line ${at}`);
    assert.equal(classOf(rows(...command, '', ...MENU.slice(4))), 'approval_command');
  });

  it('does not take a quoted dialog for one', () => {
    assert.equal(
      classOf(rows('• The screen shows:', '', ...MENU, '', '› Ask Codex to do anything', ...FOOTER)),
      'composer_ready',
    );
  });

  it('does not take a numbered draft for a menu', () => {
    const screen = recogniseScreen({ pane: rows('• Hello', '', '› 1. do this', '  2. then that', ...FOOTER) });
    assert.equal(screen.class, 'composer_ready');
    assert.equal(screen.composer?.text, '1. do this\n2. then that');
  });

  it('reports a menu that nobody knows as a dialog', () => {
    const picker = rows('  Select Model', '', '› 1. Big', '  2. Small', '', '  enter select · esc back');
    assert.equal(classOf(picker), 'other_menu');
    assert.ok(hasDialog(recogniseScreen({ pane: picker })));
    const scrolling = rows('  Select Model', '', '  1. Big', '› 2. Small', '↓', '  enter select · esc back');
    assert.equal(classOf(scrolling), 'other_menu');
  });

  it('reads drafts with blank lines, and tells the footer from them by being last only', () => {
    const draft = ['› one', '', '  three'];
    for (const footer of [
      '  gpt-5 default · /work/demo',
      '  a footer of tomorrow [x]',
      '  ? for shortcuts   99% left',
    ]) {
      const { composer } = recogniseScreen({ pane: rows('• Hi', '', ...draft, '', footer) });
      assert.deepEqual(composer, { text: 'one\n\nthree', content: 'placeholder_or_text', hasFooter: true });
    }
  });

  it('tells an empty composer from a draft in a styled capture', () => {
    const composer = (text: string, brightText: string) =>
      recogniseScreen({
        pane: [{ text, brightText }, { text: '' }, { text: '  gpt-5 · /work', brightText: '  gpt-5 · /work' }],
      }).composer;
    const placeholder = '› Ask Codex to do anything';
    assert.deepEqual(composer(placeholder, `›${' '.repeat(placeholder.length - 1)}`), {
      text: '',
      content: 'empty',
      hasFooter: true,
    });
    assert.deepEqual(composer(placeholder, placeholder), {
      text: 'Ask Codex to do anything',
      content: 'text',
      hasFooter: true,
    });
    assert.equal(recogniseScreen({ pane: rows('›', ...FOOTER) }).composer?.content, 'empty');
  });

  it('sees the status only right above the composer', () => {
    const composer = ['› Ask Codex to do anything', ...FOOTER];
    const status = '• Exploring the tree (1m 02s • esc to interrupt)';
    assert.equal(classOf(rows('› go', '', status, '', ...composer)), 'busy');
    assert.equal(classOf(rows(status, '', '• All done.', '', ...composer)), 'composer_ready');
    const waiting = ['• Messages to be submitted after next tool call', '  ↳ more'];
    assert.equal(classOf(rows(status, '', ...waiting, '', ...composer)), 'busy');
    assert.equal(classOf(rows('  1 background terminal running · /ps to view', '', ...composer)), 'composer_ready');
    assert.equal(classOf(rows('• Reconnecting... waiting for network (…', '', ...composer)), 'busy_reconnecting');
  });

  it('believes a spinner in the title where an answer streams without a status', () => {
    const streaming = rows('› go', '', '• Once upon a', '', '› Ask Codex to do anything', ...FOOTER);
    assert.equal(classOf(streaming, 'demo'), 'composer_ready');
    assert.equal(classOf(streaming, '⠹ demo'), 'busy');
    assert.equal(classOf(streaming, '01a202d9-b717-7d31-9f7e-67da3... | Working'), 'busy');
    assert.ok(isBusyScreen(recogniseScreen({ pane: streaming, title: '⠹ demo' })));
    assert.ok(dialogClasses.every((name) => name !== classOf(streaming, '⠹ demo')));
  });

  it('sees popups that would eat the Enter', () => {
    assert.equal(classOf(rows('› /compact', '', '  /compact  summarize')), 'composer_popup');
    assert.equal(classOf(rows('› see @rea', '', '  readme.md')), 'composer_ready', 'plain text may be a placeholder');
    const styled = ['› see @rea', '', '  readme.md'].map((text) => ({ text, brightText: text }));
    assert.equal(recogniseScreen({ pane: styled }).class, 'composer_popup');
    assert.equal(classOf(rows('› /tmp/x is full', ...FOOTER)), 'composer_ready');
  });

  it('knows when Codex is gone, and when it came back', () => {
    const goodbye = [
      '• Hi',
      'Token usage: total=1,890 input=1,800',
      'To continue this session, run codex resume 01a2',
      '$',
    ];
    assert.equal(classOf(rows(...goodbye)), 'exited');
    assert.equal(classOf(rows(...goodbye, '', '› Ask Codex to do anything', ...FOOTER)), 'composer_ready');
  });

  it('does not guess', () => {
    assert.equal(classOf(''), 'blank');
    assert.equal(classOf('\n  \n'), 'blank');
    assert.equal(classOf('$ ls\nREADME.md\n$'), 'unknown');
    assert.equal(classOf('› a message\n\n• and an answer, but no composer'), 'unknown');
  });

  it('reads error notices above the composer, not warnings', () => {
    const notice = (...lines: string[]) =>
      recogniseScreen({ pane: rows('› go', '', ...lines, '', '› Ask Codex to do anything', ...FOOTER) }).notice?.kind ??
      null;
    assert.equal(notice('■ You’ve hit your usage limit. Try', 'again at 11:41 AM.'), 'usage_limit');
    assert.equal(notice('■ Conversation interrupted - use /feedback'), 'interrupted');
    assert.equal(notice('■ something new'), 'other');
    assert.equal(notice('⚠ Model metadata for `m` not found.'), null);
    assert.equal(notice('⚠ Selected model is at capacity.'), 'overloaded');
    assert.equal(notice('■ old trouble', '', '• But then all went well.'), null);
  });
});

describe('a pane title', () => {
  it('tells of work and of approvals, and never of idleness', () => {
    assert.equal(readPaneTitle('⠹ demo').activity, 'working');
    assert.equal(readPaneTitle('01a2... | Working').activity, 'working');
    assert.equal(readPaneTitle('[ ! ] Action Required | demo').activity, 'action_required');
    assert.equal(readPaneTitle('[ . ] Action Required | demo').activity, 'action_required');
    assert.equal(readPaneTitle('demo').activity, null);
    assert.equal(readPaneTitle('Working on it').activity, null);
    assert.equal(readPaneTitle('').activity, null);
  });
});
