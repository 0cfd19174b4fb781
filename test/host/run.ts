import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { launchBrowser } from '../ui/browser.ts';
import { hostResults } from './hostResult.ts';
import { privateEnvironment } from './privateEnvironment.ts';
import { type StagedExtension, stageExtension } from './stageExtension.ts';
import { startVscodeServer } from './vscodeServer.ts';

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

const deadlineMs = 240_000;

const suites = [
  { suite: 'trusted', engine: 'fake' },
  { suite: 'untrusted', engine: 'fake' },
  { suite: 'shared', engine: 'fake' },
  { suite: 'real', engine: 'real' },
] as const;
type Suite = (typeof suites)[number]['suite'];

/** Runs the suites of `suite/` inside real extension hosts: in a folder that is trusted or not, with each engine. */
async function main(): Promise<void> {
  const only = process.argv[2] || undefined;
  const total = { passed: 0, failed: 0 };
  for (const { suite, engine } of suites.filter((one) => only === undefined || one.suite === only)) {
    const staged = await stageExtension(engine);
    try {
      process.stdout.write(`\n${suite}\n`);
      const counts = await runSuite(staged, suite);
      total.passed += counts.passed;
      total.failed += counts.failed;
    } finally {
      rmSync(staged.folder, { recursive: true, force: true });
    }
  }
  process.stdout.write(`\n${total.passed} passed, ${total.failed} failed\n`);
  process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
}

async function runSuite(staged: StagedExtension, suite: Suite): Promise<Counts> {
  const scratch = mkdtempSync(join(tmpdir(), 'conveyor-host-'));
  const results = join(scratch, 'results.json');
  const workspace = makeWorkspace(scratch, suite);
  const log = process.env['CONVEYOR_VERBOSE'] ? (line: string) => process.stderr.write(`${line}\n`) : undefined;
  const server = await startVscodeServer({
    testDriver: true,
    trusted: suite !== 'untrusted',
    env: {
      ...privateEnvironment(scratch),
      ...(suite === 'shared' ? { WORKERCTL_STATE_ROOT: join(scratch, 'shared-state') } : {}),
      CONVEYOR_HOST_SUITE: suite,
      CONVEYOR_HOST_RESULTS: results,
    },
    ...(log ? { log } : {}),
  });
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    const ended = new Promise<number>((done, fail) => {
      setTimeout(() => fail(new Error(`the ${suite} suite did not end`)), deadlineMs).unref();
      void page.exposeFunction('codeAutomationExit', done);
    });
    await page.exposeFunction('codeAutomationLog', (type: string, args: readonly unknown[]) =>
      log?.(`[${type}] ${args.join(' ')}`),
    );
    const remote = (path: string) => `vscode-remote://${server.origin}${path}`;
    await page.goto(
      server.url(workspace, {
        extensionDevelopmentPath: remote(staged.folder),
        extensionTestsPath: remote(staged.tests),
      }),
    );
    const code = await ended;
    if (existsSync(results)) return report(readFileSync(results, 'utf8'));
    process.stdout.write(`the ${suite} suite ended with ${code} before it ran\n`);
    return { passed: 0, failed: 1 };
  } finally {
    await browser.close();
    await server.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** One folder; for what several share, a file that lists two. */
function makeWorkspace(scratch: string, suite: Suite): string {
  const names = suite === 'shared' ? ['first', 'second'] : ['workspace'];
  const folders = names.map((name) => ({ path: join(scratch, name) }));
  for (const { path } of folders) mkdirSync(path);
  const [{ path } = { path: scratch }] = folders;
  if (folders.length === 1) return path;
  const list = join(scratch, 'both.code-workspace');
  writeFileSync(list, JSON.stringify({ folders }));
  return list;
}

/** Prints what came of each test, as mocha would have. */
function report(text: string): Counts {
  const results = hostResults.parse(JSON.parse(text));
  for (const { title, durationMs, failure } of results) {
    process.stdout.write(`  ${failure === null ? '✔' : '✘'} ${title} (${durationMs} ms)\n`);
    if (failure !== null) process.stdout.write(`${failure.replaceAll(/^/gm, '      ')}\n`);
  }
  const failed = results.filter(({ failure }) => failure !== null).length;
  return { passed: results.length - failed, failed };
}

await main();
