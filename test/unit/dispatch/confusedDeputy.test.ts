import assert from 'node:assert/strict';
import type { DispatchDependencies } from '../../../src/core/dispatch/dependencies.ts';
import { guardedPaneDelivery } from '../../../src/core/dispatch/guardedPaneDelivery.ts';
import type { PaneDelivery, PaneTarget } from '../../../src/core/dispatch/paneDelivery.ts';
import { queueAction, type SessionAction } from '../../../src/core/dispatch/sessionAction.ts';
import { findBinding } from '../../../src/core/ledger/bindingStore.ts';
import { describeBinding, describeSession, refusalForOthers } from '../../../src/core/ledger/confirmation.ts';
import { findPanelSession } from '../../../src/core/ledger/panelSessionStore.ts';
import { requireSession, type Session } from '../../../src/core/ledger/sessionStore.ts';
import { FakeConfirmations } from '../../../src/core/ports/confirmations.ts';
import { DispatchFixture, type Pair } from './support.ts';

/** Counts whatever reaches a pane, looking included. */
class Touched {
  readonly targets: string[] = [];

  around(inner: PaneDelivery): PaneDelivery {
    const note = <T>({ session }: PaneTarget, act: () => Promise<T>): Promise<T> => {
      this.targets.push(session.tmux_session ?? '');
      return act();
    };
    return {
      locate: (target) => note(target, () => inner.locate(target)),
      deliver: (target, send) => note(target, () => inner.deliver(target, send)),
      interrupt: (target, interrupt) => note(target, () => inner.interrupt(target, interrupt)),
      answer: (target, answer) => note(target, () => inner.answer(target, answer)),
      inspect: (target, text) => note(target, () => inner.inspect(target, text)),
    };
  }
}

/** What a sandboxed agent can write into the ledger; each makes the worker of alpha, or its task, lead elsewhere. */
const forgeries: Readonly<Record<string, (pairs: { alpha: Pair; beta: Pair; stray: Session }) => readonly string[]>> = {
  'another tmux session': ({ alpha }) => [
    `UPDATE sessions SET tmux_session = 'codex-of-somebody-else' WHERE id = '${alpha.worker.id}'`,
  ],
  'a tmux server of its own making': ({ alpha }) => [
    `UPDATE panel_sessions SET tmux_socket = '/workspace/evil.sock' WHERE session_id = '${alpha.worker.id}'`,
  ],
  'another pane': ({ alpha }) => [`UPDATE panel_sessions SET pane_id = '%99' WHERE session_id = '${alpha.worker.id}'`],
  'another pane, in the column of the reference': ({ alpha }) => [
    `UPDATE sessions SET tmux_pane_id = '%99' WHERE id = '${alpha.worker.id}'`,
  ],
  'another thread': ({ alpha }) => [
    `UPDATE sessions SET codex_session_id = 'thread-of-somebody-else' WHERE id = '${alpha.worker.id}'`,
  ],
  'a session that nobody registered, in its binding': ({ alpha, stray }) => [
    `UPDATE bindings SET worker_session_id = '${stray.id}' WHERE id = '${alpha.bindingId}'`,
  ],
  'the worker of another task, in its binding': ({ alpha, beta }) => [
    `UPDATE bindings SET state = 'ended' WHERE id = '${beta.bindingId}'`,
    `UPDATE bindings SET worker_session_id = '${beta.worker.id}' WHERE id = '${alpha.bindingId}'`,
  ],
  'a binding of its own making': ({ alpha, beta }) => [
    `UPDATE bindings SET state = 'ended'`,
    `INSERT INTO bindings (id, task_id, worker_session_id, manager_session_id, state, created_at)
     VALUES ('binding-forged', '${alpha.task.id}', '${beta.worker.id}', '${alpha.manager.id}', 'active', '2026-01-01T00:00:00Z')`,
  ],
};

