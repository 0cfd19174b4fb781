import assert from 'node:assert/strict';
import { connectAppServer } from '../../src/core/codex/appServerClient.ts';
import { findBinding } from '../../src/core/ledger/bindingStore.ts';
import { requireSession } from '../../src/core/ledger/sessionStore.ts';
import { requireTask } from '../../src/core/ledger/taskStore.ts';
import { serverStateRoot, SharedServer } from './sharedServer.ts';

/** What most people have: Codex as they started it, on the background server that all TUIs of a home share. */
describe('two TUIs on one shared server of a real Codex', function () {
  this.timeout(180_000);
  let shared: SharedServer;

  before(async () => {
    shared = await SharedServer.start();
  });
  after(() => shared.close());

  it('are told apart by folder and start, told through the server, and never typed into', async () => {
    const [one, two] = [await shared.openTui('one'), await shared.openTui('two')];
    for (const tui of [one, two]) await shared.register('worker', tui);
    for (const tui of [one, two]) {
      assert.equal(requireSession(shared.ledger, tui.name).codex_session_id, await shared.threadShown(tui));
    }
    await shared.nudge(one.name, 'hello\n!one @x');
    await shared.nudge(two.name, 'hello two');
    assert.deepEqual(await shared.userTexts(one), ['hello\n!one @x']);
    assert.deepEqual(await shared.userTexts(two), ['hello two']);
    assert.deepEqual(shared.rungs(), ['app_server', 'app_server']);
    const server = await connectAppServer(shared.codexHome);
    const ids = await server.loadedThreads();
    server.close();
    assert.ok(ids.includes(requireSession(shared.ledger, 'one').codex_session_id ?? ''));
  });

  it('are refused where nothing tells them apart, with what could be meant', async () => {
    const both = await shared.openTuis(['left', 'right'], 'same');
    for (const tui of both) {
      const refusal = await shared.register('worker', tui).then(
        () => null,
        (error: unknown) => error,
      );
      if (refusal === null) {
        assert.equal(requireSession(shared.ledger, tui.name).codex_session_id, await shared.threadShown(tui));
        continue;
      }
      assert.match(String(refusal), /choose one with --codex-session/);
      await shared.register('worker', tui, { askStatus: true });
      assert.equal(requireSession(shared.ledger, tui.name).codex_session_id, await shared.threadShown(tui));
    }
  });

  it('go on as a pair: a nudge of the queue reaches the worker through the server', async () => {
    const manager = await shared.openTui('boss');
    await shared.register('manager', manager);
    await shared.bind('shared-task', 'one', 'boss');
    assert.ok(findBinding(shared.ledger, requireTask(shared.ledger, 'shared-task').id));
    await shared.queueNudge('shared-task', 'from the queue');
    assert.equal((await shared.userTexts({ name: 'one' })).at(-1), 'from the queue');
    assert.equal(shared.rungs().at(-1), 'app_server');
  });

  it('leave alone what we start in their home: our own environment, state root and PATH, in a process of our own', async () => {
    const { environment, openFiles } = await shared.startOurs('ours');
    assert.match(environment, new RegExp(`^WORKERCTL_STATE_ROOT=${shared.stateRoot}$`, 'm'));
    assert.match(environment, new RegExp(`^CODEX_HOME=${shared.codexHome}$`, 'm'));
    assert.match(environment, /^PATH=(?:[^\n]*:)?[^:\n]*\/agent-conveyor\/[0-9a-f]{16}:/m);
    assert.ok(!environment.includes(serverStateRoot));
    const { codex_session_id: threadId } = requireSession(shared.ledger, 'ours');
    assert.ok(threadId !== null && openFiles.some((file) => file.includes(threadId)));
  });
});
