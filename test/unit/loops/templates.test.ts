import assert from 'node:assert/strict';
import { createDisposableBinding } from '../../../src/core/operations/createDisposableBinding.ts';
import { runs } from '../../../src/core/operations/runs.ts';
import { loopTemplatesVerb, ralphLoopPresets } from '../../../src/core/operations/loopTemplates.ts';
import { supervised, type Supervised } from '../supervise/support.ts';

describe('loop-templates', () => {
  let fixture: Supervised;

  beforeEach(async () => {
    fixture = await supervised({ isBound: false });
  });

  afterEach(() => fixture.dispose());

  it('both verbs arm the same loop; what only arms one is refused elsewhere', async () => {
    const arm = { createRun: 'alpha', name: 'one', currentIteration: 1 };
    const made = await fixture.run(loopTemplatesVerb, { ...arm, template: 'build_then_clear' });
    const older = await fixture.run(ralphLoopPresets, { ...arm, name: 'two', preset: 'build_then_clear' });
    assert.ok('metadata' in made && 'metadata' in older);
    assert.deepEqual(made.metadata, older.metadata);
    assert.equal(made.status, 'finished');
    const misplaced = { list: true, template: 'build_then_clear', seedPromptSha256: 'feed' };
    await fixture.refuses(loopTemplatesVerb, misplaced, 'invalid_value', /--template, --seed-prompt-sha256/);
    const words = /Unknown Ralph loop preset: build_then.*did you mean build_then_clear/;
    await fixture.refuses(ralphLoopPresets, { show: 'build_then' }, 'loop_policy', words);
  });

  it('LQ-12: arming a loop stands in the audit log, and a name that is taken is told', async () => {
    const arm = { createRun: 'alpha', template: 'test_coverage_loop', name: 'nightly' };
    const first = await fixture.run(loopTemplatesVerb, arm);
    assert.deepEqual(fixture.warnings, []);
    const second = await fixture.run(loopTemplatesVerb, arm);
    assert.ok('task_id' in first && 'task_id' in second);
    assert.match(fixture.warnings.join('\n'), new RegExp(`^1 older run.*'nightly'.*${second.id}$`));
    const events = fixture.events('loop_policy_created');
    assert.deepEqual(
      events.map(({ run_id }) => run_id),
      [first.id, second.id],
    );
    assert.deepEqual(events[0]?.required_before_continue, ['test_coverage', 'adversarial_check']);
  });

  it('LQ-12: whichever verb arms a loop, that stands in the audit log', async () => {
    const metadataJson = JSON.stringify({ max_iterations: 3, required_before_continue: ['ci_green'] });
    await fixture.run(runs, { create: 'alpha', purpose: 'ralph_loop', name: 'by hand', metadataJson });
    await fixture.run(createDisposableBinding, { task: 'beta', adversarial: true, runName: 'on paper' });
    assert.deepEqual(
      fixture
        .events('loop_policy_created')
        .map(({ name, template, required_before_continue: required }) => [name, template, required]),
      [
        ['by hand', null, ['ci_green']],
        ['on paper', null, ['adversarial_check']],
      ],
    );
  });
});
