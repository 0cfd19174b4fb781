import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findPanelSession } from '../../../src/core/ledger/panelSessionStore.ts';
import { requireSession } from '../../../src/core/ledger/sessionStore.ts';
import { requireTask, setTaskState } from '../../../src/core/ledger/taskStore.ts';
import { bind } from '../../../src/core/operations/bind.ts';
import { createDisposableBinding } from '../../../src/core/operations/createDisposableBinding.ts';
import { unbind } from '../../../src/core/operations/unbind.ts';
import { deregister } from '../../../src/core/operations/deregister.ts';
import { discover } from '../../../src/core/operations/discover.ts';
import { recordDecision } from '../../../src/core/operations/recordDecision.ts';
import { runs } from '../../../src/core/operations/runs.ts';
import { sessions } from '../../../src/core/operations/sessions.ts';
import { tasks } from '../../../src/core/operations/tasks.ts';
import { type Supervised, supervised } from './support.ts';

describe('disposable bindings', () => {
  let fixture: Supervised;

  beforeEach(async () => {
    fixture = await supervised({ isBound: false });
  });

  afterEach(() => fixture.dispose());

  it('CP-5: disposable sessions have no pid, are of their own kind, and are listed', async () => {
    const made = await fixture.run(createDisposableBinding, { task: 'garden' });
    assert.equal(made.task.state, 'managed');
    const { ledger } = fixture.context;
    const worker = requireSession(ledger, 'garden-worker', 'worker');
    assert.equal(worker.pid, null);
    assert.equal(findPanelSession(ledger, worker.id)?.kind, 'disposable');
    const listed = await fixture.run(sessions, { name: ['garden-worker'] });
    assert.equal(listed.length, 1);
  });

  it('CP-48: a second call refuses and leaves the rollout as it is', async () => {
    const made = await fixture.run(createDisposableBinding, { task: 'garden' });
    const rollout = made.worker.rollout_path ?? '';
    writeFileSync(rollout, 'more\n', { flag: 'a' });
    const before = readFileSync(rollout, 'utf8');
    await fixture.refuses(createDisposableBinding, { task: 'garden' }, 'already_bound', /garden/);
    assert.equal(readFileSync(rollout, 'utf8'), before);
    const other = { task: 'garden', worker: 'w9', manager: 'm9' };
    await fixture.refuses(createDisposableBinding, other, 'already_bound');
    assert.equal(existsSync(join(fixture.context.stateRoot, 'disposable-sessions', 'rollout-w9.jsonl')), false);
  });

  it('CP-48: binding again after an unbind goes on with the same rollout', async () => {
    const made = await fixture.run(createDisposableBinding, { task: 'garden' });
    const rollout = made.worker.rollout_path ?? '';
    writeFileSync(rollout, 'more\n', { flag: 'a' });
    await fixture.run(unbind, { task: 'garden' });
    const again = await fixture.run(createDisposableBinding, { task: 'garden' });
    assert.equal(again.worker.rollout_path, rollout);
    assert.match(readFileSync(rollout, 'utf8'), /more\n$/);
  });

  it('CP-48: names that differ only in punctuation get rollouts of their own', async () => {
    const made = await fixture.run(createDisposableBinding, { task: 'garden', worker: 'a b', manager: 'a/b' });
    assert.notEqual(made.worker.rollout_path, made.manager.rollout_path);
  });

  it('CP-48: every printed command names the task where a task is meant, and the first can be run again', async () => {
    const made = await fixture.run(createDisposableBinding, {
      task: 'my garden',
      adversarial: true,
      currentIteration: 1,
    });
    assert.match(
      made.replay_commands[0] ?? '',
      /^conveyor unbind --task 'my garden' && conveyor create-disposable-binding 'my garden'/,
    );
    assert.match(made.replay_commands[1] ?? '', /enqueue-continue-iteration 'my garden' .*--requested-iteration 2/);
    const plain = await fixture.run(createDisposableBinding, { task: 'pond' });
    assert.ok(plain.replay_commands.every((command) => !/[<>]/.test(command)));
  });

  it('CP-32: a finished task is neither bound nor reopened', async () => {
    const { ledger, clock } = fixture.context;
    setTaskState(ledger, requireTask(ledger, 'alpha').id, 'done', clock.now());
    await fixture.refuses(createDisposableBinding, { task: 'alpha' }, 'task_state', /already done/);
    await fixture.refuses(bind, { task: 'alpha', worker: 'w1', manager: 'm1' }, 'task_state', /already done/);
    assert.equal(requireTask(ledger, 'alpha').state, 'done');
  });

  it('CP-32: a session that is gone is not bound', async () => {
    await fixture.run(deregister, { name: 'w1' });
    await fixture.refuses(
      bind,
      { task: 'alpha', worker: 'w1', manager: 'm1' },
      'session_state',
      /'gone'.*register-worker/,
    );
  });

  it('a template and evidence of its own make one policy; limits that contradict each other are refused', async () => {
    const made = await fixture.run(createDisposableBinding, {
      task: 'orchard',
      template: 'test_coverage_loop',
      requiredBeforeContinue: ['receipt', ' test_coverage '],
    });
    assert.deepEqual(made.run?.metadata.required_before_continue, ['test_coverage', 'adversarial_check', 'receipt']);
    assert.equal(made.run?.metadata.max_iterations, 3);
    const bad = { task: 'brook', adversarial: true, currentIteration: 3, maxIterations: 2 };
    await fixture.refuses(createDisposableBinding, bad, 'loop_policy', /current_iteration/);
    await fixture.refuses(
      createDisposableBinding,
      { task: 'brook', template: 'x' },
      'loop_policy',
      /Unknown loop template: x/,
    );
    await fixture.refuses(createDisposableBinding, { task: 'brook', requiredBeforeContinue: [' '] }, 'loop_policy');
  });
});

