import assert from 'node:assert/strict';
import { checkPlace } from '../../../src/core/delivery/startSession.ts';
import { nameProblem, shortName } from '../../../src/extension/commands/taskName.ts';

describe('the name of a task', () => {
  it('is only taken when sessions can be named after it', () => {
    for (const name of ['fix-login', 'v1_2', 'A', 'release.1', 'a b', '-x', 'ä', '', 'x'.repeat(65)]) {
      const isTaken = nameProblem(name) === null;
      const start = () => checkPlace({ name: `${name}-worker`, cwd: '/' });
      if (isTaken) start();
      assert.equal(isTaken, /^(?:fix-login|v1_2|A)$/.test(name), name);
    }
  });

  it('is guessed from the goal, and the guess is taken', () => {
    assert.equal(shortName('Make the flaky login test pass, ten times'), 'make-the-flaky');
    for (const goal of ['', '…', 'Übermäßig große Änderung', 'x'.repeat(200)])
      assert.equal(nameProblem(shortName(goal)), null, goal);
  });
});
