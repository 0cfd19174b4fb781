import assert from 'node:assert/strict';
import { appServerFailed, FakeAppServer } from '../../../src/core/codex/appServer.ts';
import { prepareText } from '../../../src/core/delivery/messageText.ts';
import type { DispatchDependencies } from '../../../src/core/dispatch/dependencies.ts';
import { ladderDelivery, type ServerRung } from '../../../src/core/dispatch/serverDelivery.ts';
import { refuse } from '../../../src/core/domain/errors.ts';
import { DispatchFixture, type Pair } from './support.ts';

describe('the ladder', () => {
  let fixture: DispatchFixture;
  let server: FakeAppServer;
  let pair: Pair;
  let deps: DispatchDependencies;
  let thread: string | null;

  beforeEach(() => {
    fixture = new DispatchFixture();
    server = new FakeAppServer();
    pair = fixture.pair('alpha', ['worker']);
    thread = 'thread-alpha-worker';
    deps = {
      ...fixture.deps,
      panes: ladderDelivery(fixture.panes, ladder()),
    };
  });
  afterEach(() => fixture.dispose());

  const rung = () => fixture.value('SELECT rung FROM panel_deliveries');
  /** The rollout says the message once the server has it. */
  const recorded = () => {
    const take = server.startTurn.bind(server);
    server.startTurn = async (order) => {
      const turn = await take(order);
      fixture.says(pair.worker, order.text);
      return turn;
    };
  };
  const send = async (message: string) => {
    await fixture.enqueue(pair.task, message);
    const [item] = await fixture.pass({}, deps);
    return item;
  };

  it('says it to the server that runs the thread, sees it in the rollout, and presses no key', async () => {
    server.add('thread-alpha-worker');
    recorded();
    const item = await send('run the tests');
    assert.equal(item?.state, 'delivered');
    assert.deepEqual(server.said, [{ threadId: 'thread-alpha-worker', text: 'run the tests', messageId: 'message-1' }]);
    assert.deepEqual(fixture.panes.typed, []);
    assert.equal(rung(), 'app_server');
    assert.equal(fixture.value('SELECT state FROM panel_deliveries'), 'seen');
  });

  it('types where no server runs the thread, or none is there', async () => {
    await send('one');
    const connect = () => Promise.reject(refuse('app_server_missing', 'none'));
    deps = { ...deps, panes: ladderDelivery(fixture.panes, { ...ladder(), connect }) };
    await send('two');
    assert.deepEqual(
      fixture.panes.typed.map(({ text }) => text),
      ['one', 'two'],
    );
    assert.equal(rung(), 'tmux');
  });

  it('never speaks to a thread that only a row names', async () => {
    server.add('thread-alpha-worker');
    thread = null;
    await send('one');
    assert.deepEqual(server.said, []);
    assert.equal(fixture.panes.typed.length, 1);
  });

  it('leaves a sub-agent, a thread on disk and one that takes no input to the pane', async () => {
    for (const facts of [{ isSubagent: true }, { status: { kind: 'not_loaded' } as const }, { takesInput: false }]) {
      server.add('thread-alpha-worker', facts);
      await send('typed');
    }
    assert.deepEqual(server.said, []);
    assert.equal(fixture.panes.typed.length, 3);
  });

  it('waits while Codex asks something, and while a turn runs if that is wanted', async () => {
    server.add('thread-alpha-worker', { status: { kind: 'active', waitsFor: 'approval' } });
    const item = await send('hello');
    assert.deepEqual([item?.state, item?.error_type], ['deferred', 'dialog_open']);
    server.add('thread-alpha-worker', { status: { kind: 'active', waitsFor: null } });
    const [, worker] = [null, { session: pair.worker, panel: null }];
    const result = await deps.panes.deliver(worker, {
      text: prepareText('hello'),
      whenBusy: 'defer',
      beforeFirstKey: () => assert.fail('nothing begins'),
      mayPressEnter: () => true,
      proof: null,
    });
    assert.deepEqual(result, { outcome: 'deferred', reason: 'busy', screen: [] });
    assert.deepEqual(server.said, []);
  });

  it('types after all when the server said no: nothing was taken', async () => {
    server.add('thread-alpha-worker');
    server.failure = refuse('app_server_refused', 'not now');
    const item = await send('hello');
    assert.equal(item?.state, 'delivered');
    assert.equal(fixture.panes.typed.length, 1);
    assert.equal(rung(), 'tmux');
    assert.equal(fixture.count('events', "type = 'pane_delivery_ended'"), 1);
  });

  it('never types what the server may have: without an answer only the rollout decides', async () => {
    server.add('thread-alpha-worker');
    server.failure = appServerFailed('did not answer');
    const item = await send('hello');
    assert.equal(item?.state, 'failed');
    assert.equal(fixture.value('SELECT reason FROM panel_deliveries'), 'server_gone');
    fixture.says(pair.worker, 'second');
    server.startTurn = () => {
      fixture.says(pair.worker, 'third');
      return Promise.reject(appServerFailed('is gone'));
    };
    const arrived = await send('third');
    assert.equal(arrived?.state, 'delivered');
    assert.deepEqual(fixture.panes.typed, []);
  });

  it('counts as delivered, not as seen, what the server took while a turn ran', async () => {
    server.add('thread-alpha-worker', { status: { kind: 'active', waitsFor: null } });
    const item = await send('look at this');
    assert.equal(item?.state, 'delivered');
    assert.equal(fixture.value('SELECT state FROM panel_deliveries'), 'submitted');
  });

  it('is not the way of a slash command, nor of a lost fence', async () => {
    server.add('thread-alpha-worker');
    const target = { session: pair.worker, panel: null };
    const base = { whenBusy: 'send', proof: null, mayPressEnter: () => true } as const;
    const compact = { ...base, text: prepareText('/compact', ['/compact']), beforeFirstKey: () => true };
    await deps.panes.deliver(target, compact);
    assert.equal(fixture.panes.typed.length, 1);
    const lost = { ...base, text: prepareText('x'), beforeFirstKey: () => false };
    assert.equal((await deps.panes.deliver(target, lost)).outcome, 'deferred');
    const late = { ...base, text: prepareText('x'), beforeFirstKey: () => true, mayPressEnter: () => false };
    assert.equal((await deps.panes.deliver(target, late)).outcome, 'undelivered');
    assert.deepEqual(server.said, []);
  });

  function ladder(): ServerRung {
    return {
      connect: server.connect,
      codexHome: '/home/.codex',
      clock: fixture.clock,
      threadOf: () => thread,
      messageId: () => 'message-1',
    };
  }
});
