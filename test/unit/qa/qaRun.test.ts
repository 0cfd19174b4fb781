import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConveyorError, type ErrorCode } from '../../../src/core/domain/errors.ts';
import { acquireLease, leadershipLease, releaseLease } from '../../../src/core/ledger/leaseStore.ts';
import { openLedger } from '../../../src/core/ledger/openLedger.ts';
import { enqueueCommand } from '../../../src/core/ledger/commandQueueStore.ts';
import { insertTask } from '../../../src/core/ledger/taskStore.ts';
import { systemClock } from '../../../src/core/ports/clock.ts';
import { systemHostFacts } from '../../../src/core/ports/hostFacts.ts';
import { type QaFixture, qaFixture } from './support.ts';

const now = Date.parse('2026-01-01T00:00:00Z');
const anyBlocked = { state: 'blocked', delivered: false, target_worker_notified: false };

describe('qa-run', () => {
  let qa: QaFixture;

  beforeEach(() => {
    qa = qaFixture();
  });

  afterEach(() => qa.dispose());

  async function refuses(given: object, code: ErrorCode, words: RegExp, options = {}): Promise<void> {
    await assert.rejects(qa.run(given, options), (error) => {
      assert.ok(ConveyorError.is(error, code), `expected ${code}, got ${String(error)}`);
      assert.match(error.message, words);
      return true;
    });
  }

  /** A ledger whose gates are broken: whatever a loop asks for is forgotten as it is made. */
  function brokenLedger(): string {
    const file = join(qa.folder, 'broken.db');
    const { connection } = openLedger(file, now);
    connection.run(
      `CREATE TRIGGER forgetful AFTER INSERT ON runs BEGIN
         UPDATE runs SET metadata_json = json_set(metadata_json, '$.required_before_continue', json('[]')) WHERE id = new.id;
       END`,
    );
    connection.close();
    return file;
  }

  it('ralph-loop-guardrails: bounds and evidence block, a fresh retry is delivered, and the helper will not nest', async () => {
    const output = await qa.run({ dispatcherId: 'drill-1' });
    assert.deepEqual(output, {
      checks: 5,
      receipt_path: qa.receiptPath,
      result: 'passed',
      scenario: 'ralph-loop-guardrails',
    });
    const { checks, generated_tasks: tasks, adversarial_review_gate: gate } = qa.receipt();
    assert.deepEqual(
      checks.map(({ name, dispatch }) => [
        name,
        dispatch?.correlation_id,
        dispatch?.reason,
        dispatch?.missing_evidence,
      ]),
      [
        ['max_iteration_blocks_before_worker_delivery', 'qa-run-max-block', 'max_iterations_reached', []],
        [
          'missing_evidence_blocks_before_worker_delivery',
          'qa-run-missing-evidence',
          'missing_required_evidence',
          ['ci_green', 'adversarial_check'],
        ],
        ['fresh_retry_delivers_after_structured_evidence', 'qa-run-evidence-allowed', null, []],
        [
          'preset_requires_pr_ci_merge_and_adversarial_evidence',
          'qa-run-preset-missing',
          'missing_required_evidence',
          ['pr_url', 'ci_green', 'merge', 'adversarial_check'],
        ],
        ['preset_retry_delivers_after_all_required_evidence', 'qa-run-preset-allowed', null, []],
      ],
    );
    assert.ok(checks.every(({ dispatch }) => dispatch?.dispatcher_id === 'drill-1'));
    assert.ok(typeof checks[0]?.dispatch?.manager_decision_id === 'number');
    assert.deepEqual(
      tasks.map(({ suffix }) => suffix),
      ['max-iteration', 'missing-evidence', 'preset'],
    );
    assert.ok(typeof gate === 'object' && gate !== null && 'syntax_check' in gate && 'nested_run' in gate);
    assert.partialDeepStrictEqual(gate, { syntax_check: { returncode: 0 }, nested_run: { returncode: 78 } });
  });

  for (const { scenario, prefix, missing } of [
    {
      scenario: 'test-coverage-loop',
      prefix: 'qa-run-test-coverage',
      missing: ['test_coverage', 'adversarial_check'],
    },
    {
      scenario: 'generic-loop-template',
      prefix: 'qa-run-template',
      missing: [
        'reference_artifact',
        'candidate_screenshot',
        'visual_diff_report',
        'diff_below_threshold',
        'adversarial_check',
      ],
    },
  ]) {
    it(`${scenario}: a check in words only opens nothing, one with all its parts does`, async () => {
      await qa.run({ scenario });
      const { checks, artifacts, template_metadata: metadata, result } = qa.receipt();
      assert.equal(result, 'passed');
      const dispatches = checks.map(({ dispatch }) => dispatch);
      assert.partialDeepStrictEqual(dispatches, [
        { ...anyBlocked, reason: 'missing_required_evidence', missing_evidence: missing },
        { ...anyBlocked, reason: 'missing_adversarial_check_evidence', missing_evidence: ['adversarial_check'] },
        { state: 'pull_required', reason: null, correlation_id: `${prefix}-structured-allowed` },
      ]);
      assert.ok(dispatches[1]?.correlation_id === `${prefix}-unstructured-adversarial`);
      assert.partialDeepStrictEqual(checks, [
        { worker_inbox_count: 0, routed_notifications_count: 0 },
        { worker_inbox_count: 0, routed_notifications_count: 0 },
        { worker_inbox_count: 1, routed_notifications_count: 1 },
      ]);
      assert.ok(typeof metadata === 'object' && metadata !== null && 'required_before_continue' in metadata);
      for (const path of Object.values(artifacts)) assert.ok(path !== null && existsSync(path), String(path));
    });
  }

  it('build-clear-loop: half of the evidence is not enough', async () => {
    await qa.run({ scenario: 'build-clear-loop' });
    const { checks, artifacts } = qa.receipt();
    assert.partialDeepStrictEqual(
      checks.map(({ dispatch }) => dispatch),
      [
        { ...anyBlocked, missing_evidence: ['build_passed', 'cleanup'] },
        { ...anyBlocked, reason: 'missing_cleanup_evidence', correlation_id: 'qa-run-build-clear-build-only' },
        { state: 'pull_required', correlation_id: 'qa-run-build-clear-allowed' },
      ],
    );
    assert.deepEqual(Object.keys(artifacts).toSorted(), ['build_receipt', 'cleanup_receipt', 'db_path']);
  });

  it('adversarial-triggers: each phrase arms its gate, and the gate holds', async () => {
    await qa.run({ scenario: 'adversarial-triggers' });
    const { checks, generated_tasks: tasks, trigger_classifications: seen, negative_control: control } = qa.receipt();
    assert.ok(Array.isArray(seen) && seen.length === 5 && seen.every((one: { matched: boolean }) => one.matched));
    assert.partialDeepStrictEqual(control, { matched: false });
    assert.partialDeepStrictEqual(checks, [
      { name: 'loop_gate_trigger_creates_policy', run: { current_iteration: 1, max_iterations: 3 } },
      { name: 'iteration_gate_blocks_before_adversarial_proof', dispatch: anyBlocked, worker_inbox_count: 0 },
      {
        name: 'iteration_gate_allows_fresh_retry_after_structured_proof',
        worker_inbox: { correlation_id: 'nl-iteration-gate-allowed' },
      },
      {
        name: 'finish_gate_requires_structured_adversarial_proof',
        premature_finish: { returncode: 1, stdout: '' },
        after_proof: { returncode: 0, stderr: '' },
      },
      {
        name: 'worker_directed_trigger_records_worker_proposed_proof',
        evidence: { source: 'worker_proposed', correlation_id: 'nl-worker-directed-proof' },
      },
      {
        name: 'acceptance_criteria_trigger_records_negative_manager_criteria',
        manager_inferred_criteria_count: 3,
      },
    ]);
    assert.equal(typeof Object(checks[2]?.worker_inbox).consumed_at, 'string');
    assert.match(String(Object(checks[3]?.premature_finish).stderr), /adversarial proof is required/);
    assert.deepEqual(
      tasks.map(({ suffix, binding_id: binding }) => [suffix, binding !== null]),
      [
        ['loop', true],
        ['finish', false],
        ['worker', true],
        ['criteria', true],
      ],
    );
  });

  it('LQ-7: a drill that fails leaves a receipt of what was seen, and names the check', async () => {
    const path = brokenLedger();
    await refuses(
      { scenario: 'build-clear-loop', path },
      'gate_failed',
      /^qa-run build-clear-loop: build_clear_blocks_before_build_or_cleanup_evidence: expected .* blocked.*receipt: .*receipt\.json$/,
    );
    const { result, failure, checks, checks_not_reached: rest, artifacts } = qa.receipt();
    assert.equal(result, 'failed');
    assert.match(failure?.message ?? '', /expected the continuation to be blocked, but it is pull_required/);
    assert.partialDeepStrictEqual(checks, [
      { status: 'failed', dispatch: { state: 'pull_required', missing_evidence: [] }, worker_inbox_count: 1 },
    ]);
    assert.deepEqual(rest, [
      'build_clear_still_blocks_before_cleanup_evidence',
      'build_clear_retry_delivers_after_build_and_cleanup_evidence',
    ]);
    assert.equal(artifacts.db_path, path);
  });

  it('LQ-7: a release without its helper fails with a receipt of the drills that passed', async () => {
    const runtime = { executable: process.execPath, isElectron: false, cli: join(qa.folder, 'dist', 'cli.js') };
    await refuses({}, 'install_failed', /bundled skill codex-review is missing/, { runtime });
    const { result, checks } = qa.receipt();
    assert.equal(result, 'failed');
    assert.deepEqual(
      checks.map(({ status }) => status),
      Array.from({ length: 5 }, () => 'passed'),
    );
  });

  it('LQ-7: without a Chromium, or with one that fails, the browser drill is refused with a receipt', async () => {
    const scenario = 'generic-loop-template-browser';
    const empty = { PATH: qa.folder };
    const requires = /browser-backed QA requires Playwright\/Chromium/;
    await refuses({ scenario }, 'browser_missing', requires, { variables: empty });
    const { checks, failure, browser } = qa.receipt();
    assert.deepEqual(
      checks.map(({ name, status }) => [name, status]),
      [['browser_visual_template_blocks_before_visual_evidence', 'passed']],
    );
    assert.equal(failure?.code, 'browser_missing');
    assert.equal(browser, undefined);

    const program = join(qa.folder, 'chromium');
    writeFileSync(program, '#!/bin/sh\necho "no display" >&2\nexit 3\n');
    await refuses({ scenario }, 'browser_missing', /is no program/, { variables: { CONVEYOR_CHROMIUM: program } });
    chmodSync(program, 0o700);
    await refuses({ scenario }, 'browser_failed', /ended with status 3: no display/, { variables: empty });
    writeFileSync(program, '#!/bin/sh\nexit 0\n');
    await refuses({ scenario }, 'browser_failed', /made no picture/, { variables: empty });
    assert.equal(qa.receipt().result, 'failed');
  });

  it('LQ-7: while a drill runs its receipt says that it has not ended, whatever an earlier one said', async () => {
    await qa.run({ scenario: 'build-clear-loop' });
    assert.equal(qa.receipt().result, 'passed');
    // A browser that looks at the receipt: what would be left if the drill were killed now.
    const program = join(qa.folder, 'chromium');
    writeFileSync(program, `#!/bin/sh\ncp '${qa.receiptPath}' '${qa.folder}/seen.json'\nexit 1\n`);
    chmodSync(program, 0o700);
    const variables = { CONVEYOR_CHROMIUM: program };
    await refuses({ scenario: 'generic-loop-template-browser' }, 'browser_failed', /ended with status 1/, {
      variables,
    });
    assert.partialDeepStrictEqual(JSON.parse(readFileSync(join(qa.folder, 'seen.json'), 'utf8')), {
      scenario: 'generic-loop-template-browser',
      result: 'failed',
      failure: { code: 'interrupted', message: 'the drill has not ended' },
    });
  });

  it('LQ-7: a temporary ledger stays as long as a receipt names it, and not longer', async () => {
    await qa.run({ scenario: 'build-clear-loop' });
    const kept = qa.receipt().artifacts.db_path;
    assert.match(kept ?? '', /workerctl-qa-run-[^/]+\/workerctl\.db$/);
    assert.ok(existsSync(kept ?? ''));
    assert.equal(qa.leftovers().length, 1);
    await qa.run({ scenario: 'build-clear-loop', discardLedger: true });
    assert.equal(qa.receipt().artifacts.db_path, null);
    assert.equal(qa.leftovers().length, 1);
    const interruption = new AbortController();
    interruption.abort();
    await refuses({ scenario: 'build-clear-loop' }, 'interrupted', /interrupted/, { signal: interruption.signal });
    assert.partialDeepStrictEqual(qa.receipt(), { result: 'failed', failure: { code: 'interrupted' }, checks: [] });
    assert.equal(qa.receipt().artifacts.db_path, null);
    assert.equal(qa.leftovers().length, 1);
  });

  it('LQ-8: a ledger in use is refused, and nothing is added to it', async () => {
    const path = join(qa.folder, 'mine.db');
    const { connection } = openLedger(path, now);
    const task = connection.write(() => insertTask(connection, { name: 'alpha', goal: 'Ship', summary: null }, now));
    const count = () =>
      Object(connection.get('SELECT (SELECT count(*) FROM tasks) + (SELECT count(*) FROM events) AS n')).n;
    const before: unknown = count();
    await refuses({ scenario: 'build-clear-loop', path }, 'run_conflict', /is in use: it holds 1 task/);
    connection.write(() =>
      enqueueCommand(
        connection,
        {
          type: 'continue_iteration',
          taskId: task.id,
          payload: {},
          correlationId: 'c1',
          requiredPermission: null,
          idempotencyKey: null,
        },
        now,
      ),
    );
    await refuses({ scenario: 'build-clear-loop', path }, 'run_conflict', /queue is not clean/);
    assert.equal(qa.receipt().result, 'failed');
    assert.equal(count(), before);
    connection.close();
  });

  it('LQ-8: a ledger that somebody leads is refused: its dispatcher would take up what is drilled', async () => {
    const path = join(qa.folder, 'led.db');
    const at = { clock: systemClock, host: systemHostFacts };
    const { connection } = openLedger(path, now);
    const request = { holder: 'window-1', kind: 'window', milliseconds: 60_000 } as const;
    const lease = acquireLease(connection, at, leadershipLease, request);
    assert.ok(lease);
    await refuses({ scenario: 'build-clear-loop', path }, 'run_conflict', /is in use: window-1 dispatches there/);
    releaseLease(connection, at, leadershipLease, lease);
    connection.close();
    await qa.run({ scenario: 'build-clear-loop', path });
  });

  it('LQ-8: a ledger that only drills have used is taken again', async () => {
    const path = join(qa.folder, 'drills.db');
    await qa.run({ scenario: 'build-clear-loop', path });
    await qa.run({ scenario: 'adversarial-triggers', path });
    assert.equal(qa.receipt().artifacts.db_path, path);
    assert.deepEqual(qa.leftovers(), []);
  });

  it('leaves nothing behind when the receipt has no place, and touches no other ledger', async () => {
    mkdirSync(qa.receiptPath, { recursive: true });
    await refuses({ scenario: 'build-clear-loop' }, 'file_unreadable', /cannot write/);
    await refuses({ receiptOutput: ' ' }, 'missing_input', /--receipt-output/);
    await refuses({ path: 'x.db', discardLedger: true }, 'invalid_value', /--discard-ledger/);
    assert.deepEqual(qa.leftovers(), []);
    assert.deepEqual(
      readdirSync(qa.folder)
        .toSorted()
        .filter((name) => !name.startsWith('tmp-')),
      ['deep'],
    );
  });

  it('what can be typed to do the same is all there, and nobody else can read the receipt', async () => {
    await qa.run({ scenario: 'build-clear-loop', receiptOutput: 'r.json' });
    const text = readFileSync(join(qa.folder, 'r.json'), 'utf8');
    const { replay_commands: lines } = JSON.parse(text);
    assert.match(lines[0], /^conveyor create-disposable-binding <task> /);
    assert.ok(lines.some((line: string) => line.startsWith('conveyor loop-evidence add <task> --loop-run <run-id> ')));
    assert.equal(lines.filter((line: string) => line.includes(' dispatch --once --limit 1 ')).length, 3);
    assert.equal(statSync(join(qa.folder, 'r.json')).mode & 0o077, 0);
  });
});
