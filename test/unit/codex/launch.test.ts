import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findCodexProcess } from '../../../src/core/codex/codexProcess.ts';
import { askCodexVersion, parseCodexVersion, type CodexVersion } from '../../../src/core/codex/codexVersion.ts';
import { discoverThread, findRolloutOfThread, threadCreatedAt } from '../../../src/core/codex/discoverThread.ts';
import { planLaunch, type LaunchOptions } from '../../../src/core/codex/launchPlan.ts';
import { ConveyorError } from '../../../src/core/domain/errors.ts';
import { FakeHostFacts } from '../../../src/core/ports/hostFacts.ts';
import { FakeProcessRunner } from '../../../src/core/ports/processRunner.ts';

const version = (text: string): CodexVersion => parseCodexVersion(text) ?? assert.fail(text);

describe('the launch plan', () => {
  const options: LaunchOptions = {
    sandbox: 'workspace-write',
    approval: 'on-request',
    stateRoot: '/s r',
    toolPath: null,
  };

  it('keeps Codex in its own process where there is a server in the background, and only there', () => {
    assert.ok(planLaunch(version('0.169.0'), options).argv.includes('--no-daemon'));
    assert.ok(planLaunch(version('1.0.0'), options).argv.includes('--no-daemon'));
    for (const old of ['0.155.1', '0.80.0', '0.20.0']) {
      assert.ok(!planLaunch(version(old), options).argv.includes('--no-daemon'), old);
    }
  });

  it('opens the state root to the sandbox, in the words of the version', () => {
    for (const known of ['0.60.1', '0.101.0', '0.140.0', '0.169.0', '1.2.0']) {
      const { argv } = planLaunch(version(known), options);
      assert.equal(argv[argv.indexOf('--add-dir') + 1], '/s r', known);
    }
    // 0.120 and 0.130 know the flag and don't do it.
    for (const old of ['0.40.0', '0.120.0', '0.130.0']) {
      const { argv } = planLaunch(version(old), options);
      assert.ok(argv.includes('sandbox_workspace_write.writable_roots=["/s r"]') && !argv.includes('--add-dir'), old);
    }
    const open = planLaunch(version('0.169.0'), { ...options, sandbox: 'danger-full-access' });
    assert.ok(!open.argv.includes('--add-dir'));
  });

  it("leaves out what is left to the person's configuration, and adds what the person wants", () => {
    const bare: LaunchOptions = {
      sandbox: '',
      approval: null,
      stateRoot: null,
      toolPath: null,
      extra: ['--model', 'tiny'],
    };
    assert.deepEqual(planLaunch(version('0.80.0'), bare).argv, ['--model', 'tiny']);
  });

  it('gives PATH to the commands as TOML', () => {
    const argv = planLaunch(version('0.169.0'), { ...options, toolPath: '/a"b:/c' }).argv;
    assert.ok(argv.includes('shell_environment_policy.set.PATH="/a\\"b:/c"'));
  });

  it('refuses an approval policy that the version no longer has', () => {
    const refused = (error: unknown) => ConveyorError.is(error, 'invalid_value');
    assert.throws(() => planLaunch(version('0.169.0'), { ...options, approval: 'untrusted' }), refused);
    assert.ok(planLaunch(version('0.155.1'), { ...options, approval: 'untrusted' }).argv.includes('untrusted'));
  });

  it('CP-22: hides what belongs to npm, an editor or a surrounding Codex', () => {
    const { isForeignVariable } = planLaunch(version('0.169.0'), options);
    const foreign = [
      'npm_config_x',
      'NPM_TOKEN',
      'ELECTRON_RUN_AS_NODE',
      'VSCODE_IPC_HOOK',
      'CODEX_THREAD_ID',
      'CODEX_SANDBOX',
      'CODEX_SANDBOX_NETWORK_DISABLED',
    ];
    for (const name of foreign) assert.equal(isForeignVariable(name), true, name);
    for (const name of ['PATH', 'CODEX_HOME', 'CODEX_API_KEY', 'WORKERCTL_STATE_ROOT'])
      assert.equal(isForeignVariable(name), false, name);
  });
});

describe('the version of Codex', () => {
  it('is read from what codex --version prints, in every form', () => {
    assert.deepEqual(parseCodexVersion('codex-cli 0.169.0\n'), { major: 0, minor: 169, patch: 0, text: '0.169.0' });
    assert.equal(parseCodexVersion('codex-cli 0.170.0-alpha.2')?.text, '0.170.0-alpha.2');
    assert.equal(parseCodexVersion('not a version'), null);
  });

  it("CP-16: says that codex is missing, or that it isn't Codex", async () => {
    const missing = askCodexVersion(new FakeProcessRunner(), { path: '/no/where' });
    await assert.rejects(missing, (error) => ConveyorError.is(error, 'codex_missing'));
    const other = new FakeProcessRunner({ '/bin/sh': { stdout: 'hello' } });
    const strange = askCodexVersion(other, { path: '', fallback: '/bin/sh' });
    await assert.rejects(strange, (error) => ConveyorError.is(error, 'codex_unsupported'));
  });
});

