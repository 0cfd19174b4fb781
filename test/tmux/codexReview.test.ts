import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

const helper = resolve(import.meta.dirname, '../../media/skills/codex-review/scripts/codex-review');

/** The guarded helper with the real git and bash, and a Codex that says what it is told to. */
describe('codex-review', () => {
  let folder: string;
  let repository: string;

  const git = (...words: string[]) => execFileSync('git', words, { cwd: repository, stdio: 'pipe' });
  const program = (name: string, script: string) => {
    writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, 'bin', name), 0o755);
  };
  const run = (words: readonly string[], env: Record<string, string> = {}) => {
    const { PATH = '' } = process.env;
    const { status, stdout, stderr } = spawnSync(helper, words, {
      cwd: repository,
      encoding: 'utf8',
      env: { PATH: [join(folder, 'bin'), PATH].join(delimiter), HOME: folder, TMPDIR: folder, ...env },
    });
    return { status, stdout, stderr };
  };
  const reviewer = (answer: string, status = 0) => {
    writeFileSync(join(folder, 'answer'), answer);
    program(
      'codex',
      `echo "$@" > ${folder}/called; echo "$CODEX_REVIEW_HELPER_LEVEL" > ${folder}/level; cat ${folder}/answer; exit ${status}`,
    );
  };
  const called = () => readFileSync(join(folder, 'called'), 'utf8').trim();

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'conveyor-review-'));
    repository = join(folder, 'repository');
    mkdirSync(repository);
    mkdirSync(join(folder, 'bin'));
    program('gh', 'exit 1');
    git('init', '--quiet', '--initial-branch', 'main');
    git('config', 'user.email', 'a@example.com');
    git('config', 'user.name', 'A');
    writeFileSync(join(repository, 'a.txt'), 'one\n');
    git('add', '.');
    git('commit', '--quiet', '-m', 'One');
    reviewer('Nothing to say against it.\n');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('never runs inside itself, whatever else is wrong', () => {
    const nested = run(['--bogus'], { CODEX_REVIEW_HELPER_LEVEL: '01' });
    assert.equal(nested.status, 78);
    assert.match(nested.stderr, /nested codex-review invocation blocked/);
    assert.equal(run([], { CODEX_REVIEW_HELPER_LEVEL: 'x' }).status, 2);
    writeFileSync(join(repository, 'a.txt'), 'two\n');
    assert.equal(run([], { CODEX_REVIEW_HELPER_LEVEL: '1', CODEX_REVIEW_ALLOW_NESTED: '1' }).status, 0);
    assert.equal(readFileSync(join(folder, 'level'), 'utf8').trim(), '2');
  });

  it('tells what it does not understand, and explains itself', () => {
    assert.equal(run(['--help']).status, 0);
    for (const [words, message] of [
      [['--bogus'], 'unknown option: --bogus'],
      [['--base'], 'missing value for --base'],
      [['--base', '--dry-run'], 'missing value for --base'],
      [['--mode', 'all'], 'invalid --mode: all'],
    ] as const) {
      const { status, stderr } = run(words);
      assert.deepEqual([status, stderr.includes(message)], [2, true], stderr);
    }
  });

  it('reviews uncommitted work, else the branch, else nothing', () => {
    const nothing = run([]);
    assert.equal(nothing.status, 1);
    assert.match(nothing.stderr, /no review target/);
    writeFileSync(join(repository, 'b.txt'), 'new\n');
    assert.match(
      run(['--dry-run']).stdout,
      /^codex-review target: local\nbranch: main\nreview: codex review --uncommitted\n/,
    );
    git('checkout', '--quiet', '-b', 'fix');
    git('add', '.');
    git('commit', '--quiet', '-m', 'Two');
    const branch = run(['--dry-run', '--full-access', '--parallel-tests', 'true']).stdout;
    assert.match(
      branch,
      /target: branch\nbranch: fix\nreview: codex --dangerously-bypass-approvals-and-sandbox review --base origin\/main\ntests: true\nfetch: /,
    );
    program('gh', 'case "$*" in *baseRefName*) echo release;; *) echo https://example.com/1;; esac');
    assert.match(
      run(['--dry-run']).stdout,
      /pr: https:\/\/example.com\/1\nreview: codex review --base origin\/release\n/,
    );
    assert.match(run(['--dry-run', '--base', 'v1']).stdout, /review: codex review --base v1\n/);
    assert.equal(
      spawnSync(helper, [], { cwd: folder, env: { ...process.env, GIT_CEILING_DIRECTORIES: tmpdir() } }).status,
      128,
    );
  });

  it('ends as the review did: clean, findings, nothing said, or failed', () => {
    writeFileSync(join(repository, 'a.txt'), 'two\n');
    const clean = run([]);
    assert.equal(clean.status, 0, clean.stderr);
    assert.match(
      clean.stdout,
      /codex-review complete after \d+s\ncodex-review clean: no accepted\/actionable findings reported\n$/,
    );
    assert.equal(called(), 'review --uncommitted');
    reviewer('- [P1] The token is not checked\n');
    const found = run(['--output', join(folder, 'kept')]);
    assert.equal(found.status, 1);
    assert.match(found.stdout, /codex-review findings: accepted\/actionable findings reported\n$/);
    assert.match(readFileSync(join(folder, 'kept'), 'utf8'), /\[P1\]/);
    reviewer(' \n\n');
    assert.match(run([]).stdout, /complete after \d+s; no output\n$/);
    assert.equal(run([]).status, 1);
    reviewer('cannot reach the model\n', 7);
    assert.equal(run([]).status, 7);
  });

  it('reads the last answer only: what is quoted before it is no finding', () => {
    writeFileSync(join(repository, 'a.txt'), 'two\n');
    const work = 'OpenAI Codex v0.169.0\n--------\ncodex\nI look at "[P1] old finding".\nexec\n[P0] in a file\n';
    reviewer(`${work}codex\nNo problems.\n`);
    assert.equal(run([]).status, 0);
    reviewer(`${work}codex\n[P2] A new one\n`);
    assert.equal(run([]).status, 1);
    reviewer(`${work}2026-11-26T10:00:00.1Z  WARN codex_core: slow\ncodex\n[P2] Told once\ncodex\nThat is all.\n`);
    assert.equal(run([]).status, 1);
    reviewer(work.replace(/codex\nI look[^]*/, '2026-11-26T10:00:00Z ERROR x: [P0]\ncodex\nFine.\n'));
    assert.equal(run([]).status, 0);
  });

  it('runs the tests beside the review, and needs both', () => {
    writeFileSync(join(repository, 'a.txt'), 'two\n');
    const failing = run(['--parallel-tests', 'exit 3']);
    assert.equal(failing.status, 1);
    assert.match(failing.stdout, /codex-review exit: 0\ntests exit: 3\n/);
    assert.equal(run(['--parallel-tests', 'test -f a.txt']).status, 0);
    reviewer('broken', 5);
    assert.equal(run(['--parallel-tests', 'true']).status, 1);
  });
});
