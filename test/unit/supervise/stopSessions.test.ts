import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConveyorError, refuse } from '../../../src/core/domain/errors.ts';
import { insertCommand } from '../../../src/core/ledger/commandStore.ts';
import { acquireLease, leadershipLease } from '../../../src/core/ledger/leaseStore.ts';
import { findPanelSession } from '../../../src/core/ledger/panelSessionStore.ts';
import { requireSession } from '../../../src/core/ledger/sessionStore.ts';
import { requireTask } from '../../../src/core/ledger/taskStore.ts';
import { bind } from '../../../src/core/operations/bind.ts';
import { isOwnSession } from '../../../src/core/operations/endTaskPorts.ts';
import { isSandboxed } from '../../../src/core/operations/sandbox.ts';
import { stop } from '../../../src/core/operations/stop.ts';
import { tasks } from '../../../src/core/operations/tasks.ts';
import { unbind } from '../../../src/core/operations/unbind.ts';
import { events } from '../../../src/core/operations/workerFolders.ts';
import { listWorkerFolders } from '../../../src/core/supervise/legacyFolder.ts';
import { findRunningSession, strangerMismatches } from '../../../src/core/supervise/sessionIdentity.ts';
import { stopSessionEffect, type StopPorts } from '../../../src/core/supervise/stopSessions.ts';
import { FakeTmux } from '../../../src/core/tmux/fakeTmux.ts';
import { HostedContext } from '../../../src/core/operations/operationContext.ts';
import { FakeProcessRunner } from '../../../src/core/ports/processRunner.ts';
import { type Supervised, supervised } from './support.ts';

describe('the identity of a session without a terminal', () => {
  let fixture: Supervised;
  let folder: string;
  let rollout: string;

  beforeEach(async () => {
    fixture = await supervised();
    folder = mkdtempSync(join(tmpdir(), 'conveyor-identity-'));
    rollout = join(folder, 'rollout.jsonl');
    writeFileSync(rollout, '{"type": "session_meta", "payload": {"id": "thread-w1", "cwd": "/srv"}}\n');
  });

  afterEach(() => {
    fixture.dispose();
    rmSync(folder, { recursive: true });
  });

  async function mismatches() {
    const session = requireSession(fixture.context.ledger, 'w1');
    const ports = { host: fixture.host, tmuxOn: () => new FakeTmux(), isContradicted: () => false };
    return (await findRunningSession(ports, session, findPanelSession(fixture.context.ledger, session.id))).identity;
  }

  const register = (pid: number) => fixture.addSession({ name: 'w1', role: 'worker', pid, codexSessionPath: rollout });

  it('CP-6: a process that has children is asked itself, and its whole tree', async () => {
    fixture.host.processes.set(70, { startTime: '5', openFiles: [rollout] });
    fixture.host.processes.set(71, { parent: 70 });
    register(70);
    assert.deepEqual((await mismatches()).mismatches, []);
    fixture.host.processes.set(70, { startTime: '5' });
    fixture.host.processes.set(72, { parent: 71, openFiles: [rollout] });
    assert.deepEqual((await mismatches()).mismatches, []);
    fixture.host.processes.delete(72);
    const stranger = await mismatches();
    assert.deepEqual(stranger.mismatches, ['codex_session_pid_mismatch']);
    assert.deepEqual(strangerMismatches(stranger), ['codex_session_pid_mismatch']);
  });

  it('a Codex whose rollout is held by the server of its home is known by its name', async () => {
    fixture.host.processes.set(70, { startTime: '5', commandLine: ['node', '/usr/bin/codex', '--remote'] });
    register(70);
    assert.deepEqual((await mismatches()).mismatches, []);
  });

  it('CP-7: a pid that another process has by now is dead, and so is one from before a reboot', async () => {
    fixture.host.processes.set(70, { startTime: '5', openFiles: [rollout] });
    register(70);
    fixture.host.processes.set(70, { startTime: '6', openFiles: [rollout] });
    assert.deepEqual((await mismatches()).mismatches, ['session_pid_dead']);
    assert.deepEqual(strangerMismatches(await mismatches()), []);
    fixture.host.processes.set(70, { startTime: '5', openFiles: [rollout] });
    fixture.host.bootId = 'boot-2';
    assert.deepEqual((await mismatches()).mismatches, ['session_pid_dead']);
  });

  it('a rollout of another thread, or none, is told apart', async () => {
    fixture.host.processes.set(70, { startTime: '5', openFiles: [rollout] });
    register(70);
    writeFileSync(rollout, '{"type": "session_meta", "payload": {"id": "thread-x", "cwd": "/srv"}}\n');
    assert.deepEqual((await mismatches()).mismatches, ['codex_session_id_mismatch']);
    rmSync(rollout);
    assert.deepEqual((await mismatches()).mismatches, ['codex_session_path_invalid']);
  });
});

