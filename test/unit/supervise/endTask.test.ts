import assert from 'node:assert/strict';
import { refuse } from '../../../src/core/domain/errors.ts';
import { findBinding } from '../../../src/core/ledger/bindingStore.ts';
import { findActiveRun } from '../../../src/core/ledger/runStore.ts';
import { findSession, requireSession } from '../../../src/core/ledger/sessionStore.ts';
import { requireTask } from '../../../src/core/ledger/taskStore.ts';
import { workerAck, managerAck } from '../../../src/core/operations/acknowledgements.ts';
import { createDisposableBinding } from '../../../src/core/operations/createDisposableBinding.ts';
import { criteria } from '../../../src/core/operations/criteria.ts';
import { managerConfig } from '../../../src/core/operations/managerConfig.ts';
import { runs } from '../../../src/core/operations/runs.ts';
import { unbind } from '../../../src/core/operations/unbind.ts';
import { endTask } from '../../../src/core/supervise/endTask.ts';
import type { EndPorts, EndRequest } from '../../../src/core/supervise/endRequest.ts';
import { FakeTmux } from '../../../src/core/tmux/fakeTmux.ts';
import { type Supervised, supervised } from './support.ts';

const request: EndRequest = {
  kind: 'finish',
  task: 'alpha',
  reason: 'done',
  stopManager: false,
  stopWorker: false,
  message: null,
  decisionId: null,
  strictDecisions: false,
  demands: { criteriaAudit: false, acks: false, epilogue: false, adversarialProof: false },
  capture: { isWanted: false, mode: 'segment', lines: 200, requireSegment: false },
};
const stopBoth = { ...request, stopManager: true, stopWorker: true };

/** Notes what was over already when each terminal was closed. */
class WatchedTmux extends FakeTmux {
  readonly kills: { readonly name: string; readonly taskState: string; readonly commandStates: readonly unknown[] }[] =
    [];
  fixture: Supervised | null = null;
  refusal: Error | null = null;

  override killSession(name: string): Promise<boolean> {
    if (this.refusal !== null) return Promise.reject(this.refusal);
    const ledger = this.fixture?.context.ledger;
    assert.ok(ledger);
    this.kills.push({
      name,
      taskState: requireTask(ledger, 'alpha').state,
      commandStates: ledger.all("SELECT state FROM commands WHERE type IN ('finish_task', 'stop_task')"),
    });
    return super.killSession(name);
  }
}

