import { printedJson } from '../domain/json.ts';
import { expectBlocked, expectDelivered } from './qaContinuation.ts';
import { addChallenge, addEvidence, addUnstructuredChallenge, armTemplate, type QaHarness } from './qaHarness.ts';

const id = (name: string) => `qa-run-test-coverage-${name}`;

/** test_coverage_loop: a coverage report alone is not enough, and a check in words only is none. */
export const qaTestCoverageLoop: QaHarness = {
  scenario: 'test-coverage-loop',
  checks: [
    'test_coverage_template_blocks_before_coverage_evidence',
    'test_coverage_unstructured_adversarial_check_still_blocks',
    'structured_test_coverage_retry_delivers',
  ],
  async run(drill) {
    const task = await drill.bindTask('test-coverage');
    const armed = await armTemplate(drill, task, { template: 'test_coverage_loop', seed: id('seed') });
    await expectBlocked(
      drill,
      'test_coverage_template_blocks_before_coverage_evidence',
      { ...armed, correlationId: id('missing') },
      { reason: 'missing_required_evidence', missing: ['test_coverage', 'adversarial_check'] },
    );
    const report = {
      command: 'npm run coverage (drill: a sample, nothing was measured)',
      coverage_percent: 87.5,
      status: 'pass',
      uncovered_lines: [12, 40],
    };
    await addEvidence(drill, armed, {
      type: 'test_coverage',
      correlationId: id('report'),
      artifactPath: drill.keep('coverage_report', 'coverage-summary.json', `${printedJson(report)}\n`),
      metadata: report,
    });
    await addUnstructuredChallenge(drill, armed, id('unstructured-adversarial'));
    await expectBlocked(
      drill,
      'test_coverage_unstructured_adversarial_check_still_blocks',
      { ...armed, correlationId: id('unstructured-adversarial') },
      { reason: 'missing_adversarial_check_evidence', missing: ['adversarial_check'] },
    );
    await addChallenge(drill, armed, {
      correlationId: id('structured-adversarial'),
      failureMode: 'The uncovered lines hold the branch that fails.',
      check: 'Read the uncovered lines of the sample report.',
      result: 'Lines 12 and 40 of the sample are named as what is left to cover.',
    });
    await expectDelivered(drill, 'structured_test_coverage_retry_delivers', {
      ...armed,
      correlationId: id('structured-allowed'),
    });
  },
};
