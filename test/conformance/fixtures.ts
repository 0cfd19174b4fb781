import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod/mini';
import { isOperationName } from '../../src/core/operations/registry.ts';
import { firstDifference } from './firstDifference.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Runs reading commands on ledgers that agent-conveyor 0.1.0 made, and compares with what it printed itself.
 *
 * Each runs on a fresh copy. Text is compared exactly, JSON as data in which more keys are fine. What differs on
 * purpose is in fixtureDeviations.json with its reason; a deviation that is none any more is a failure.
 *
 *     node test/conformance/fixtures.ts [WORD]     only command lines that hold WORD
 */
const expectedFile = z.object({
  fixture_root_in_database: z.string(),
  outputs: z.array(
    z.object({
      argv: z.array(z.string()),
      status: z.number(),
      json: z.optional(z.json()),
      jsonl: z.optional(z.array(z.json())),
      text: z.optional(z.string()),
    }),
  ),
});
type Expected = z.infer<typeof expectedFile>;
type ExpectedOutput = Expected['outputs'][number];

const deviationFile = z.array(z.object({ argv: z.string(), ledger: z.optional(z.string()), because: z.string() }));

interface Answer {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function runFixtures(only: string): Promise<void> {
  const deviations = deviationFile.parse(JSON.parse(readFileSync(join(here, 'fixtureDeviations.json'), 'utf8')));
  const count = { passed: 0, failed: 0, deviating: 0, absent: 0 };
  for (const ledger of ['upstream-v22', 'upstream-v22-legacy']) {
    const text = readFileSync(join(here, 'fixtures-data', `${ledger}.expected.json`), 'utf8');
    const expected = expectedFile.parse(JSON.parse(text));
    for (const output of expected.outputs) {
      const label = output.argv.join(' ');
      if (!label.includes(only)) continue;
      if (!isOperationName(output.argv[0] ?? '')) {
        count.absent += 1;
        continue;
      }
      const problem = await checkOutput(ledger, output, expected.fixture_root_in_database);
      const deviation = deviations.find((one) => one.argv === label && (one.ledger ?? ledger) === ledger);
      const verdict = judge(problem, deviation?.because ?? null);
      count[verdict.outcome] += 1;
      if (verdict.line !== null) console.log(`${verdict.line.padEnd(8)} ${ledger}: ${label}: ${verdict.why}`);
    }
  }
  console.log(`${count.deviating} deviating with a reason, ${count.absent} of verbs that do not exist yet`);
  console.log(`${count.passed} passed, ${count.failed} failed`);
  process.exitCode = count.failed > 0 ? 1 : 0;
}

interface Verdict {
  readonly outcome: 'passed' | 'failed' | 'deviating';
  readonly line: 'FAIL' | 'deviates' | null;
  readonly why: string;
}

function judge(problem: string | null, because: string | null): Verdict {
  if (because === null) {
    return problem === null
      ? { outcome: 'passed', line: null, why: '' }
      : { outcome: 'failed', line: 'FAIL', why: problem };
  }
  return problem === null
    ? { outcome: 'failed', line: 'FAIL', why: 'listed as a deviation, but agrees' }
    : { outcome: 'deviating', line: 'deviates', why: `${problem} -- ${because}` };
}

/** What differs, or null. */
async function checkOutput(ledger: string, expected: ExpectedOutput, storedRoot: string): Promise<string | null> {
  const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'conveyor-fixture-')));
  try {
    for (const folder of ['state', 'repo']) mkdirSync(join(scratch, folder));
    copyFileSync(join(root, 'test/unit/ledger/data', `${ledger}.db`), join(scratch, 'state/workerctl.db'));
    const answer = await runVerb(scratch, expected.argv);
    const stdout = answer.stdout.replaceAll(scratch, '<FIXTURE>').replaceAll(storedRoot, '<FIXTURE>');
    if (answer.status !== expected.status) {
      return `status ${answer.status}, expected ${expected.status}: ${answer.stderr.trim().slice(0, 120)}`;
    }
    return compareOutput(expected, stdout);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function compareOutput({ text, json, jsonl }: ExpectedOutput, stdout: string): string | null {
  if (text !== undefined) return stdout === text ? null : 'text differs';
  try {
    const found: unknown =
      json === undefined
        ? stdout
            .split('\n')
            .filter(Boolean)
            .map((line): unknown => JSON.parse(line))
        : JSON.parse(stdout);
    return firstDifference(json === undefined ? jsonl : json, found);
  } catch {
    return 'output is not JSON';
  }
}

function runVerb(scratch: string, argv: readonly string[]): Promise<Answer> {
  const { TMUX: _, ...inherited } = process.env;
  const environment = {
    ...inherited,
    WORKERCTL_STATE_ROOT: join(scratch, 'state'),
    CONVEYOR_CLI_PROG: 'conveyor',
    TMUX_TMPDIR: scratch,
  };
  const options = { cwd: join(scratch, 'repo'), env: environment, encoding: 'utf8', maxBuffer: 1 << 26 } as const;
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [join(root, 'dist/cli.js'), ...argv], options, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, stdout, stderr });
    });
    child.stdin?.end();
  });
}

await runFixtures(process.argv[2] ?? '');
