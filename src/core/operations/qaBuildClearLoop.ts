import { printedJson } from '../domain/json.ts';
import { expectBlocked, expectDelivered } from './qaContinuation.ts';
import { addEvidence, armTemplate, type QaHarness } from './qaHarness.ts';

const id = (name: string) => `qa-run-build-clear-${name}`;

/** build_then_clear: neither nothing nor half of the evidence lets the worker go on. */
export const qaBuildClearLoop: QaHarness = {
  scenario: 'build-clear-loop',
  checks: [
    'build_clear_blocks_before_build_or_cleanup_evidence',
    'build_clear_still_blocks_before_cleanup_evidence',
    'build_clear_retry_delivers_after_build_and_cleanup_evidence',
  ],
  async run(drill) {
    const task = await drill.bindTask('build-clear');
    const armed = await armTemplate(drill, task, { template: 'build_then_clear', seed: id('seed') });
    await expectBlocked(
      drill,
      'build_clear_blocks_before_build_or_cleanup_evidence',
      { ...armed, correlationId: id('missing') },
      { reason: 'missing_required_evidence', missing: ['build_passed', 'cleanup'] },
    );
    const build = { command: 'npm run build', result: 'drill: no build was run', status: 'pass' };
    const buildReceipt = drill.keep('build_receipt', 'build-passed.json', `${printedJson(build)}\n`);
    await addEvidence(drill, armed, {
      type: 'build_passed',
      correlationId: id('build-passed'),
      artifactPath: buildReceipt,
      metadata: build,
    });
    await expectBlocked(
      drill,
      'build_clear_still_blocks_before_cleanup_evidence',
      { ...armed, correlationId: id('build-only') },
      { reason: 'missing_cleanup_evidence', missing: ['cleanup'] },
    );
    const cleanup = { cleanup_policy: 'clear', result: 'drill: no context was cleared', status: 'pass' };
    const cleanupReceipt = drill.keep('cleanup_receipt', 'cleanup.json', `${printedJson(cleanup)}\n`);
    await addEvidence(drill, armed, {
      type: 'cleanup',
      correlationId: id('cleanup'),
      artifactPath: cleanupReceipt,
      metadata: cleanup,
    });
    await expectDelivered(drill, 'build_clear_retry_delivers_after_build_and_cleanup_evidence', {
      ...armed,
      correlationId: id('allowed'),
    });
  },
};
