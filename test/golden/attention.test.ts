import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { recogniseScreen } from '../../src/core/codex/screens.ts';
import { reduceAttention } from '../../src/core/domain/attention.ts';
import type { AttentionEvidence, ScreenEvidence } from '../../src/core/domain/attentionEvidence.ts';
import { attentionTruth, attentionTruthWithScreen, screenOfScenario } from './attentionTruth.ts';
import { readCorpus, type CorpusFile } from './corpus.ts';
import { foldRollout } from './foldRollout.ts';

const corpus = readCorpus('rollouts', '.jsonl').filter(({ name }) => name !== 'exec-json-stdout');
const panes = new Map(readCorpus('panes', '.txt').map((file) => [file.label, file]));

/** A look at a rollout a minute after its last line. */
function evidenceOf(content: Buffer, parts: Partial<AttentionEvidence> = {}): AttentionEvidence {
  const { state } = foldRollout(content);
  const last = Date.parse(state.lastEventAt ?? '2026-01-02T03:04:05Z');
  return {
    now: last + 60_000,
    turn: state,
    writtenAt: last,
    screen: null,
    process: null,
    signals: [],
    readAt: null,
    silenceLimitSeconds: 300,
    ...parts,
  };
}

function screenEvidence(file: CorpusFile, at: number): ScreenEvidence {
  const screen = recogniseScreen({ pane: file.content.toString('utf8') });
  return { class: screen.class, dialog: screen.dialog?.class ?? null, notice: screen.notice, at };
}

const brief = ({ state, detail }: { readonly state: string; readonly detail: string | null }) => ({ state, detail });

describe('the attention of every recorded rollout', () => {
  for (const file of corpus) {
    it(`${file.label} is what its name says`, () => {
      const attention = reduceAttention(evidenceOf(file.content));
      assert.deepEqual(brief(attention), attentionTruth(file));
      assert.ok(attention.sources.every(({ source }) => source === 'rollout'));
    });
  }

  const pairs = corpus.flatMap((file) => {
    const screen = panes.get(screenOfScenario(file) ?? '');
    return screen === undefined ? [] : [{ file, screen }];
  });

  it('is seen together with its screen in a good part of the corpus', () => {
    assert.ok(pairs.length >= 80, `${pairs.length} pairs`);
  });

  for (const { file, screen } of pairs) {
    it(`${file.label} with the screen ${screen.name} is what both say`, () => {
      const bare = evidenceOf(file.content);
      const shown = screenEvidence(screen, bare.now - 500);
      const attention = reduceAttention({ ...bare, screen: shown });
      const truth = attentionTruthWithScreen(file, {
        notice: shown.dialog === null ? (shown.notice?.kind ?? null) : null,
      });
      if (shown.dialog === 'rate_limit_menu' && truth.state !== 'rate_limited') {
        assert.deepEqual(brief(attention), { state: 'waiting_input', detail: 'rate_limit_menu' });
        return;
      }
      assert.deepEqual(brief(attention), truth);
      if (truth.state === 'waiting_approval')
        assert.match(attention.reason, /asks to approve a (?:command|permission)/);
    });
  }

  it('cut anywhere, with any recorded screen: at rest only when the rollout or a screen says so', () => {
    const resting = ['idle', 'turn_ended', 'rate_limited', 'error'];
    const screens = [...panes.values()];
    // By number: a counterexample with a whole file in it can't be read.
    const file = fc.nat({ max: corpus.length - 1 });
    const screen = fc.option(fc.nat({ max: screens.length - 1 }), { nil: null });
    fc.assert(
      fc.property(file, fc.double({ min: 0, max: 1, noNaN: true }), screen, (number, share, shownNumber) => {
        const { content } = corpus[number] ?? { content: Buffer.alloc(0) };
        const bare = evidenceOf(content.subarray(0, Math.floor(content.length * share)));
        const recorded = shownNumber === null ? undefined : screens[shownNumber];
        const shown = recorded === undefined ? null : screenEvidence(recorded, bare.now - 500);
        const { state } = reduceAttention({ ...bare, screen: shown });
        const { turn, grammar } = bare.turn;
        if (!resting.includes(state) || turn.phase === 'ended') return;
        // No end was written: then a screen waits for input, and no turn is open whose end would have been marked.
        assert.match(shown?.class ?? 'none', /^composer_(?:ready|popup)$/);
        assert.ok(turn.phase === 'unknown' || (grammar !== 'marked' && shown?.notice != null));
      }),
      { numRuns: 600 },
    );
  });
});