describe('stops that are queued for the supervisor', () => {
  let fixture: Supervised;
  let tmux: FakeTmux;
  let ports: StopPorts;

  beforeEach(async () => {
    fixture = await supervised();
    tmux = new FakeTmux();
    for (const [name, role] of [
      ['w1', 'worker'],
      ['m1', 'manager'],
      ['w2', 'worker'],
    ] as const) {
      fixture.addSession({ name, role, tmuxSession: `codex-${name}` });
      tmux.add(`codex-${name}`);
    }
    const { ledger, clock } = fixture.context;
    ports = { ledger, clock, host: fixture.host, tmuxOn: () => tmux, isContradicted: () => false };
  });

  afterEach(() => fixture.dispose());

  interface Circumstances {
    readonly isPermitted?: boolean;
    readonly begins?: boolean;
    readonly obstacle?: ConveyorError | null;
  }

  function carryOut(name: string, { isPermitted = true, begins = true, obstacle = null }: Circumstances = {}) {
    const { ledger, clock } = fixture.context;
    const payload = { sessions: [name], session_ids: [requireSession(ledger, name).id] };
    const taskId = requireTask(ledger, 'alpha').id;
    const command = ledger.write(() => insertCommand(ledger, { type: 'stop_session', taskId, payload }, clock.now()));
    return stopSessionEffect(ports, { permits: () => isPermitted, refusal: () => obstacle }).run(command, {
      begin: () => begins,
    });
  }

  it('leaves alone what was not confirmed outside a sandbox, whatever the rows say', async () => {
    const outcome = await carryOut('w1', { obstacle: refuse('not_confirmed', 'confirm it') });
    assert.deepEqual([outcome.state, 'errorType' in outcome && outcome.errorType], ['failed', 'not_confirmed']);
    assert.equal(await tmux.hasSession('codex-w1'), true);
  });

  it('closes the terminal of a session of the task, and again without harm', async () => {
    for (const killed of [true, false]) {
      const outcome = await carryOut('w1');
      assert.deepEqual(outcome, {
        state: 'succeeded',
        result: { stopped: [{ session: 'w1', target: 'codex-w1', killed }] },
      });
    }
    assert.equal(requireSession(ports.ledger, 'w1').state, 'gone');
    assert.equal(fixture.events('session_stopped').length, 2);
  });

  it('leaves alone what a forged row names: sessions that are not of its task', async () => {
    const outcome = await carryOut('w2');
    assert.ok(outcome.state === 'failed' && outcome.errorType === 'no_binding');
    assert.ok(await tmux.hasSession('codex-w2'));
  });

  it('leaves alone a session that works on another task by now', async () => {
    await fixture.run(unbind, { task: 'alpha' });
    await fixture.run(tasks, { create: 'beta', goal: 'B' });
    await fixture.run(bind, { task: 'beta', worker: 'w1', manager: 'm1' });
    const outcome = await carryOut('w1');
    assert.ok(outcome.state === 'failed' && outcome.errorType === 'already_bound');
    assert.ok(await tmux.hasSession('codex-w1'));
  });

  it('stops a worker only where the person permits that; a manager ends itself freely', async () => {
    const denied = await carryOut('w1', { isPermitted: false });
    assert.ok(denied.state === 'failed' && denied.errorType === 'permission_denied');
    assert.ok(await tmux.hasSession('codex-w1'));
    assert.equal((await carryOut('m1', { isPermitted: false })).state, 'succeeded');
  });

  it('does nothing once the claim is lost', async () => {
    assert.equal((await carryOut('w1', { begins: false })).state, 'failed');
    assert.ok(await tmux.hasSession('codex-w1'));
  });
});

