import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Browser } from 'playwright-core';
import { bundle } from '../../src/build/bundle.ts';
import { packageExtension } from '../../src/build/package.ts';
import { requireSession } from '../../src/core/ledger/sessionStore.ts';
import { startVscodeServer, type VscodeServer } from '../host/vscodeServer.ts';
import { launchBrowser } from '../ui/browser.ts';
import { type HostFigures, signals } from './hostSignals.ts';
import { appendLongSession } from './longRollout.ts';
import { median, percentile, rounded } from './statistics.ts';
import { treeLatencies } from './treeLatency.ts';
import { pause, supervisedPair, worker } from './supervisedPair.ts';

/**
 * The installed package in a real VS Code: how long it takes to activate, how long the extension host's main thread
 * stands still while the supervisor thread beside it reads a rollout of 64 MB, and with that behind it how long a line
 * takes from the rollout to the word in the tree.
 */
const goals = { stallP99: 20, activation: 150, treeP95: 150 };
const rounds = 3;
const lines = 100_000;

const scratch = mkdtempSync(join(tmpdir(), 'conveyor-bench-host-'));
let server: VscodeServer | null = null;
let browser: Browser | null = null;
try {
  const vsix = await packaged();
  const harness = await stageHarness();
  const codexHome = join(scratch, 'codex');
  const env = { WORKERCTL_STATE_ROOT: '', CODEX_HOME: codexHome, XDG_DATA_HOME: join(scratch, 'data') };
  server = await startVscodeServer({ install: [vsix], testDriver: true, env });
  browser = await launchBrowser();
  const figures: Figures[] = [];
  for (let round = 0; round < rounds; round += 1) figures.push(await measure(server, browser, harness, round));
  report(figures);
} finally {
  await browser?.close();
  await server?.stop();
  rmSync(scratch, { recursive: true, force: true });
}

async function packaged(): Promise<string> {
  const dist = join(scratch, 'dist');
  const { log } = console;
  console.log = console.error; // the packager talks; our own output is one line of figures
  try {
    await bundle(dist);
    return (await packageExtension(dist, join(scratch, 'package'))).path;
  } finally {
    console.log = log;
  }
}

/** An extension of nothing: VS Code runs suites only of an extension under development, and ours is installed. */
async function stageHarness(): Promise<{ readonly folder: string; readonly suite: string }> {
  const folder = join(scratch, 'harness');
  const suite = join(folder, 'suite.js');
  mkdirSync(folder);
  const manifest = { name: 'bench-harness', publisher: 'bench', version: '0.0.1', engines: { vscode: '^1.100.0' } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  await build({
    entryPoints: [join(import.meta.dirname, 'hostSuite.ts')],
    outfile: suite,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['vscode'],
    logLevel: 'warning',
  });
  return { folder, suite };
}

interface Figures extends HostFigures {
  readonly ingestMs: number;
  /** From a line of the rollout to the worker's row in the tree, milliseconds. */
  readonly tree: readonly number[];
}

/** A window on a new folder, which has an extension host of its own. */
async function measure(
  { origin, url }: VscodeServer,
  chromium: Browser,
  harness: Awaited<ReturnType<typeof stageHarness>>,
  round: number,
): Promise<Figures> {
  const workspace = join(scratch, `workspace-${round}`);
  mkdirSync(workspace);
  const page = await chromium.newPage();
  const remote = (path: string) => `vscode-remote://${origin}${path}`;
  await page.exposeFunction('codeAutomationExit', () => {});
  await page.exposeFunction('codeAutomationLog', () => {});
  await page.goto(
    url(workspace, {
      extensionDevelopmentPath: remote(harness.folder),
      extensionTestsPath: remote(harness.suite),
    }),
  );
  const signal = (name: string) => writeFileSync(join(workspace, name), '');
  const until = (name: string) => truth(name, () => existsSync(join(workspace, name)));
  await until(signals.activated);
  const pair = await supervisedPair({ workspace });
  try {
    const { ledger, workerRollout } = pair;
    const ingested = () => requireSession(ledger, worker).last_ingest_offset === statSync(workerRollout).size;
    await truth('the window leads and has read the head', () => ingested());
    await pause(3000); // the workbench settles; what it does by itself is no concern of ours
    signal(signals.begin);
    await until(signals.ingest);
    appendLongSession(workerRollout, lines);
    const started = performance.now();
    await truth('all is ingested', ingested);
    const ingestMs = performance.now() - started;
    signal(signals.end);
    await until(signals.figures);
    const figures: HostFigures = JSON.parse(readFileSync(join(workspace, signals.figures), 'utf8'));
    const tree = await treeLatencies(page, workerRollout);
    signal(signals.leave);
    return { ...figures, ingestMs, tree };
  } finally {
    await page.close();
    await pair.close();
  }
}

async function truth(what: string, check: () => boolean): Promise<void> {
  const deadline = Date.now() + 120_000;
  while (!check()) {
    if (Date.now() > deadline) throw new Error(`not within two minutes: ${what}`);
    await pause(50);
  }
}

function report(figures: readonly Figures[]): void {
  const each = (value: (one: Figures) => number) => figures.map((one) => rounded(value(one)));
  const stallP99 = each(({ ingesting }) => percentile(ingesting, 99));
  const activation = each((one) => one.activation);
  const treeP95 = each(({ tree }) => percentile(tree, 95));
  const met =
    median(stallP99) <= goals.stallP99 && median(activation) <= goals.activation && median(treeP95) <= goals.treeP95;
  console.log(
    JSON.stringify({
      bench: 'extensionHost',
      goal: goals,
      met,
      stallMs: {
        p99: median(stallP99),
        max: median(each(({ ingesting }) => percentile(ingesting, 100))),
        quietP99: median(each(({ quiet }) => percentile(quiet, 99))),
        quietMax: median(each(({ quiet }) => percentile(quiet, 100))),
      },
      activationMs: median(activation),
      appendedToTreeMs: { p50: median(each(({ tree }) => percentile(tree, 50))), p95: median(treeP95) },
      ingestMs: Math.round(median(figures.map(({ ingestMs }) => ingestMs))),
      rounds: { stallP99, activation, treeP95 },
    }),
  );
}
