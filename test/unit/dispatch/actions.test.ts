import assert from 'node:assert/strict';
import type { DispatchDependencies } from '../../../src/core/dispatch/dependencies.ts';
import { performAction, queueAction } from '../../../src/core/dispatch/sessionAction.ts';
import { ConveyorError } from '../../../src/core/domain/errors.ts';
import { acquireLease, leadershipLease } from '../../../src/core/ledger/leaseStore.ts';
import type { Session } from '../../../src/core/ledger/sessionStore.ts';
import { sessionInterrupt, sessionNudge } from '../../../src/core/operations/sessionActions.ts';
import { HostedContext } from '../../../src/core/operations/operationContext.ts';
import { runOperation } from '../../../src/core/operations/runOperation.ts';
import { systemClock } from '../../../src/core/ports/clock.ts';
import { column, DispatchFixture, type Pair, passDefaults, terminalGone } from './support.ts';

describe('nudging and interrupting a session', () => {
  let fixture: DispatchFixture;
  let pair: Pair;

  beforeEach(() => {
    fixture = new DispatchFixture();
    pair = fixture.pair('alpha', ['worker']);
  });
  afterEach(() => fixture.dispose());

  const nudge = (text: string, session: Session = pair.worker) =>
    performAction(fixture.deps, { type: 'session_nudge', session, text }, passDefaults);
  const interrupt = (followup: string | null = null) =>
    performAction(fixture.deps, { type: 'session_interrupt', session: pair.worker, key: null, followup }, passDefaults);

  it('types at once, as a command with an attempt like any other', async () => {
    await nudge('how is it going?');
    assert.deepEqual(fixture.panes.typed, [{ session: 'alpha-worker', text: 'how is it going?' }]);
    assert.equal(fixture.value('SELECT state FROM commands'), 'succeeded');
    assert.equal(fixture.value('SELECT side_effect_completed FROM command_attempts'), 1);
  });

  it('OD-47: is on record with its task: lengths, never words', async () => {
    await nudge('secret words');
    await interrupt('secret words');
    for (const type of ['session_nudged', 'session_interrupted']) {
      assert.equal(fixture.count('events', `type = '${type}' AND task_id = '${pair.task.id}'`), 1);
    }
    assert.equal(fixture.count('events', "payload_json LIKE '%secret%'"), 0);
    assert.equal(
      fixture.count('telemetry_events', "attributes_json LIKE '%secret%' OR correlation_json LIKE '%secret%'"),
      0,
    );
  });

  it('says what stood in the way, after putting it on record', async () => {
    fixture.panes.missing.set('alpha-worker', terminalGone());
    await assert.rejects(
      nudge('hello'),
      (error) => ConveyorError.is(error, 'tmux_not_running') && /codex-alpha-worker/.test(error.message),
    );
    assert.equal(fixture.count('telemetry_events', "event_type = 'session_nudge_failed'"), 1);
    assert.equal(fixture.value('SELECT state FROM commands'), 'failed');
  });

  it('OD-41: does not mix its words with those of somebody who types, and tells', async () => {
    fixture.panes.answers.set('alpha-worker', { outcome: 'deferred', reason: 'composer_has_text', screen: [] });
    await assert.rejects(nudge('hello'), (error) => ConveyorError.is(error, 'delivery_deferred'));
    assert.equal(fixture.value('SELECT state FROM commands'), 'failed'); // whoever asked was told: it isn't said later
  });

  it('OD-43: a key that is none is refused, and nothing is typed', async () => {
    for (const key of ['hello', '-R', '']) {
      await assert.rejects(fixture.run('session-interrupt', { name: 'alpha-worker', key }), (error) =>
        ConveyorError.is(error, 'invalid_value'),
      );
    }
    assert.equal(fixture.count('commands', 'true'), 0);
  });

  it('OD-44: Enter alone can be pressed', async () => {
    const action = { type: 'session_interrupt', session: pair.worker, key: 'Enter', followup: null } as const;
    await performAction(fixture.deps, action, passDefaults);
    assert.deepEqual(fixture.panes.pressed, [{ session: 'alpha-worker', key: 'Enter' }]);
    const asked = await fixture.run('session-interrupt', { name: 'alpha-worker', key: 'enter', dryRun: true });
    assert.equal(asked.key, 'Enter');
  });

  it('says the follow-up with the pane still in hand', async () => {
    await interrupt('please report');
    assert.deepEqual(fixture.panes.typed, [{ session: 'alpha-worker', text: 'please report' }]);
  });

  it('rehearses without touching anything', async () => {
    const output = await fixture.run('session-nudge', { name: 'alpha-worker', text: 'hi', dryRun: true });
    assert.deepEqual([output.dry_run, output.side_effect_started, output.target], [true, false, 'codex-alpha-worker']);
    assert.equal(fixture.count('commands', 'true'), 0);
  });

  it('refuses a session without a terminal, and one that is gone', async () => {
    await assert.rejects(fixture.run('session-nudge', { name: 'alpha-manager', text: 'hi' }), /has no tmux_session/);
    fixture.ledger.run("UPDATE sessions SET state = 'gone'");
    await assert.rejects(fixture.run('session-nudge', { name: 'alpha-worker', text: 'hi' }), (error) =>
      ConveyorError.is(error, 'session_state'),
    );
  });

  describe('for others', () => {
    const queue = (session: Session) =>
      fixture.ledger.write(() =>
        queueAction(fixture.deps, { type: 'session_nudge', session, text: 'from the sandbox' }),
      );

    it('is carried out by the dispatcher for a bound session', async () => {
      queue(pair.worker);
      assert.deepEqual(column(await fixture.pass(), 'state'), ['delivered']);
    });

    it('is refused for a session that nobody bound: the ledger is data, not authority', async () => {
      queue(fixture.session('stranger', 'worker', true));
      assert.deepEqual(column(await fixture.pass(), 'error_type'), ['no_binding']);
      assert.deepEqual(fixture.panes.typed, []);
    });

    it('presses no key that is none, whatever the row says', async () => {
      const { id } = fixture.ledger.write(() =>
        queueAction(fixture.deps, { type: 'session_interrupt', session: pair.worker, key: null, followup: null }),
      );
      fixture.ledger.run(
        "UPDATE commands SET payload_json = json_set(payload_json, '$.key', 'rm -rf /') WHERE id = ?",
        [id],
      );
      assert.deepEqual(column(await fixture.pass(), 'error_type'), ['invalid_value']);
      assert.deepEqual(fixture.panes.pressed, []);
    });

    it('answers no dialog and types nothing: only a running turn is interrupted, with the right key', async () => {
      for (const key of ['y', 'n', '1', 'Enter', 'Up', 'C-u'] as const) {
        fixture.ledger.write(() =>
          queueAction(fixture.deps, { type: 'session_interrupt', session: pair.worker, key, followup: null }),
        );
        assert.deepEqual(column(await fixture.pass(), 'error_type'), ['permission_denied']);
      }
      assert.deepEqual(fixture.panes.pressed, []);
      fixture.ledger.write(() =>
        queueAction(fixture.deps, { type: 'session_interrupt', session: pair.worker, key: 'C-c', followup: null }),
      );
      assert.deepEqual(column(await fixture.pass(), 'state'), ['delivered']);
      // A named key would be pressed on whatever is on the screen.
      assert.deepEqual(
        fixture.panes.interrupts.map(({ key }) => key),
        [null],
      );
    });

    it('interrupts without a permission, as a manager’s part is, whatever its configuration says', async () => {
      const asked: string[] = [];
      const permits = (permission: string) => {
        asked.push(permission);
        return false;
      };
      const order = () =>
        fixture.ledger.write(() =>
          queueAction(fixture.deps, { type: 'session_interrupt', session: pair.worker, key: null, followup: null }),
        );
      order();
      assert.deepEqual(column(await fixture.pass({}, { ...fixture.deps, permits }), 'state'), ['delivered']);
      await fixture.run('manager-config', { task: pair.task.name, revoke: ['worker_session.interrupt'] });
      order();
      assert.deepEqual(column(await fixture.pass({}, { ...fixture.deps, permits }), 'state'), ['delivered']);
      assert.deepEqual(asked, []);
      assert.equal(fixture.panes.interrupts.length, 2);
    });

    it('presses nothing when the follow-up could not be said', async () => {
      fixture.ledger.write(() =>
        queueAction(fixture.deps, {
          type: 'session_interrupt',
          session: pair.worker,
          key: null,
          followup: '!rm -rf x',
        }),
      );
      assert.deepEqual(column(await fixture.pass(), 'error_type'), ['message_refused']);
      assert.deepEqual(fixture.panes.pressed, []);
    });
  });

  describe('from inside a sandbox', () => {
    const sandboxed = (clock = systemClock) =>
      new HostedContext({
        surface: 'cli',
        cwd: fixture.temporary.folder,
        variables: { CODEX_SANDBOX_NETWORK_DISABLED: '1' },
        ledger: fixture.ledger,
        host: fixture.temporary.host,
        clock,
      });

    it('says at once that nobody could act, and how to change that', async () => {
      await assert.rejects(
        runOperation(sessionNudge, sandboxed(), { name: 'alpha-worker', text: 'hi' }),
        (error) => ConveyorError.is(error, 'supervisor_missing') && /dispatch --watch/.test(error.message),
      );
      assert.equal(fixture.count('commands', 'true'), 0);
    });

    it('presses no key that could answer a question', async () => {
      const deps: DispatchDependencies = { ...fixture.deps, clock: systemClock };
      acquireLease(fixture.ledger, deps, leadershipLease, { holder: 'vscode-1', kind: 'window', milliseconds: 60_000 });
      const input = { name: 'alpha-worker', key: 'y', followup: null, dryRun: false };
      await assert.rejects(
        runOperation(sessionInterrupt, sandboxed(), input),
        (error) => ConveyorError.is(error, 'permission_denied') && /Escape/.test(error.message),
      );
      assert.equal(fixture.count('commands', 'true'), 0);
    });

    it('tells what the leader made of it', async () => {
      const deps: DispatchDependencies = { ...fixture.deps, clock: systemClock };
      acquireLease(fixture.ledger, deps, leadershipLease, { holder: 'vscode-1', kind: 'window', milliseconds: 60_000 });
      const asked = runOperation(sessionNudge, sandboxed(), { name: 'alpha-worker', text: 'hi' });
      await fixture.pass({}, deps);
      const output: Record<string, unknown> = sessionNudge.output().parse(await asked);
      assert.deepEqual([output.side_effect_completed, output.executed_by], [true, 'd1']);
      assert.deepEqual(fixture.panes.typed, [{ session: 'alpha-worker', text: 'hi' }]);
    });
  });
});