describe('stop', () => {
  let fixture: Supervised;
  let context: HostedContext;
  let warnings: string[];

  beforeEach(async () => {
    fixture = await supervised();
    warnings = [];
    context = new HostedContext({
      surface: 'cli',
      cwd: fixture.folder,
      variables: {},
      ledger: fixture.context.ledger,
      processes: new FakeProcessRunner({ tmux: { status: 1, stderr: 'no server running on /tmp/x' } }),
      host: fixture.host,
      clock: fixture.clock,
      warn: (line) => warnings.push(line),
    });
  });

  afterEach(() => fixture.dispose());

  const end = (name: string) => stop.run(context, { name, message: null, json: false });
  const log = async (name: string) => (await events.run(context, { name, limit: 0, type: null, raw: false })).events;

  it('is told by the log of that name, which needs no folder of a worker', async () => {
    fixture.addSession({ name: 'w1', role: 'worker', tmuxSession: 'codex-w1' });
    assert.deepEqual(await log('w1'), []);
    await end('w1');
    const [line, ...others] = await log('w1');
    const { time, ...facts } = line ?? {};
    assert.equal(typeof time, 'string');
    const expected = { killed_session: false, lookup_source: 'session', role: 'worker', target: 'codex-w1' };
    assert.deepEqual([facts, others], [{ ...expected, type: 'stop' }, []]);
    assert.deepEqual(listWorkerFolders(context.stateRoot), []);
  });

  it('is not held up by a log that cannot be written, or a name that can be no folder', async () => {
    fixture.addSession({ name: 'w 2', role: 'worker', tmuxSession: 'codex-w2' });
    assert.equal((await end('w 2')).killed, false);
    assert.deepEqual(warnings, []);
    fixture.addSession({ name: 'w1', role: 'worker', tmuxSession: 'codex-w1' });
    mkdirSync(context.stateRoot, { recursive: true });
    symlinkSync(fixture.folder, join(context.stateRoot, 'w1'));
    assert.equal((await end('w1')).killed, false);
    assert.deepEqual(warnings.length, 1);
    assert.ok(!existsSync(join(fixture.folder, 'events.jsonl')));
    assert.deepEqual(await log('w1'), []);
  });

  it('CP-47: names the task that the session is bound to, in its answer and in the log', async () => {
    fixture.addSession({ name: 'w1', role: 'worker', tmuxSession: 'codex-w1' });
    const { ledger } = fixture.context;
    for (let round = 0; round < 2; round += 1) {
      const stopped = await end('w1');
      assert.equal(stopped.bound_task_id, requireTask(ledger, 'alpha').id);
      assert.match(
        stop.text?.(stopped, { name: 'w1', message: null, json: false }, context) ?? '',
        /^w1 was not running\nit is still bound/,
      );
    }
    const rows = ledger.all("SELECT DISTINCT task_id FROM events WHERE type = 'session_stopped'");
    assert.deepEqual(rows, [{ task_id: requireTask(ledger, 'alpha').id }]);
  });

  it('refuses a name that is unknown, or has no terminal', async () => {
    await fixture.refuses(stop, { name: 'ghost' }, 'unknown_session', /Unknown worker: ghost/);
    await fixture.refuses(stop, { name: 'm1' }, 'no_tmux_session', /tmux session is not registered.*m1/);
  });
});

describe('where a command runs', () => {
  let fixture: Supervised;

  beforeEach(async () => {
    fixture = await supervised();
  });

  afterEach(() => fixture.dispose());

  const within = (variables: Record<string, string>) =>
    new HostedContext({
      surface: 'cli',
      cwd: '/',
      variables,
      ledger: fixture.context.ledger,
      host: fixture.host,
      clock: fixture.clock,
    });

  it('is a sandbox when Codex says so', () => {
    assert.equal(isSandboxed(within({})), false);
    assert.equal(isSandboxed(within({ CODEX_SANDBOX_NETWORK_DISABLED: '1' })), true);
    assert.equal(isSandboxed(within({ CODEX_SANDBOX: 'seatbelt' })), true);
  });

  it("is a sandbox when its processes are not the supervisor's", () => {
    const lease = { holder: 'vscode-1', kind: 'window', milliseconds: 10_000 } as const;
    acquireLease(fixture.context.ledger, { clock: fixture.clock, host: fixture.host }, leadershipLease, lease);
    assert.equal(isSandboxed(within({})), false);
    fixture.host.pidNamespace = 'pid:[2]';
    assert.equal(isSandboxed(within({})), true);
    // Once that supervisor is gone, a person outside its container is not in a sandbox; a Codex's command still is.
    fixture.clock.advance(60_000);
    assert.equal(isSandboxed(within({})), false);
    assert.equal(isSandboxed(within({ CODEX_THREAD_ID: 't' })), true);
    fixture.host.bootId = 'boot-2';
    assert.equal(isSandboxed(within({})), false);
  });

  it('is the terminal that tmux names, or that holds this process', async () => {
    const tmux = new FakeTmux();
    const pane = tmux.add('codex-w1', { pid: 500, socketPath: '/tmp/tmux-0/default' });
    fixture.addSession({ name: 'w1', role: 'worker', tmuxSession: 'codex-w1' });
    const session = requireSession(fixture.context.ledger, 'w1');
    const found = await findRunningSession(
      { host: fixture.host, tmuxOn: () => tmux, isContradicted: () => false },
      session,
      null,
    );
    assert.equal(isOwnSession(within({}), found), false);
    assert.equal(isOwnSession(within({ TMUX: '/tmp/tmux-0/default,1,0', TMUX_PANE: pane.paneId }), found), true);
    assert.equal(isOwnSession(within({ TMUX: '/tmp/other,1,0', TMUX_PANE: pane.paneId }), found), false);
    fixture.host.processes.set(501, { parent: 500 });
    fixture.host.processes.set(process.pid, { parent: 501 });
    assert.equal(isOwnSession(within({}), found), true);
  });
});
