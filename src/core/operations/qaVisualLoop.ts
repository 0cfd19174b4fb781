import { encodePicture } from '../loops/picture.ts';
import { loopEvidence } from './loopEvidence.ts';
import { expectBlocked, expectDelivered } from './qaContinuation.ts';
import { expect, type QaDrill } from './qaDrill.ts';
import {
  addChallenge,
  addEvidence,
  addUnstructuredChallenge,
  type ArmedLoop,
  armTemplate,
  type QaHarness,
} from './qaHarness.ts';
import { qaPage, takeScreenshot } from './qaScreenshot.ts';
import type { JsonObject } from '../domain/json.ts';

const required = [
  'reference_artifact',
  'candidate_screenshot',
  'visual_diff_report',
  'diff_below_threshold',
  'adversarial_check',
];

/** Where the picture that is looked at comes from, and what to say of it. */
interface Candidate {
  readonly path: string;
  readonly facts: JsonObject;
}

interface Variant {
  readonly scenario: string;
  readonly suffix: string;
  readonly seed: string;
  /** Before the name of each check, and in each correlation id. */
  readonly checkPrefix: string;
  readonly idPrefix: string;
  readonly failureMode: string;
  candidate(drill: QaDrill): Promise<Candidate>;
}

/** visual_diff_loop on two pictures that are written here. */
export const qaVisualLoop = visualHarness({
  scenario: 'generic-loop-template',
  suffix: 'generic-template',
  seed: 'qa-run-generic-template-seed',
  checkPrefix: '',
  idPrefix: 'qa-run-template',
  failureMode: 'The comparison passes although the pictures differ.',
  candidate: (drill) =>
    Promise.resolve({ path: drill.keep('candidate_screenshot', 'candidate.png', qaPicture()), facts: {} }),
});

/** visual_diff_loop on what Chromium makes of a page. */
export const qaBrowserLoop = visualHarness({
  scenario: 'generic-loop-template-browser',
  suffix: 'generic-template-browser',
  seed: 'qa-run-generic-template-browser-seed',
  checkPrefix: 'browser_',
  idPrefix: 'qa-run-browser-template',
  failureMode: 'The page is not what the browser shows.',
  async candidate(drill) {
    const html = drill.keep('candidate_html', 'candidate.html', qaPage);
    const { path, viewport, ...browser } = await takeScreenshot(drill, html);
    drill.artifacts.candidate_screenshot = path;
    drill.notes.browser = { ...browser, viewport, html_path: html, screenshot_path: path };
    return { path, facts: { browser_backend: browser.backend, candidate_html: html, viewport } };
  },
});

function visualHarness(variant: Variant): QaHarness {
  const { scenario, checkPrefix } = variant;
  const id = (name: string) => `${variant.idPrefix}-${name}`;
  const blocks = `${checkPrefix}visual_template_blocks_before_visual_evidence`;
  const stillBlocks = `${checkPrefix}unstructured_adversarial_check_still_blocks`;
  const delivers = `${checkPrefix}structured_visual_evidence_retry_delivers`;
  return {
    scenario,
    checks: [blocks, stillBlocks, delivers],
    async run(drill) {
      const task = await drill.bindTask(variant.suffix);
      const armed = await armTemplate(drill, task, { template: 'visual_diff_loop', seed: variant.seed });
      await expectBlocked(
        drill,
        blocks,
        { ...armed, correlationId: id('missing-visual') },
        { reason: 'missing_required_evidence', missing: required },
      );
      await showPictures(drill, armed, variant);
      await addUnstructuredChallenge(drill, armed, id('unstructured-adversarial'));
      await expectBlocked(
        drill,
        stillBlocks,
        { ...armed, correlationId: id('unstructured-adversarial') },
        { reason: 'missing_adversarial_check_evidence', missing: ['adversarial_check'] },
      );
      const { evidence } = await addChallenge(drill, armed, {
        correlationId: id('structured-adversarial'),
        failureMode: variant.failureMode,
        check: 'Compared every pixel of both pictures with the threshold 0.',
        result: 'No pixel differs.',
      });
      drill.notes.adversarial_evidence = evidence;
      await expectDelivered(drill, delivers, { ...armed, correlationId: id('structured-allowed') });
    },
  };
}

async function showPictures(drill: QaDrill, armed: ArmedLoop, variant: Variant): Promise<void> {
  const id = (name: string) => `${variant.idPrefix}-${name}`;
  const reference = drill.keep('reference_artifact', 'reference.png', qaPicture());
  await addEvidence(drill, armed, {
    type: 'reference_artifact',
    correlationId: id('reference'),
    artifactPath: reference,
  });
  const candidate = await variant.candidate(drill);
  await addEvidence(drill, armed, {
    type: 'candidate_screenshot',
    correlationId: id('candidate'),
    artifactPath: candidate.path,
    metadata: candidate.facts,
  });
  const paths = { diffOutput: drill.place('diff.png'), reportOutput: drill.place('visual-diff-report.json') };
  const compared = await drill.run(loopEvidence, {
    action: 'visual-diff',
    task: armed.task.task_name,
    loopRun: armed.loop.id,
    iteration: 1,
    correlationId: id('visual-diff'),
    reference,
    candidate: candidate.path,
    threshold: 0,
    ...paths,
  });
  drill.artifacts.diff = paths.diffOutput;
  drill.artifacts.visual_diff_report = paths.reportOutput;
  expect('diff' in compared, 'loop-evidence visual-diff compared nothing');
  if (variant.checkPrefix !== '') drill.notes.visual_diff = { report: compared.diff };
  const { changed_pixels: changed, total_pixels: total } = compared.diff;
  expect(compared.diff.below_threshold, `the candidate differs from the reference: ${changed} of ${total} pixels`);
}

/** Two by two pixels: red, green, blue, white. */
function qaPicture(): Buffer {
  const pixels = [255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 255, 255, 255, 255];
  return encodePicture(2, 2, Uint8Array.from(pixels));
}
