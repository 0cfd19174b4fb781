import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { classifyBusyWait, classifyStartup } from '../../src/core/codex/classifyPane.ts';
import { recogniseScreen } from '../../src/core/codex/screens.ts';
import { dialogClasses, hasDialog, type DialogClass } from '../../src/core/domain/screen.ts';
import { isFrom, readCorpus, type CorpusFile } from './corpus.ts';
import { paneTruth } from './paneTruth.ts';

const corpus = readCorpus('panes', '.txt');
const textOf = ({ content }: CorpusFile) => content.toString('utf8');
const screenOf = (file: CorpusFile, title = '') => recogniseScreen({ pane: textOf(file), title });
const named = (pattern: RegExp) => corpus.filter(({ name }) => pattern.test(name));
const isDialog = (name: string): name is DialogClass => (dialogClasses as readonly string[]).includes(name);
const COMPOSER = '\n\n› Ask Codex to do anything\n\n  mock-model default · /work/demo\n';

describe('every recorded pane', () => {
  it('is there', () => {
    assert.ok(corpus.length >= 390, `${corpus.length} files`);
  });

  for (const file of corpus) {
    it(`${file.label} is what its name says`, () => {
      const truth = paneTruth(file);
      const screen = screenOf(file);
      assert.equal(screen.class, truth.class);
      assert.equal(screen.notice?.kind ?? null, truth.notice ?? null);
      assert.equal(hasDialog(screen), isDialog(truth.class));
    });
  }

  it('with a dialog offers its options, one of them marked', () => {
    for (const file of corpus) {
      const { dialog } = screenOf(file);
      if (dialog === null) continue;
      assert.ok(dialog.options.length >= 2, file.label);
      assert.deepEqual(
        dialog.options.map(({ number }) => number),
        dialog.options.map((_, at) => at + 1),
        file.label,
      );
      const marked = dialog.options.filter(({ isMarked }) => isMarked).length;
      // 0.20 and 0.40 mark approvals by colour.
      assert.equal(marked, dialog.class.startsWith('approval') && !isFrom(file.version, 60) ? 0 : 1, file.label);
    }
  });

  it('with an approval says what it is about', () => {
    for (const file of named(/^approval-prompt(?:\.|$)/u)) {
      assert.match(screenOf(file).dialog?.text ?? '', /touch approved\.txt/u, file.label);
    }
  });

  it('with a draft gives the draft', () => {
    for (const file of named(/^composer-typed/u)) {
      assert.equal(screenOf(file).composer?.text, 'Say hello in one line please. mock:slow3', file.label);
    }
    for (const file of named(/^composer-multiline/u)) {
      const expected = 'Line one of the nudge\nline two with an emoji 🚀\nline three mock:say';
      assert.equal(screenOf(file).composer?.text, expected, file.label);
    }
  });

  it('with a spinner in the title is busy, also while an answer streams', () => {
    for (const file of named(/^busy-streaming/u)) assert.equal(screenOf(file, '⠹ demo').class, 'busy', file.label);
    for (const file of named(/^approval-prompt(?:\.|$)/u)) {
      assert.equal(screenOf(file, '⠹ demo').class, 'approval_command', file.label);
    }
  });
});