describe('runs', () => {
  let fixture: Supervised;

  beforeEach(async () => {
    fixture = await supervised({ isBound: false });
  });

  afterEach(() => fixture.dispose());

  it('CP-44: a run that has ended does not end again in another way', async () => {
    await fixture.run(runs, { create: 'alpha', name: 'drill' });
    await fixture.run(runs, { finish: 'drill', status: 'failed' });
    await fixture.refuses(runs, { finish: 'drill', status: 'finished' }, 'run_conflict', /already ended as failed/);
    const again = await fixture.run(runs, { finish: 'drill', status: 'failed' });
    assert.ok(!Array.isArray(again) && again.status === 'failed');
    assert.equal(fixture.telemetry('run_finished').length, 1);
  });

  it('CP-44: a hand-written loop policy keeps the keys that it does not need', async () => {
    const made = await fixture.run(runs, {
      create: 'alpha',
      metadataJson: '{"kind": "ralph_loop", "max_iterations": "3", "note": "mine"}',
    });
    assert.ok(!Array.isArray(made));
    assert.equal(made.metadata.note, 'mine');
    assert.equal(made.metadata.max_iterations, 3);
    assert.equal(made.status, 'finished');
  });

  it('CP-27: a second active run is refused by name, not by an index', async () => {
    await fixture.run(runs, { create: 'alpha', name: 'drill' });
    await fixture.refuses(runs, { create: 'alpha' }, 'run_conflict', /alpha.*already has active run 'drill'/);
  });

  it('telemetry of the last moment still belongs to the run', async () => {
    await fixture.run(runs, { create: 'alpha', name: 'drill' });
    const ended = await fixture.run(runs, { finish: 'drill' });
    const row = fixture.context.ledger.get("SELECT run_id FROM telemetry_events WHERE event_type = 'run_finished'");
    assert.ok(!Array.isArray(ended));
    assert.deepEqual(row, { run_id: ended.id });
  });
});

describe('discover', () => {
  let fixture: Supervised;

  beforeEach(async () => {
    fixture = await supervised({ isBound: false });
  });

  afterEach(() => fixture.dispose());

  it('CP-49: a free pair is suggested although the words hit only the task', async () => {
    const found = await fixture.run(discover, { query: 'ALPHA' });
    assert.deepEqual(found.sessions, []);
    assert.deepEqual(found.suggestions, [
      {
        kind: 'bind',
        command: 'conveyor bind --task alpha --worker w1 --manager m1',
        task: 'alpha',
        worker: 'w1',
        manager: 'm1',
      },
    ]);
  });

  it('CP-49: a pair that is bound elsewhere is not suggested', async () => {
    await fixture.run(bind, { task: 'alpha', worker: 'w1', manager: 'm1' });
    await fixture.run(tasks, { create: 'beta', goal: 'B' });
    const found = await fixture.run(discover, {});
    assert.deepEqual(
      found.suggestions.map(({ kind }) => kind),
      ['register-worker', 'register-manager'],
    );
  });

  it('CP-49: of the telemetry that matches, the newest is shown', async () => {
    for (const reason of ['paint one', 'paint two', 'paint three']) {
      await fixture.run(recordDecision, { task: 'alpha', decision: 'wait', reason });
    }
    const found = await fixture.run(discover, { query: 'paint', limit: 2 });
    assert.deepEqual(
      found.telemetry.map(({ attributes }) => attributes.reason),
      ['paint two', 'paint three'],
    );
    const trimmed = await fixture.run(discover, { query: 'paint', limit: -1 });
    assert.deepEqual(
      trimmed.telemetry.map(({ attributes }) => attributes.reason),
      ['paint one', 'paint two'],
    );
    const typed = await fixture.run(discover, { query: 'manager_decision_recorded', limit: 1 });
    assert.equal(typed.telemetry.length, 1);
    const odd = await fixture.run(discover, { query: 'a "b" OR NEAR( *' });
    assert.deepEqual(odd.telemetry, []);
  });

  it('a limit below zero leaves out the last ones, and zero all', async () => {
    const names = async (limit: number) => (await fixture.run(discover, { limit })).sessions.map(({ name }) => name);
    const all = await names(10);
    assert.ok(all.length > 1);
    assert.deepEqual(await names(-1), all.slice(0, -1));
    assert.deepEqual(await names(-99), []);
    assert.deepEqual(await names(0), []);
  });

  it('CP-49: identity tokens are masked', async () => {
    const found = await fixture.run(discover, {});
    assert.ok(found.sessions.length > 0);
    assert.ok(found.sessions.every(({ identity_token: token }) => !token.includes('session-token')));
  });

  it('CP-54: a file in the place of its folder is refused, not tried again for ever', async () => {
    const file = join(fixture.folder, 'file');
    writeFileSync(file, '');
    const input = { task: 'gamma', sessionDir: file };
    await fixture.refuses(createDisposableBinding, input, 'state_root_unwritable', /cannot create .*--session-dir/);
    assert.deepEqual(fixture.context.ledger.all("SELECT id FROM tasks WHERE name = 'gamma'"), []);
  });
});
