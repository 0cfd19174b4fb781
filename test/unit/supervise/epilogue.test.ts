import assert from 'node:assert/strict';
import { epilogue } from '../../../src/core/operations/epilogue.ts';
import { continuation } from '../../../src/core/operations/continuation.ts';
import { handoff } from '../../../src/core/operations/handoff.ts';
import { managerConfig } from '../../../src/core/operations/managerConfig.ts';
import { requireTask } from '../../../src/core/ledger/taskStore.ts';
import { FakeProcessRunner } from '../../../src/core/ports/processRunner.ts';
import { runEpilogueStep } from '../../../src/core/supervise/epilogue.ts';
import { type Supervised, supervised } from './support.ts';

describe('epilogue', () => {
  let fixture: Supervised;

  beforeEach(async () => {
    fixture = await supervised();
    const steps = ['record-handoff', 'run-tools', 'subagent-review'];
    await fixture.run(managerConfig, { task: 'alpha', epilogue: steps, permit: ['context.spawn_reviewer'] });
  });

  afterEach(() => fixture.dispose());

  const step = (name: string) => fixture.run(epilogue, { task: 'alpha', step: name });

  it('AT-6: a step that fails exits non-zero, on record and in words', async () => {
    const failed = await step('record-handoff');
    const given = {
      task: 'alpha',
      step: 'record-handoff',
      list: false,
      status: false,
      json: false,
      correlationId: null,
    } as const;
    assert.equal(epilogue.exitStatus?.(failed, given), 1);
    assert.match(epilogue.text?.(failed, given, fixture.context) ?? '', /^epilogue record-handoff: failed \(.*handoff/);
    await fixture.run(handoff, { task: 'alpha', summary: 'wrapped up' });
    const done = await step('record-handoff');
    assert.equal(epilogue.exitStatus?.(done, given), 0);
    assert.deepEqual(done.status.missing_or_incomplete, ['run-tools', 'subagent-review']);
  });

  it('AT-6: a reviewer that says stop is no success', async () => {
    const review = (verdict: string) =>
      JSON.stringify({
        agreement: 'match',
        verdict,
        rationale: 'r',
        subagent_run: { reviewer_session_id: 'r', manager_session_id: 'm', manager_rollout_access: false },
      });
    for (const side of ['worker', 'manager']) {
      fixture.pipe('{"next": "a"}');
      await fixture.run(continuation, { task: 'alpha', submit: side, fromStdin: true, correlationId: 't' });
    }
    for (const [verdict, state] of [
      ['stop', 'failed'],
      ['proceed', 'succeeded'],
    ] as const) {
      fixture.pipe(review(verdict));
      await fixture.run(continuation, { task: 'alpha', review: true, fromStdin: true, correlationId: 't' });
      assert.equal((await step('subagent-review')).runs.at(-1)?.state, state);
    }
  });

  it('AT-6: a tool that hangs is on record, and a permission in the list of tools is no program', async () => {
    await fixture.run(managerConfig, { task: 'alpha', tool: ['verification.run_tests', 'slow'] });
    const { ledger, clock } = fixture.context;
    const processes = new FakeProcessRunner({ slow: { status: 124 } });
    const run = await runEpilogueStep({ ledger, clock, processes, cwd: '/' }, requireTask(ledger, 'alpha'), {
      step: 'run-tools',
      correlationId: 'e1',
    });
    assert.equal(run.state, 'failed');
    assert.match(run.error ?? '', /slow/);
    assert.deepEqual(
      processes.calls.map(({ file }) => file),
      ['slow'],
    );
    assert.ok((processes.calls[0]?.options.timeoutMilliseconds ?? 0) > 0);
  });

  it('refuses a step that the policy does not have', async () => {
    await fixture.refuses(
      epilogue,
      { task: 'alpha', step: 'draft-pr' },
      'invalid_value',
      /draft-pr is not configured for task 'alpha'/,
    );
    await fixture.refuses(epilogue, { task: 'alpha' }, 'missing_input', /--list, --status, or --step/);
  });
});
