import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { verbHelp } from '../../../src/cli/usage.ts';
import { findPanelSession } from '../../../src/core/ledger/panelSessionStore.ts';
import { findActiveRun } from '../../../src/core/ledger/runStore.ts';
import { findSession, requireSession } from '../../../src/core/ledger/sessionStore.ts';
import { findTask, requireTask } from '../../../src/core/ledger/taskStore.ts';
import { bind } from '../../../src/core/operations/bind.ts';
import { deregister } from '../../../src/core/operations/deregister.ts';
import { HostedContext } from '../../../src/core/operations/operationContext.ts';
import { pair } from '../../../src/core/operations/pair.ts';
import { registerManager, registerWorker } from '../../../src/core/operations/register.ts';
import { checkStart } from '../../../src/core/operations/startCodex.ts';
import { runs } from '../../../src/core/operations/runs.ts';
import { startManager } from '../../../src/core/operations/startManager.ts';
import { startWorker } from '../../../src/core/operations/startWorker.ts';
import { stop } from '../../../src/core/operations/stop.ts';
import { FakeProcessRunner } from '../../../src/core/ports/processRunner.ts';
import { findRunningSession, strangerMismatches } from '../../../src/core/supervise/sessionIdentity.ts';
import { FakeTmux } from '../../../src/core/tmux/fakeTmux.ts';
import { head } from '../support/sessionFixture.ts';
import { type Supervised, supervised } from './support.ts';

describe('registering and naming sessions', () => {
  let fixture: Supervised;
  let rollout: string;

  beforeEach(async () => {
    fixture = await supervised({ isBound: false });
    rollout = join(fixture.folder, 'rollout-w3.jsonl');
    writeFileSync(rollout, head('thread-w3'));
  });

  afterEach(() => fixture.dispose());

  const session = (name: string) => requireSession(fixture.context.ledger, name);
  const register = (more: object = {}) =>
    fixture.run(registerWorker, { name: 'w3', pid: 70, codexSession: rollout, ...more });

  it('CP-8: what was registered wrongly is found out before anything is done to it', async () => {
    fixture.host.processes.set(70, { startTime: '5', commandLine: ['vim'] });
    await register();
    const { id } = session('w3');
    const panel = findPanelSession(fixture.context.ledger, id);
    assert.deepEqual([panel?.process_start, panel?.boot_id], ['5', fixture.host.bootId]);
    const ports = { host: fixture.host, tmuxOn: () => new FakeTmux(), isContradicted: () => false };
    const { identity } = await findRunningSession(ports, session('w3'), panel);
    assert.deepEqual(strangerMismatches(identity), ['codex_session_pid_mismatch']);
    writeFileSync(rollout, 'not a rollout\n');
    await fixture.refuses(registerWorker, { name: 'w4', pid: 70, codexSession: rollout }, 'rollout_invalid');
    assert.equal(findSession(fixture.context.ledger, 'w4'), null);
  });

  it('CP-10: registering again without a tmux session keeps the one that is known', async () => {
    await register({ tmuxSession: 'codex-w3' });
    await register();
    assert.equal(session('w3').tmux_session, 'codex-w3');
    await register({ tmuxSession: 'elsewhere' });
    assert.equal(session('w3').tmux_session, 'elsewhere');
  });

  it('CP-11: a name is free again once it is deregistered', async () => {
    const { id } = session('w1');
    assert.throws(() => checkStart(fixture.context, { role: 'worker', name: 'w1', cwd: null }), /deregister w1/);
    await fixture.run(deregister, { name: 'w1' });
    checkStart(fixture.context, { role: 'worker', name: 'w1', cwd: null });
    await register({ name: 'w1' });
    const panel = findPanelSession(fixture.context.ledger, id);
    assert.deepEqual([session('w1').state, panel?.incarnation], ['active', 2]);
  });

  it('CP-12: a name that tmux could not take is refused before anything is started or written', async () => {
    const pairing = { task: 'new', taskGoal: 'Ship it', workerName: 'fine', managerName: 'fine-too' };
    for (const name of ['a.b', 'a b', 'a:b', 'ä', '']) {
      await fixture.refuses(startWorker, { name }, 'invalid_name');
      await fixture.refuses(startManager, { name }, 'invalid_name');
      await fixture.refuses(pair, { ...pairing, workerName: name }, 'invalid_name');
      await fixture.refuses(pair, { ...pairing, managerName: name }, 'invalid_name');
    }
    assert.equal(findTask(fixture.context.ledger, 'new'), null);
    assert.deepEqual(fixture.processes.calls, []);
  });

  it('CP-12: a session of any name can be stopped, and says so', async () => {
    fixture.addSession({ name: 'we ird', role: 'worker', tmuxSession: 'codex-we ird' });
    const { ledger } = fixture.context;
    const processes = new FakeProcessRunner({ tmux: { status: 1, stderr: 'no server running on /tmp/x' } });
    const { folder: cwd, host, clock } = fixture;
    const context = new HostedContext({ surface: 'cli', cwd, variables: {}, ledger, processes, host, clock });
    const stopped = await stop.run(context, { name: 'we ird', message: null, json: false });
    assert.deepEqual([stopped.name, session('we ird').state], ['we ird', 'gone']);
  });

  it('CP-13: the help says what registering takes, and refuses a rollout alone in a sentence', async () => {
    for (const operation of [registerWorker, registerManager]) {
      assert.match(verbHelp('conveyor', operation), /--pid PID +.*always needed/);
      await fixture.refuses(operation, { name: 'x', codexSession: rollout }, 'missing_input', /--pid is required/);
    }
  });

  it('CP-16: a folder that is not there is refused before anything is started or written', async () => {
    const missing = join(fixture.folder, 'missing');
    const pairing = { task: 'new', taskGoal: 'Ship it', workerName: 'fine', managerName: 'fine-too', cwd: missing };
    await fixture.refuses(pair, pairing, 'cwd_missing', /missing/);
    await fixture.refuses(startWorker, { name: 'fine', cwd: missing }, 'cwd_missing', /missing/);
    assert.equal(findTask(fixture.context.ledger, 'new'), null);
  });

  it('CP-31: what stands in the way of a pair is found before anything is started', async () => {
    const pairing = { task: 'alpha', workerName: 'fine', managerName: 'fine-too' };
    await fixture.run(runs, { create: 'alpha', name: 'drill' });
    const { ledger } = fixture.context;
    const run = findActiveRun(ledger, requireTask(ledger, 'alpha').id);
    await fixture.refuses(pair, pairing, 'run_conflict', /drill/);
    await fixture.run(runs, { finish: run?.id ?? '', status: 'finished' });
    await fixture.refuses(pair, { ...pairing, workerName: 'w1' }, 'session_state', /w1/);
    await fixture.run(bind, { task: 'alpha', worker: 'w1', manager: 'm1' });
    await fixture.refuses(pair, pairing, 'already_bound', /alpha/);
    await fixture.refuses(pair, { ...pairing, task: 'new' }, 'missing_input', /--task-goal/);
    assert.deepEqual(fixture.processes.calls, []);
    assert.deepEqual(fixture.telemetry('pair_started'), []);
  });

  it('CP-19: the help says that the profile is the default, and what --task means to whom', () => {
    for (const operation of [startWorker, startManager]) {
      assert.match(verbHelp('conveyor', operation), /--codex-profile .*the defaults\s+are the same/s);
    }
    assert.match(verbHelp('conveyor', startWorker), /--task TEXT +the first prompt, word for word/);
    assert.match(verbHelp('conveyor', startManager), /--task TASK +task id or name/);
  });
});
