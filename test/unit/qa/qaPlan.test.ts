import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArguments } from '../../../src/cli/parseArguments.ts';
import { qaPlanNames } from '../../../src/core/loops/qaPlans.ts';
import { parseInput } from '../../../src/core/operations/argument.ts';
import { qaPlan } from '../../../src/core/operations/qaPlan.ts';
import { loadOperation } from '../../../src/core/operations/registry.ts';
import { supervised, type Supervised } from '../supervise/support.ts';
import { temporaryContext } from '../support/temporaryContext.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

describe('qa-plan', () => {
  let fixture: Supervised;

  before(async () => {
    fixture = await supervised();
  });

  after(() => fixture.dispose());

  const plan = (given: object = {}) => fixture.run(qaPlan, given);
  const textOf = async (given: object = {}) =>
    qaPlan.text?.(await plan(given), parseInput(qaPlan.inputs, { ...given }), fixture.context) ?? '';

  it('each plan has its steps, observations and further parts', async () => {
    const shapes = await Promise.all(
      qaPlanNames.map(async (scenario) => {
        const { steps, expected_observations: seen, scenario: name, ...more } = await plan({ scenario });
        const sizes = Object.entries(more).map(([key, value]) => [key, Array.isArray(value) ? value.length : 1]);
        return [name, steps.length, seen.length, Object.fromEntries(sizes)];
      }),
    );
    assert.deepEqual(shapes, [
      ['self-management', 14, 10, {}],
      ['emergent-criteria', 21, 13, {}],
      ['tmux-errors', 12, 7, {}],
      ['dispatch-completion', 11, 8, {}],
      ['ralph-loop', 38, 19, { correlation_markers: 13, evidence_template: 1 }],
      ['adversarial-triggers', 15, 10, { trigger_tasks: 5, correlation_markers: 7 }],
      [
        'goalbuddy-conveyor',
        11,
        7,
        { starter_prompt: 1, authority_boundaries: 5, acceptance_criteria: 5, correlation_markers: 5 },
      ],
    ]);
    assert.equal((await plan()).scenario, 'self-management');
  });

  it('LQ-14: every command of a plan is one that this program takes, and needs no shell of one platform', async () => {
    let seen = 0;
    for (const scenario of qaPlanNames) {
      const { steps } = await plan({ scenario, task: "it's mine", worker: 'w 1' });
      for (const line of steps.flatMap((step) => [...step.matchAll(/`(conveyor [^`]+)`/g)].map(([, line]) => line))) {
        const [, verb = '', ...words] = shellWords(line ?? '');
        const operation = await loadOperation(verb);
        // The dashboard is a host, not an operation.
        if (verb === 'dashboard') continue;
        assert.ok(operation !== null, `${scenario}: ${line}`);
        assert.doesNotThrow(() => parseArguments(operation, words), `${scenario}: ${line}`);
        seen += 1;
      }
      for (const [, file = ''] of steps.join('\n').matchAll(/\b(docs\/[\w/-]+\.md)/g)) {
        assert.ok(existsSync(join(root, file)), `${scenario}: ${file}`);
      }
    }
    assert.ok(seen > 90, `${seen} commands`);
  });

  it('LQ-14: the names in a plan are those that somebody chose, quoted where a shell needs it', async () => {
    const { steps } = await plan({ task: 'login page', worker: 'ada', manager: 'bob' });
    assert.ok(steps.some((step) => step.includes("conveyor bind --task 'login page' --worker ada --manager bob")));
    assert.doesNotMatch(steps.join('\n'), /qa-(task|worker|manager)\b/);
    const { steps: usual } = await plan();
    assert.ok(
      usual.some((step) => step.includes('conveyor bind --task qa-task --worker qa-worker --manager qa-manager')),
    );
    await fixture.refuses(qaPlan, { worker: ' ' }, 'invalid_name', /--worker must be a name/);
  });

  it('LQ-14: how far somebody got stands in a receipt, step by step', async () => {
    const receipt = join(fixture.folder, 'receipts', 'plan.json');
    const begun = await plan({ receipt, task: 'mine' });
    assert.partialDeepStrictEqual(begun.progress, { receipt_path: receipt, passed: 0, open: 14, results: [] });
    await plan({ receipt, step: 3, result: 'failed', note: 'no rollout' });
    await plan({ receipt, step: 1, result: 'passed' });
    const later = await plan({ receipt, step: 3, result: 'passed', note: 'found' });
    assert.partialDeepStrictEqual(later.progress, { passed: 2, failed: 0, skipped: 0, open: 12 });
    assert.deepEqual(
      later.progress?.results.map(({ step, result, note }) => [step, result, note]),
      [
        [1, 'passed', null],
        [3, 'passed', 'found'],
      ],
    );
    assert.ok(later.steps.some((step) => step.includes('--task mine')));
    const text = await textOf({ receipt });
    assert.match(text, /^1\. \[passed\] /m);
    assert.match(text, /^2\. \[open\] /m);
    assert.match(text, /^Progress: 2 passed, 0 failed, 0 skipped, 12 open/m);
    assert.equal(statSync(receipt).mode & 0o077, 0);
  });

  it('LQ-14: a receipt takes only what is a step of its plan, and no other file is written over', async () => {
    const receipt = join(fixture.folder, 'other.json');
    const step = { receipt, step: 1, result: 'passed' };
    await fixture.refuses(qaPlan, { ...step, step: 15 }, 'invalid_value', /between 1 and 14/);
    await fixture.refuses(qaPlan, { ...step, step: 0 }, 'invalid_value', /between 1 and 14/);
    await fixture.refuses(qaPlan, { receipt, step: 1 }, 'missing_input', /--step and --result/);
    await fixture.refuses(qaPlan, { step: 1, result: 'passed' }, 'missing_input', /needs a --receipt/);
    await fixture.refuses(qaPlan, { receipt, note: 'x' }, 'missing_input', /--note/);
    assert.equal(existsSync(receipt), false);
    await plan(step);
    await fixture.refuses(qaPlan, { ...step, scenario: 'tmux-errors' }, 'invalid_value', /receipt of qa-plan self-/);
    for (const content of ['{"plan": "self-management"}', 'mine', '']) {
      writeFileSync(receipt, content);
      await fixture.refuses(qaPlan, step, 'file_unreadable', /is no receipt of a QA plan/);
      assert.equal(readFileSync(receipt, 'utf8'), content);
    }
    await fixture.refuses(qaPlan, { ...step, receipt: fixture.folder }, 'file_unreadable', /cannot read/);
  });

  it('prints every part under its title, in order', async () => {
    const titles = (text: string) => text.split('\n').filter((line) => /^[A-Z][A-Za-z ]+:( \S+)?$/.test(line));
    assert.deepEqual(titles(await textOf({ scenario: 'ralph-loop' })), [
      'QA plan: ralph-loop',
      'Steps:',
      'Expected observations:',
      'Correlation markers:',
      'Evidence template:',
    ]);
    assert.deepEqual(titles(await textOf({ scenario: 'goalbuddy-conveyor' })), [
      'QA plan: goalbuddy-conveyor',
      'Starter prompt:',
      'Authority boundaries:',
      'Steps:',
      'Expected observations:',
      'Acceptance criteria:',
      'Correlation markers:',
    ]);
    const triggers = await textOf({ scenario: 'adversarial-triggers' });
    assert.match(triggers, /^- loop-gate-trigger: Run this as an adversarially gated Ralph loop\. -> /m);
    assert.match(triggers, /^- nl-finish-gate-proof: /m);
  });

  it('touches no ledger', async () => {
    const other = temporaryContext();
    await qaPlan.run(other.context, parseInput(qaPlan.inputs, { scenario: 'ralph-loop' }));
    assert.deepEqual(readdirSync(other.folder), []);
    other.dispose();
  });
});

/** The words of a line as a POSIX shell reads them; what stands for something else becomes a number. */
function shellWords(line: string): readonly string[] {
  const words = line.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g);
  return [...words].map(([word]) =>
    /^<.*>$/.test(word) ? '1' : word.replaceAll(/'([^']*)'|"([^"]*)"/g, (_all, one: string, two: string) => one ?? two),
  );
}
