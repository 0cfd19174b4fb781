import assert from 'node:assert/strict';
import { dialogFingerprint } from '../../../src/core/codex/dialogFingerprint.ts';
import type { DispatchDependencies } from '../../../src/core/dispatch/dependencies.ts';
import { performAction, queueAction } from '../../../src/core/dispatch/sessionAction.ts';
import { ConveyorError } from '../../../src/core/domain/errors.ts';
import type { Dialog } from '../../../src/core/domain/screen.ts';
import { findCommand, insertCommand } from '../../../src/core/ledger/commandStore.ts';
import type { Session } from '../../../src/core/ledger/sessionStore.ts';
import { DispatchFixture, Killed, type Pair, passDefaults } from './support.ts';

const asked: Dialog = {
  class: 'approval_command',
  text: 'Would you like to run the following command?\n\n$ make deploy',
  options: [
    { number: 1, label: 'Yes, proceed (y)', isMarked: true },
    { number: 2, label: 'No (esc)', isMarked: false },
  ],
};
const expected = dialogFingerprint(asked);

describe('answering what a session asks', () => {
  let fixture: DispatchFixture;
  let pair: Pair;

  const setUp = (granted: readonly string[]) => {
    fixture = new DispatchFixture({ permits: (permission) => granted.includes(permission) });
    pair = fixture.pair('alpha', ['worker', 'manager']);
    fixture.panes.dialogs.set(pair.worker.name, asked);
    fixture.panes.dialogs.set(pair.manager.name, asked);
  };
  afterEach(() => fixture.dispose());

  const queue = (session: Session, parts: { option?: number | null; expected?: string | null } = {}) =>
    fixture.ledger.write(
      () => queueAction(fixture.deps, { type: 'session_answer', session, option: 1, expected, ...parts }).id,
    );
  const command = (id: string) => {
    const found = findCommand(fixture.ledger, id);
    assert.ok(found !== null);
    return found;
  };
  const errorOf = async (id: string) => {
    await fixture.pass();
    return command(id).error ?? '';
  };
  const events = (type: string) =>
    fixture.ledger
      .all(`SELECT task_id, payload_json FROM events WHERE type = '${type}'`)
      .map((row) => Object.values(row ?? {}).join(' '));

  it('of others needs the permission of the person: a row of the ledger is not enough', async () => {
    setUp([]);
    const forged = fixture.ledger.write(
      () =>
        insertCommand(
          fixture.ledger,
          {
            type: 'session_answer',
            taskId: pair.task.id,
            requiredPermission: 'worker_session.approve',
            payload: { session_id: pair.worker.id, option: 1, expected, permitted: true },
          },
          fixture.clock.now(),
        ).id,
    );
    assert.match(await errorOf(forged), /not permitted.*worker_session\.approve/);
    assert.deepEqual(fixture.panes.given, []);
  });

  it('with the permission is done, once, and on record with what was asked before and after', async () => {
    setUp(['worker_session.approve']);
    const id = queue(pair.worker);
    await fixture.pass();
    await fixture.pass();
    assert.deepEqual(fixture.panes.given, [{ session: pair.worker.name, option: 1 }]);
    assert.equal(command(id).state, 'succeeded');
    const [before] = events('pane_answer_started');
    const [after] = events('session_answered');
    for (const event of [before ?? '', after ?? '']) {
      assert.ok(event.startsWith(pair.task.id), event);
      assert.match(event, /make deploy/);
      assert.match(event, /Yes, proceed/);
    }
    const telemetry = JSON.stringify(fixture.ledger.all('SELECT * FROM telemetry_events'));
    assert.doesNotMatch(telemetry, /make deploy/);
  });

  it("never answers a manager's own question, a session of no task, or a question that was not read", async () => {
    setUp(['worker_session.approve']);
    assert.match(await errorOf(queue(pair.manager)), /is a manager/);
    const stranger = fixture.ledger.write(() => fixture.session('stranger', 'worker', true));
    fixture.panes.dialogs.set('stranger', asked);
    assert.match(await errorOf(queue(stranger)), /belongs to no active binding/);
    assert.match(await errorOf(queue(pair.worker, { expected: null })), /does not say what is to be answered/);
    assert.match(await errorOf(queue(pair.worker, { expected: 'another' })), /asks something else by now/);
    assert.deepEqual(fixture.panes.given, []);
  });

  it('of others is for approvals only; the person may answer what else is asked', async () => {
    setUp(['worker_session.approve']);
    const update: Dialog = { ...asked, class: 'update_prompt' };
    fixture.panes.dialogs.set(pair.worker.name, update);
    assert.match(await errorOf(queue(pair.worker, { expected: dialogFingerprint(update) })), /not answered this way/);
    assert.deepEqual(fixture.panes.given, []);
    const action = { type: 'session_answer', session: pair.worker, option: 2, expected: null } as const;
    const facts = await performAction(fixture.deps, action, passDefaults);
    assert.equal(facts.dialog, 'update_prompt');
    assert.deepEqual(fixture.panes.given, [{ session: pair.worker.name, option: 2 }]);
  });

  it("of the person's needs no permission, and is on record when it comes to nothing", async () => {
    setUp([]);
    const deny = { type: 'session_answer', session: pair.worker, option: null, expected } as const;
    await performAction(fixture.deps, deny, passDefaults);
    assert.deepEqual(fixture.panes.given, [{ session: pair.worker.name, option: null }]);
    fixture.panes.dialogs.delete(pair.worker.name);
    await assert.rejects(
      performAction(fixture.deps, deny, passDefaults),
      (error) => ConveyorError.is(error, 'dialog_missing') && /asks nothing/.test(error.message),
    );
    assert.equal(events('session_answered').length, 2);
    assert.equal(events('pane_answer_started').length, 1);
  });

  it('whose dispatcher died with the key in hand is left to a person', async () => {
    setUp(['worker_session.approve']);
    const id = queue(pair.worker);
    const deps: DispatchDependencies = {
      ...fixture.deps,
      checkpoint: (name) => {
        if (name === 'submitted') throw new Killed();
      },
    };
    await assert.rejects(fixture.pass({}, deps), Killed);
    fixture.clock.advance(600_000);
    await fixture.pass();
    assert.equal(command(id).state, 'failed');
    assert.match(command(id).error ?? '', /manual review required/);
    assert.equal(fixture.panes.given.length, 1);
  });
});
