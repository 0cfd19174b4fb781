import assert from 'node:assert/strict';
import { readRolloutHeader } from '../../src/core/codex/rolloutHeader.ts';
import { createRolloutLineSplitter } from '../../src/core/codex/rolloutLines.ts';
import { isFrom, readCorpus } from './corpus.ts';
import { foldRollout } from './foldRollout.ts';
import { rolloutTruth } from './rolloutTruth.ts';

const corpus = readCorpus('rollouts', '.jsonl').filter(({ name }) => name !== 'exec-json-stdout');

describe('every recorded rollout', () => {
  it('is there', () => {
    assert.ok(corpus.length >= 290, `${corpus.length} files`);
  });

  for (const file of corpus) {
    it(`${file.label} ends as its name says`, () => {
      const truth = rolloutTruth(file);
      const { turns, state, worker, skipped } = foldRollout(file.content);
      assert.deepEqual(turns, truth.turns);
      assert.equal(skipped, 0);

      const { turn } = state;
      assert.equal(turn.phase === 'ended' ? (turn.error?.kind ?? null) : null, truth.errorKind ?? null);
      if (truth.pendingCalls !== undefined) {
        assert.equal(turn.phase === 'working' ? turn.pendingCalls.length : -1, truth.pendingCalls);
      }
      const last = truth.turns.at(-1);
      assert.equal(worker.state, last === 'working' ? 'busy' : 'idle');
      assert.equal(worker.task_completed, last === 'completed' || last === 'error');
    });
  }

  it('gives the words that the person typed, once per message, and nothing that Codex added', () => {
    for (const { label, name, content } of corpus) {
      const { events, state } = foldRollout(content);
      const kind = state.grammar === 'flat' ? 'userItemSeen' : 'userMessageSeen';
      const words = events.flatMap((event) => (event.kind === kind && 'text' in event ? [event.text] : []));
      if (name === 'simple-reply' || name === 'resume-part1') assert.equal(words.length, 1, label);
      if (name === 'two-turns' || name === 'resume') assert.equal(words.length, 2, label);
      assert.ok(words.length > 0, label);
      for (const text of words) assert.doesNotMatch(text, /^<|AGENTS\.md/u, label);
      assert.match(words.join(' '), /mock[:_]/u, label);
    }
    const multiline = corpus.filter(({ name }) => name === 'multiline-input');
    for (const { content, label } of multiline) {
      const { events } = foldRollout(content);
      const seen = events.flatMap((event) => ('text' in event ? [event.text] : []));
      assert.ok(
        seen.some((text) => text.startsWith('Line one of the nudge\nline two with an emoji 🚀\nline three')),
        label,
      );
    }
  });

  it('reports the limits that the server sent', () => {
    for (const { version, content, label } of corpus.filter(({ name }) => name === 'rate-limits-info')) {
      const { rateLimits } = foldRollout(content).state;
      if (!isFrom(version, 36)) {
        assert.equal(rateLimits, null, label);
        continue;
      }
      assert.equal(rateLimits?.primary?.usedPercent, 96, label);
      assert.equal(rateLimits.primary.windowMinutes, 300, label);
      assert.equal(rateLimits.secondary?.usedPercent, 20, label);
      assert.equal(typeof rateLimits.primary.resetsAt, isFrom(version, 60) ? 'number' : 'object', label);
    }
  });

  it('has a readable head, and sub-agents name their parent', () => {
    for (const { version, name, content, label } of corpus) {
      const [line] = createRolloutLineSplitter().push(content);
      assert.ok(line);
      const result = readRolloutHeader(line);
      assert.ok(result.ok, label);
      const { header } = result;
      assert.match(header.threadId, /^[\da-f-]{36}$/u, label);
      assert.equal(header.cliVersion, isFrom(version, 36) ? version : null, label);
      assert.equal(header.cwd, isFrom(version, 36) ? '/work/demo' : null, label);
      assert.equal(header.origin.kind, name.startsWith('subagent-child') ? 'subagent' : 'client', label);
      if (header.origin.kind === 'subagent') assert.match(header.origin.parentThreadId ?? '', /^[\da-f-]{36}$/u, label);
      if (name === 'fork') assert.notEqual(header.forkedFromId, null);
    }
  });

  it('is read the same in chunks of any size', () => {
    for (const { content, label } of corpus.filter(({ name }) => name === 'shell-command' || name === 'compact')) {
      const whole = foldRollout(content);
      for (const size of [1, 7, 4096]) assert.deepEqual(foldRollout(content, size), whole, `${label} by ${size}`);
    }
  });

  it('is no rollout when it is the output of exec --json', () => {
    for (const { content, label } of readCorpus('rollouts', '.jsonl').filter(
      ({ name }) => name === 'exec-json-stdout',
    )) {
      const [line] = createRolloutLineSplitter().push(content);
      assert.ok(line);
      const result = readRolloutHeader(line);
      assert.equal(result.ok ? 'ok' : result.reason, 'not_session_meta', label);
    }
  });
});