describe('the Codex process of a pane', () => {
  const pane = { pid: 1, isDead: false, currentCommand: 'node' };

  it('is the native one below the launcher of npm', () => {
    const host = new FakeHostFacts();
    host.processes.set(1, { commandLine: ['bash'] });
    host.processes.set(2, { parent: 1, commandLine: ['node', '/usr/bin/codex'] });
    host.processes.set(3, { parent: 2, commandLine: ['/x/vendor/codex'], startTime: '77' });
    assert.deepEqual(findCodexProcess(host, pane), { kind: 'codex', pid: 3, startTime: '77', isNative: true });
  });

  it('is no editor, grep or server that merely mentions codex', () => {
    const host = new FakeHostFacts();
    host.processes.set(1, { commandLine: ['vim', '/work/codex'] });
    host.processes.set(2, { parent: 1, commandLine: ['grep', '-r', 'codex'] });
    host.processes.set(3, { parent: 1, commandLine: ['/x/codex', 'app-server'] });
    host.processes.set(4, { parent: 3, commandLine: ['/x/codex'] });
    assert.equal(findCodexProcess(host, pane).kind, 'absent');
  });
});

describe('the thread of a process tree', () => {
  let home: string;
  before(() => (home = mkdtempSync(join(tmpdir(), 'conveyor-home-'))));
  after(() => rmSync(home, { recursive: true, force: true }));

  const OLD = '01a20000-0000-7000-8000-000000000001';
  const NEW = '01a21573-7b03-7bb2-bd6f-18efe44cdd2e';
  const scope = { rootPid: 1, notBefore: null };

  function rollout(threadId: string, more: Record<string, unknown> = {}): string {
    const at = new Date(threadCreatedAt(threadId) ?? 0);
    const two = (part: number) => String(part).padStart(2, '0');
    const folder = join(home, 'sessions', String(at.getFullYear()), two(at.getMonth() + 1), two(at.getDate()));
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `rollout-2026-11-26T01-02-03-${threadId}.jsonl`);
    const payload = { id: threadId, timestamp: at.toISOString(), cwd: '/work', source: 'cli', ...more };
    writeFileSync(file, `${JSON.stringify({ timestamp: at.toISOString(), type: 'session_meta', payload })}\n`);
    return file;
  }

  it("is the newest that it holds open, never a sub-agent's", () => {
    const host = new FakeHostFacts();
    const child = rollout('01a2ffff-0000-7000-8000-000000000009', { source: { subagent: { thread_spawn: {} } } });
    host.processes.set(1, { commandLine: ['codex'], openFiles: [rollout(OLD), rollout(NEW), child] });
    const found = discoverThread(host, scope, '');
    assert.deepEqual([found?.threadId, found?.strategy, found?.confidence], [NEW, 'open_rollout', 'certain']);
  });

  it('is known by its lock before there is a rollout', () => {
    const host = new FakeHostFacts();
    host.processes.set(1, { commandLine: ['codex'], openFiles: [join(home, 'thread-writer-locks', `${NEW}.lock`)] });
    const found = discoverThread(host, scope, '');
    assert.deepEqual([found?.threadId, found?.rolloutPath], [NEW, null]);
  });

  it('is the one that the title shows when several are held', () => {
    const host = new FakeHostFacts();
    host.processes.set(1, { commandLine: ['codex'], openFiles: [rollout(OLD), rollout(NEW)] });
    const found = discoverThread(host, scope, `⠙ ${OLD.slice(0, 29)}... | Working`);
    assert.equal(found?.threadId, OLD);
    assert.equal(discoverThread(new FakeHostFacts(), scope, 'just a folder'), null);
  });

  it('is not taken from the server that all sessions share', () => {
    const host = new FakeHostFacts();
    host.processes.set(1, { commandLine: ['codex'] });
    host.processes.set(2, {
      parent: 1,
      commandLine: ['/p/codex', 'app-server', '--listen'],
      openFiles: [rollout(NEW)],
    });
    assert.equal(discoverThread(host, scope, ''), null);
  });

  it("CP-15: whole seconds and a skewed clock don't make a new session's rollout old", () => {
    const host = new FakeHostFacts();
    host.processes.set(1, { commandLine: ['codex'], openFiles: [rollout(NEW)] });
    const createdAt = threadCreatedAt(NEW) ?? 0;
    assert.equal(discoverThread(host, { rootPid: 1, notBefore: createdAt + 900 }, '')?.threadId, NEW);
    assert.equal(discoverThread(host, { rootPid: 1, notBefore: createdAt + 60_000 }, ''), null);
  });

  it("CP-14: a rollout is found in any Codex home, by the thread's id", () => {
    const file = rollout(NEW);
    assert.equal(findRolloutOfThread(home, NEW), file);
    assert.equal(findRolloutOfThread(home, NEW.slice(0, 29)), file);
    assert.equal(findRolloutOfThread(home, '01a21573-7b03-7bb2-0000-000000000000'), null);
    assert.equal(findRolloutOfThread(join(home, 'none'), NEW), null);
  });
});