describe('rows that a sandboxed agent forges', () => {
  let fixture: DispatchFixture;
  let confirmations: FakeConfirmations;
  let touched: Touched;
  let deps: DispatchDependencies;
  let pairs: { alpha: Pair; beta: Pair; stray: Session };

  beforeEach(() => {
    fixture = new DispatchFixture();
    confirmations = new FakeConfirmations();
    touched = new Touched();
    const { ledger } = fixture;
    const refusal = ({ session, panel }: PaneTarget) => refusalForOthers({ ledger, confirmations }, session, panel);
    deps = { ...fixture.deps, panes: guardedPaneDelivery(touched.around(fixture.panes), refusal) };
    const [alpha, beta] = [fixture.pair('alpha', ['worker']), fixture.pair('beta', ['worker'])];
    pairs = { alpha, beta, stray: fixture.session('stray', 'worker', true) };
    for (const { task, worker, manager } of [alpha, beta]) {
      confirm(worker);
      confirm(manager);
      const binding = findBinding(ledger, task.id);
      const described = binding === null ? null : describeBinding(binding);
      if (described !== null) confirmations.confirmBinding(described);
    }
  });
  afterEach(() => fixture.dispose());

  function confirm({ name }: Session): void {
    const session = requireSession(fixture.ledger, name);
    confirmations.confirmSession(describeSession(session, findPanelSession(fixture.ledger, session.id)));
  }

  const forge = (statements: readonly string[]) => statements.forEach((sql) => fixture.ledger.run(sql));
  const order = (action: SessionAction) => fixture.ledger.write(() => queueAction(deps, action).id);

  it('are not needed: what was confirmed is typed into', async () => {
    await fixture.enqueue(pairs.alpha.task, 'go on');
    const [item] = await fixture.pass({}, deps);
    assert.equal(item?.state, 'delivered');
    assert.deepEqual(fixture.panes.typed, [{ session: 'alpha-worker', text: 'go on' }]);
  });

  for (const [title, statements] of Object.entries(forgeries)) {
    it(`reach no pane with a message: ${title}`, async () => {
      await fixture.enqueue(pairs.alpha.task, 'rm -rf');
      forge(statements(pairs));
      const [item] = await fixture.pass({}, deps);
      assert.deepEqual(touched.targets, []);
      assert.deepEqual([item?.state, item?.error_type], ['deferred', 'not_confirmed']);
    });

    it(`reach no pane with a key: ${title}`, async () => {
      const { worker } = pairs.alpha;
      const ids = [
        order({ type: 'session_interrupt', session: worker, key: null, followup: null }),
        order({ type: 'session_answer', session: worker, option: 1, expected: 'f' }),
        order({ type: 'session_nudge', session: worker, text: 'hello' }),
      ];
      forge(statements(pairs));
      await fixture.pass({}, { ...deps, permits: () => true });
      assert.deepEqual(touched.targets, []);
      for (const id of ids)
        assert.notEqual(fixture.value('SELECT state FROM commands WHERE id = ?', [id]), 'succeeded');
    });
  }

  it('tell no manager that was not confirmed of a completion', async () => {
    const gamma = fixture.pair('gamma', ['worker', 'manager']);
    fixture.complete(gamma.worker, 'turn-1');
    const [item] = await fixture.pass({}, deps);
    assert.deepEqual(touched.targets, []);
    assert.equal(item?.error_type, 'not_confirmed');
  });

  it('lose nothing: once the person has confirmed, the message goes', async () => {
    const gamma = fixture.pair('gamma', ['worker']);
    await fixture.enqueue(gamma.task, 'after all');
    await fixture.pass({}, deps);
    confirm(gamma.worker);
    confirm(gamma.manager);
    const binding = findBinding(fixture.ledger, gamma.task.id);
    const described = binding === null ? null : describeBinding(binding);
    assert.ok(described);
    confirmations.confirmBinding(described);
    fixture.clock.advance(3_600_000);
    await fixture.pass({}, deps);
    assert.deepEqual(fixture.panes.typed, [{ session: 'gamma-worker', text: 'after all' }]);
  });
});