describe('ending a task', () => {
  let fixture: Supervised;
  let tmux: WatchedTmux;
  let ports: EndPorts;
  let later: string[];

  beforeEach(async () => {
    fixture = await supervised();
    tmux = new WatchedTmux();
    tmux.fixture = fixture;
    later = [];
    const { ledger, clock } = fixture.context;
    ports = {
      ledger,
      clock,
      host: fixture.host,
      tmuxOn: () => tmux,
      isContradicted: () => false,
      isSandboxed: false,
      isOwnSession: () => false,
      killAfterwards: ({ session }) => void later.push(session.name),
      tell: () => Promise.resolve({ delivered: true, reason: null }),
    };
  });

  afterEach(() => fixture.dispose());

  /** Gives both sessions a terminal. */
  function openTerminals(names: readonly string[] = ['w1', 'm1']): void {
    for (const name of ['w1', 'm1'] as const) {
      const role = name === 'w1' ? 'worker' : 'manager';
      fixture.addSession({ name, role, tmuxSession: `codex-${name}` });
      if (names.includes(name)) tmux.add(`codex-${name}`).show(`${name} at work\n`);
    }
  }

  const taskState = () => requireTask(fixture.context.ledger, 'alpha').state;
  const sessionState = (name: string) => requireSession(fixture.context.ledger, name).state;

  it('CP-1: a namesake that merely begins the same is not closed', async () => {
    openTerminals(['m1']);
    tmux.add('codex-w12');
    const output = await endTask(ports, stopBoth);
    assert.equal(output.killed_worker, false);
    assert.ok(await tmux.hasSession('codex-w12'));
    assert.deepEqual(
      tmux.kills.map(({ name }) => name),
      ['codex-m1'],
    );
  });

  it('CP-1: a terminal of that name which holds another pane than the recorded one is refused', async () => {
    openTerminals(['m1']);
    fixture.addSession({ name: 'w1', role: 'worker', tmuxSession: 'codex-w1', paneId: '%77' });
    tmux.add('codex-w1');
    await assert.rejects(endTask(ports, stopBoth), /verification failed for w1: tmux_pane_mismatch/);
    assert.equal(taskState(), 'candidate');
    assert.deepEqual(tmux.kills, []);
    assert.equal(fixture.events('finish_task_failed')[0]?.failure_stage, 'session_identity');
  });

  it('CP-2: the task is over before any terminal is closed, and the last commit comes before the manager is', async () => {
    openTerminals();
    const output = await endTask(ports, stopBoth);
    assert.deepEqual(
      tmux.kills.map(({ name, taskState: state }) => [name, state]),
      [
        ['codex-w1', 'done'],
        ['codex-m1', 'done'],
      ],
    );
    assert.deepEqual(tmux.kills[1]?.commandStates, [{ state: 'succeeded' }]);
    assert.equal(output.killed_worker, true);
    assert.equal(output.killed_manager, true);
    assert.equal(sessionState('m1'), 'gone');
    assert.equal(findBinding(ports.ledger, requireTask(ports.ledger, 'alpha').id), null);
  });

  it('CP-2: the session that the command runs in is closed after the answer', async () => {
    openTerminals();
    const own = { ...ports, isOwnSession: ({ session }: { session: { name: string } }) => session.name === 'm1' };
    const output = await endTask(own, stopBoth);
    assert.deepEqual(later, ['m1']);
    assert.deepEqual(
      tmux.kills.map(({ name }) => name),
      ['codex-w1'],
    );
    assert.equal(output.killed_manager, true);
  });

  it('CP-3: what has died already counts as stopped, and the rest is stopped', async () => {
    openTerminals(['m1']);
    const output = await endTask(ports, stopBoth);
    assert.equal(output.killed_worker, false);
    assert.equal(output.killed_manager, true);
    assert.equal(sessionState('w1'), 'gone');
    assert.deepEqual(output.worker_identity?.mismatches, ['tmux_session_missing']);
  });

  it('CP-3: both are looked at before either is closed', async () => {
    openTerminals(['w1']);
    fixture.addSession({ name: 'm1', role: 'manager', tmuxSession: 'codex-m1', paneId: '%77' });
    tmux.add('codex-m1');
    await assert.rejects(endTask(ports, stopBoth), /m1/);
    assert.deepEqual(tmux.kills, []);
    assert.equal(sessionState('w1'), 'active');
  });

  it('CP-4: a dead manager, or a tmux that cannot be reached, does not hold up a plain finish', async () => {
    openTerminals([]);
    const output = await endTask(ports, request);
    assert.deepEqual(output.manager_identity?.mismatches, ['tmux_session_missing']);
    assert.equal(taskState(), 'done');
  });

  it('CP-4: a plain finish does without tmux', async () => {
    openTerminals();
    tmux.listPanes = () => Promise.reject(refuse('tmux_missing', 'tmux is not installed'));
    const output = await endTask(ports, request);
    assert.equal(output.manager_identity, undefined);
    assert.equal(taskState(), 'done');
  });

  it('CP-5: a disposable binding is finished and stopped like any other', async () => {
    await fixture.run(unbind, { task: 'alpha' });
    await fixture.run(createDisposableBinding, { task: 'alpha' });
    const output = await endTask(ports, stopBoth);
    assert.deepEqual(output.manager_identity?.mismatches, []);
    assert.equal(output.killed_worker, false);
    assert.equal(taskState(), 'done');
  });

  it('CP-46: cleaning up can be repeated, before and after the sessions are gone', async () => {
    openTerminals();
    await endTask(ports, request);
    await assert.rejects(endTask(ports, request), /already done/);
    for (const killed of [true, false, false]) {
      const output = await endTask(ports, stopBoth);
      assert.equal(output.already_done_followup, true);
      assert.equal(output.killed_worker, killed);
    }
    assert.deepEqual(await fixture.run(unbind, { task: 'alpha' }), { task: 'alpha', state: 'ended' });
  });

  it('a terminal that cannot be closed leaves the task done, the session active, and a way on', async () => {
    openTerminals();
    tmux.refusal = refuse('tmux_denied', 'no access');
    await assert.rejects(
      endTask(ports, stopBoth),
      /is done, but the terminal of 'w1' could not be closed: no access; repeat/,
    );
    assert.equal(taskState(), 'done');
    assert.equal(sessionState('w1'), 'active');
    tmux.refusal = null;
    assert.equal((await endTask(ports, stopBoth)).killed_worker, true);
    assert.equal(sessionState('w1'), 'gone');
  });

  it('CP-45: what was captured a moment ago satisfies the demand for a transcript', async () => {
    openTerminals();
    const capture = { ...request.capture, isWanted: true, requireSegment: true };
    tmux.refusal = refuse('tmux_denied', 'no access');
    await assert.rejects(endTask(ports, { ...stopBoth, capture }), /could not be closed/);
    tmux.refusal = null;
    const output = await endTask(ports, { ...stopBoth, capture });
    assert.deepEqual(
      output.pre_stop_transcript_captures.map((one) => one.transcript_segment),
      [null, null],
    );
    assert.equal(output.killed_manager, true);
  });

  it('CP-45: what was captured of a terminal that is gone by now counts too', async () => {
    openTerminals();
    const capture = { ...request.capture, isWanted: true, requireSegment: true };
    tmux.refusal = refuse('tmux_denied', 'no access');
    await assert.rejects(endTask(ports, { ...stopBoth, capture }), /could not be closed/);
    tmux.refusal = null;
    await tmux.killSession('codex-w1');
    const output = await endTask(ports, { ...stopBoth, capture });
    assert.deepEqual([output.killed_manager, taskState()], [true, 'done']);
  });

  it('CP-45: a blank terminal is no transcript, and nothing is stopped', async () => {
    openTerminals(['m1']);
    tmux.add('codex-w1').show('\n   \n\n');
    const capture = { ...request.capture, isWanted: true, requireSegment: true };
    await assert.rejects(
      endTask(ports, { ...stopBoth, capture }),
      /no non-empty transcript segment captured for role\(s\): worker/,
    );
    assert.deepEqual(tmux.kills, []);
    assert.equal(taskState(), 'candidate');
  });

  it('CP-30: a refused finish leaves no decision and no observation behind', async () => {
    await fixture.run(criteria, {
      task: 'alpha',
      add: true,
      criterion: 'x',
      source: 'user_requested',
      status: ['accepted'],
    });
    const demands = { ...request.demands, criteriaAudit: true };
    await assert.rejects(endTask(ports, { ...request, demands }), /#1: x/);
    await assert.rejects(endTask(ports, { ...request, strictDecisions: true }), /strict manager decision/);
    openTerminals(['m1']);
    tmux.add('codex-w1').show('');
    const capture = { ...request.capture, isWanted: true, requireSegment: true };
    await assert.rejects(endTask(ports, { ...stopBoth, capture }), /no non-empty transcript segment/);
    fixture.addSession({ name: 'w1', role: 'worker', tmuxSession: 'codex-w1', paneId: '%77' });
    await assert.rejects(endTask(ports, stopBoth), /w1/);
    assert.deepEqual(ports.ledger.all('SELECT id FROM manager_decisions'), []);
    assert.deepEqual(ports.ledger.all('SELECT id FROM agent_observations'), []);
  });

  it('CP-34: the policy alone demands acknowledgements, and stale or empty ones do not count', async () => {
    await fixture.run(managerConfig, { task: 'alpha', requireAcks: true });
    await assert.rejects(endTask(ports, request), /worker, manager/);
    fixture.pipe('{"ready": true}');
    await fixture.run(workerAck, { task: 'alpha', fromStdin: true });
    fixture.pipe('{}');
    await fixture.run(managerAck, { task: 'alpha', fromStdin: true });
    await assert.rejects(endTask(ports, request), /manager \(its acknowledgement is empty\)/);
    fixture.pipe('{"ready": true}');
    await fixture.run(managerAck, { task: 'alpha', fromStdin: true });
    await fixture.run(managerConfig, { task: 'alpha', objective: 'changed' });
    await assert.rejects(endTask(ports, request), /worker \(it acknowledged an older configuration\), manager \(/);
    await fixture.run(workerAck, { task: 'alpha', fromStdin: true });
    await fixture.run(managerAck, { task: 'alpha', fromStdin: true });
    assert.equal((await endTask(ports, request)).final_ack_audit?.ok, true);
  });

  it('CP-35: an audit of no criteria at all does not pass', async () => {
    const demands = { ...request.demands, criteriaAudit: true };
    await assert.rejects(endTask(ports, { ...request, demands }), /no acceptance criteria were ever recorded/);
    assert.equal(fixture.events('finish_task_failed')[0]?.failure_stage, 'final_criteria_audit');
  });

  it('a gate that shuts while the sessions are looked at still holds', async () => {
    openTerminals();
    await fixture.run(criteria, {
      task: 'alpha',
      add: true,
      criterion: 'x',
      source: 'user_requested',
      status: ['accepted'],
    });
    await fixture.run(criteria, { task: 'alpha', defer: 1 });
    const list = tmux.listPanes.bind(tmux);
    tmux.listPanes = async (session) => {
      await fixture.run(criteria, { task: 'alpha', accept: 1 });
      return list(session);
    };
    const demands = { ...request.demands, criteriaAudit: true };
    await assert.rejects(endTask(ports, { ...stopBoth, demands }), /#1: x/);
    assert.equal(taskState(), 'candidate');
    assert.deepEqual(tmux.kills, []);
  });

  it('an active run ends with its task; what is told of the task after that belongs to no run', async () => {
    await fixture.run(runs, { create: 'alpha', name: 'drill' });
    await endTask(ports, { ...stopBoth, kind: 'stop' });
    assert.equal(findActiveRun(ports.ledger, requireTask(ports.ledger, 'alpha').id), null);
    const rows = ports.ledger.all(
      `SELECT event_type, run_id IS NOT NULL AS known, json_extract(correlation_json, '$.run_id') IS NOT NULL AS named
         FROM telemetry_events WHERE event_type IN ('task_stopped', 'run_finished', 'command_succeeded') ORDER BY event_type`,
    );
    assert.deepEqual(rows, [
      { event_type: 'command_succeeded', known: 0, named: 0 },
      { event_type: 'run_finished', known: 1, named: 1 },
      { event_type: 'task_stopped', known: 0, named: 1 },
    ]);
    assert.equal(fixture.telemetry('task_stopped')[0]?.run_status, 'abandoned');
  });

  it('inside a sandbox the task ends at once and the supervisor is asked to close the terminals', async () => {
    openTerminals();
    const output = await endTask({ ...ports, isSandboxed: true }, stopBoth);
    assert.equal(taskState(), 'done');
    assert.equal(output.killed_manager, false);
    assert.equal(output.manager_identity, undefined);
    assert.deepEqual(tmux.kills, []);
    const queued = ports.ledger.all(
      "SELECT id, state, payload_json AS payload FROM commands WHERE type = 'stop_session'",
    );
    assert.deepEqual(output.queued_stop_command_ids?.length, 2);
    assert.match(JSON.stringify(queued), /"state":"pending".*w1.*"state":"pending".*m1/);
    const waits = ports.ledger.all(
      "SELECT available_at > created_at AS waits FROM commands WHERE type = 'stop_session'",
    );
    assert.deepEqual(waits, [{ waits: null }, { waits: 1 }]);
    assert.equal(findSession(ports.ledger, 'w1')?.state, 'active');
    const capture = { ...request.capture, isWanted: true };
    await assert.rejects(endTask({ ...ports, isSandboxed: true }, { ...stopBoth, capture }), /sandbox/);
  });

  it('tells the worker goodbye after the task is over and before its terminal is closed', async () => {
    openTerminals();
    const said: string[] = [];
    const tell: EndPorts['tell'] = async (session, text) => {
      said.push(`${session.name}: ${text} (${taskState()}, ${tmux.kills.length} closed)`);
      return { delivered: false, reason: 'no composer' };
    };
    const output = await endTask({ ...ports, tell }, { ...stopBoth, message: 'thank you' });
    assert.deepEqual(said, ['w1: thank you (done, 0 closed)']);
    assert.deepEqual(output.message_result, { delivered: false, reason: 'no composer' });
    assert.equal(output.killed_worker, true);
  });
});
