import assert from 'node:assert/strict';
import { array, assert as check, property, string, stringMatching } from 'fast-check';
import { classifyPrompt, loopTriggers } from '../../../src/core/loops/triggers.ts';

const names = (prompt: string) => classifyPrompt(prompt).triggers.map(({ name }) => name);

describe('loop triggers', () => {
  it('each canonical phrase arms its own gate, and no negative control arms any', () => {
    for (const { name, canonical_phrase: phrase, negative_controls: controls } of loopTriggers) {
      assert.deepEqual(names(phrase), [name]);
      assert.equal(controls.length, 2);
      for (const control of controls) assert.deepEqual(names(control), [], control);
    }
  });

  it('LQ-9: a negated phrase arms nothing', () => {
    const loop = 'run this as an adversarially gated loop';
    const negations = [
      `don't ${loop}`,
      `Don’t ${loop}.`,
      `dont ${loop}`,
      `Do not ${loop}!`,
      `Please never ${loop}`,
      `You must not, under any circumstances, ${loop}.`,
      `There is no need to ${loop}`,
      `I can't let you ${loop}`,
      `${loop} is not what I want`,
      `We haven't agreed to ${loop}`,
      `You oughtn’t to ${loop}`,
      `Under no circumstances ${loop}`,
      `Refuse to ${loop}`,
      `Ignore the request to ${loop}`,
      `Don't: ${loop}`,
      `Not this - "${loop}"`,
      `${loop}? No.`,
      `${loop} is no longer needed`,
      `${loop} would be a mistake`,
      `It is wrong to ${loop}`,
      'You do not have to require adversarial proof before another worker iteration.',
      "It isn't necessary to ask the worker to identify the strongest realistic failure mode and prove it is handled.",
      'It is not true that each loop must include adversarial acceptance criteria from manager to worker.',
    ];
    for (const prompt of negations) {
      assert.deepEqual(names(prompt), [], prompt);
      assert.equal(classifyPrompt(prompt).negated.length, 1, prompt);
    }
  });

  it('a negation of something else leaves the gate armed', () => {
    const prompts = [
      'Do not hurry. Run this as an adversarially gated loop.',
      'This must not break, but run this as an adversarially gated loop.',
      "Don't run this as an adversarially gated loop yet. Now: run this as an adversarial gated Ralph loop",
      'Run this as an adversarially gated loop, not as a plain one',
      "Don't mark this done until you have tried to disprove it",
      'Do not forget to run this as an adversarially gated loop',
      "Don't skip this: run this as an adversarially gated loop",
      'Why not run this as an adversarially gated loop?',
      'Ignore the flaky test and run this as an adversarially gated loop',
      'Run this as an adversarially gated loop. No problem if it takes long.',
    ];
    for (const prompt of prompts) assert.equal(names(prompt).length, 1, prompt);
  });

  it('LQ-9: all gates that a prompt asks for are found, in table order', () => {
    const prompt = 'Do not finish until you have tried to disprove it. Run this as an adversarially gated loop.';
    assert.deepEqual(names(prompt), ['loop-gate-trigger', 'finish-gate-trigger']);
  });

  it('LQ-9: the "do not" of one phrase negates no other in its sentence', () => {
    const iteration = 'Do not send the worker another iteration until adversarial proof exists';
    const finish = 'do not mark this done until you have tried to disprove it';
    const both = ['iteration-gate-trigger', 'finish-gate-trigger'];
    assert.deepEqual(names(`${iteration}, and ${finish}.`), both);
    assert.deepEqual(names(`${finish} and run this as an adversarially gated loop`), [
      'loop-gate-trigger',
      'finish-gate-trigger',
    ]);
    assert.deepEqual(names(`I never said ${iteration}, and ${finish}`), []);
  });

  it('LQ-9: hyphens, missing commas, quotes and line breaks do not matter; sentences do', () => {
    assert.deepEqual(names('"Run this as an\n adversarially-gated Ralph-loop"'), ['loop-gate-trigger']);
    const worker = 'Before continuing record the strongest realistic failure mode the check and the result';
    assert.deepEqual(names(worker), ['worker-directed-trigger']);
    assert.deepEqual(names('Run this. As an adversarially gated loop.'), []);
    assert.deepEqual(names('rerun this as an adversarially gated loop'), []);
    assert.deepEqual(names('run this as an adversarially gated loops'), []);
  });

  it('no words between a negation and its phrase make it a request, and any text is taken', () => {
    const words = array(
      stringMatching(/^[a-z]{1,9}$/).filter(
        (word) => !['but', 'fail', 'skip', 'omit', 'only', 'forget', 'hesitate', 'neglect'].includes(word),
      ),
    );
    check(
      property(
        words,
        (between) => names(`never ${between.join(' ')} run this as an adversarial gated loop`).length === 0,
      ),
    );
    check(property(string({ unit: 'binary' }), (text) => names(text).length === 0));
  });
});
