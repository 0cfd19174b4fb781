import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const entry = fileURLToPath(new URL('../../src/cli/entry.ts', import.meta.url));
const deadline = 15_000;

/** The drill that needs a browser, as a person runs it: a process of its own, and the Chromium of this machine. */
describe('qa-run with a browser', () => {
  let folder: string;
  let temporary: string;
  let receiptPath: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'conveyor-qa-browser-'));
    temporary = mkdtempSync(join(folder, 'tmp-'));
    receiptPath = join(folder, 'receipt.json');
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

  function start(variables: NodeJS.ProcessEnv = {}): ChildProcess & { ended: Promise<number | null>; told(): string } {
    const child = spawn(
      process.execPath,
      [entry, 'qa-run', 'generic-loop-template-browser', '--receipt-output', receiptPath, '--json'],
      { cwd: folder, env: { ...process.env, HOME: folder, TMPDIR: temporary, ...variables } },
    );
    let told = '';
    child.stdout.on('data', (chunk) => (told += String(chunk)));
    child.stderr.on('data', (chunk) => (told += String(chunk)));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    return Object.assign(child, { ended, told: () => told });
  }

  const receipt = () => JSON.parse(readFileSync(receiptPath, 'utf8'));
  const artifact = (key: string) => readFileSync(receipt().artifacts[key]);

  it('what Chromium shows of the page is what is compared, pixel by pixel', async function withChromium() {
    this.timeout(90_000);
    const run = start();
    assert.equal(await run.ended, 0, run.told());
    const { result, browser, visual_diff: diff, checks, adversarial_evidence: proof } = receipt();
    assert.equal(result, 'passed');
    assert.deepEqual(
      checks.map(({ name }: { name: string }) => name),
      [
        'browser_visual_template_blocks_before_visual_evidence',
        'browser_unstructured_adversarial_check_still_blocks',
        'browser_structured_visual_evidence_retry_delivers',
      ],
    );
    assert.equal(browser.viewport, '2x2');
    assert.deepEqual([proof.correlation_id, proof.status], ['qa-run-browser-template-structured-adversarial', 'pass']);
    assert.ok(existsSync(browser.executable));
    assert.deepEqual([diff.report.changed_pixels, diff.report.total_pixels], [0, 4]);
    // The two files are written by two programs: the same picture, not the same bytes.
    assert.notDeepEqual(artifact('candidate_screenshot'), artifact('reference_artifact'));
    assert.match(artifact('candidate_html').toString(), /<title>QA drill<\/title>/);
    assert.deepEqual(
      readdirSync(join(receipt().artifacts.db_path, '..')).filter((name) => name.startsWith('profile')),
      [],
    );
  });

  it('LQ-7: an interrupt ends the browser, clears up, and leaves a receipt that says so', async () => {
    const program = join(folder, 'slow-browser');
    writeFileSync(program, `#!/bin/sh\necho $$ > '${folder}/pid'\nexec sleep 600\n`);
    chmodSync(program, 0o700);
    const run = start({ CONVEYOR_CHROMIUM: program });
    await until(() => existsSync(join(folder, 'pid')) && readFileSync(join(folder, 'pid'), 'utf8') !== '');
    run.kill('SIGINT');
    assert.equal(await run.ended, 130, run.told());
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    await until(() => !existsSync(`/proc/${pid}`) || readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z'));
    const { result, failure, checks, artifacts } = receipt();
    assert.deepEqual([result, failure.code, checks.length], ['failed', 'interrupted', 1]);
    assert.equal(artifacts.db_path, null);
    assert.deepEqual(readdirSync(temporary), []);
  });
});

async function until(holds: () => boolean): Promise<void> {
  const end = Date.now() + deadline;
  while (!holds()) {
    assert.ok(Date.now() < end, 'it did not come true in time');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