describe('what is quoted or scrolled back', () => {
  it('is never taken for the screen itself', () => {
    for (const file of corpus) {
      if (!hasDialog(screenOf(file)) && !paneTruth(file).class.startsWith('busy')) continue;
      const later = `${textOf(file).trimEnd()}\n\n• And that was all.${COMPOSER}`;
      assert.equal(recogniseScreen({ pane: later }).class, 'composer_ready', file.label);
      const answer = classifyBusyWait({ text: later, statusAgeSeconds: 9999, busyWaitSeconds: 90 });
      assert.equal(answer, null, file.label);
      const quoted = textOf(file)
        .trimEnd()
        .split('\n')
        .map((row) => `  ${row}`)
        .join('\n');
      assert.equal(
        recogniseScreen({ pane: `• The other pane shows:\n\n${quoted}${COMPOSER}` }).class,
        'composer_ready',
        file.label,
      );
    }
  });

  it('in a draft is a draft, with whatever stands above and below', () => {
    const footers = ['  ? for shortcuts · mock-model default · /work/demo', '  100% context left'];
    for (const file of corpus) {
      if (!hasDialog(screenOf(file))) continue;
      const rows = textOf(file).trim().split('\n');
      for (const [sign, indent, footer] of [
        ...footers.map((one) => ['› ', '  ', one] as const),
        ['▌ ', '▌ ', '⏎ send   Ctrl+J newline   Ctrl+T transcript   Ctrl+C quit'],
      ] as const) {
        const draft = rows.map((row, at) => `${at === 0 ? sign : indent}${row}`).join('\n');
        for (const above of ['', '• Done.\n\n']) {
          const screen = recogniseScreen({ pane: `${above}${draft}\n\n${footer}\n` });
          assert.match(screen.class, /^composer_/, `${file.label} behind ${sign}`);
          assert.equal(screen.dialog, null, file.label);
        }
      }
    }
  });

  it('above a dialog does not change the dialog', () => {
    const dialogs = corpus.filter((file) => hasDialog(screenOf(file)));
    fc.assert(
      fc.property(fc.constantFrom(...corpus), fc.constantFrom(...dialogs), (above, file) => {
        const pane = `${textOf(above).trimEnd()}\n\n• Then:\n\n${textOf(file)}`;
        assert.equal(recogniseScreen({ pane }).class, paneTruth(file).class);
      }),
      { numRuns: 300 },
    );
  });

  it('nothing is recognised in random text, and nothing throws', () => {
    const rows = fc.array(
      fc.oneof(fc.string({ maxLength: 30 }), fc.constantFrom('', '› ', '▌', '  1. a', '› 2. b', '■ x', '$ ')),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(rows, (lines) => {
        const screen = recogniseScreen({ pane: lines.join('\n') });
        if (screen.dialog !== null) assert.equal(screen.class, 'other_menu');
      }),
      { numRuns: 500 },
    );
  });
});

describe('the classifier on recorded panes', () => {
  it('OD-10: reports each recorded prompt at any age, and nothing on an idle screen', () => {
    for (const file of corpus) {
      const screen = screenOf(file);
      for (const statusAgeSeconds of [null, 0, 9999]) {
        const found = classifyBusyWait({ text: textOf(file), statusAgeSeconds, busyWaitSeconds: 90 });
        if (hasDialog(screen)) assert.equal(found?.pattern, PATTERNS[screen.class] ?? 'enter_to_confirm', file.label);
        else if (screen.class === 'composer_ready') assert.equal(found, null, file.label);
      }
    }
  });

  it('calls a running turn long only when time has passed', () => {
    for (const file of named(/^busy-thinking/u)) {
      const at = (statusAgeSeconds: number) =>
        classifyBusyWait({ text: textOf(file), statusAgeSeconds, busyWaitSeconds: 90 })?.pattern ?? null;
      assert.deepEqual([at(89), at(90)], [null, 'long_running_interruptible'], file.label);
    }
  });

  it('knows when a fresh session can be used', () => {
    const startup = (file: CorpusFile) => classifyStartup(textOf(file)).startup;
    for (const file of named(/^(?:startup-ready|resumed-ready)/u)) assert.equal(startup(file), 'ready', file.label);
    for (const file of named(/^trust-prompt/u)) assert.equal(startup(file), 'needs_trust', file.label);
    for (const file of named(/^(?:sign-in|hooks-review|model-migration|startup-early)/u)) {
      assert.equal(startup(file), 'starting', file.label);
    }
    for (const file of named(/^busy-thinking/u)) assert.equal(startup(file), 'working', file.label);
    for (const file of named(/^goodbye/u)) assert.equal(startup(file), 'error', file.label);
  });
});

const PATTERNS: Readonly<Record<string, string>> = {
  approval_command: 'approval_prompt',
  approval_patch: 'approval_prompt',
  trust_prompt: 'trust_prompt',
  rate_limit_menu: 'rate_limit_prompt',
};
