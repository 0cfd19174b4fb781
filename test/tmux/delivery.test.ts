import assert from 'node:assert/strict';
import { deliverToPane, type DeliveryRequest } from '../../src/core/delivery/deliverToPane.ts';
import type { DeliveryResult } from '../../src/core/delivery/deliveryResult.ts';
import { prepareText } from '../../src/core/delivery/messageText.ts';
import { takeWatermark, userTurnProof } from '../../src/core/delivery/rolloutProof.ts';
import { startServer, until, type StandIn, type TestServer } from './tmuxServer.ts';

describe('delivery into a pane', () => {
  let server: TestServer;
  before(() => (server = startServer()));
  after(() => server.close());

  function deliver(to: StandIn, message: string, more: Partial<DeliveryRequest> = {}): Promise<DeliveryResult> {
    const text = prepareText(message);
    const watermark = takeWatermark(to.rollout);
    return deliverToPane(server.ports, {
      address: { session: to.pane.sessionName, paneId: to.pane.paneId },
      text,
      proof: userTurnProof({ watermark, text: text.recorded }),
      ...more,
    });
  }

  function reasonOf(result: DeliveryResult): string {
    return result.outcome === 'delivered' ? 'delivered' : `${result.outcome}: ${result.reason}`;
  }

  it('OD-15: a message of several lines arrives as one message, and is known to have arrived', async () => {
    const worker = await server.standIn('lines');
    const result = await deliver(worker, 'first line\n\n\tsecond line\nthird');
    assert.equal(reasonOf(result), 'delivered');
    assert.ok(result.outcome === 'delivered' && result.stages.seenAt !== null);
    assert.deepEqual(worker.messages(), ['first line\n\n\tsecond line\nthird']);
  });

  it('OD-43: delivers text that looks like a flag, quotes, emoji and 100 KB as it is', async () => {
    const worker = await server.standIn('nasty');
    const messages = [
      '-R',
      '--',
      'it\'s "quoted" $HOME `x` ; \\n',
      'ends with ;',
      '🚀 漢字 e\u0301',
      'x'.repeat(100_000),
    ];
    for (const message of messages) assert.equal(reasonOf(await deliver(worker, message)), 'delivered');
    assert.deepEqual(worker.messages(), messages);
  });

  it("OD-41: somebody's draft is left alone", async () => {
    const worker = await server.standIn('draft', { draft: 'half a thought' });
    assert.equal(reasonOf(await deliver(worker, 'nudge')), 'deferred: composer_has_text');
    assert.match(await server.ports.tmux.capture(worker.pane.paneId), /› half a thought\n/);
    assert.deepEqual(worker.messages(), []);
  });

  it('sends what a broken-off attempt left in the composer, without typing it again', async () => {
    const worker = await server.standIn('left-over', { draft: 'nudge from before' });
    assert.equal(reasonOf(await deliver(worker, 'nudge from before')), 'delivered');
    assert.deepEqual(worker.messages(), ['nudge from before']);
  });

  it('OD-41: leaves copy mode first', async () => {
    const worker = await server.standIn('copying');
    server.raw('copy-mode', '-t', worker.pane.paneId);
    assert.equal(reasonOf(await deliver(worker, 'out of copy mode')), 'delivered');
    assert.deepEqual(worker.messages(), ['out of copy mode']);
  });

  it('OD-42: types nothing into a dead pane, and the server lives', async () => {
    const { tmux } = server.ports;
    const argv = ['sh', '-c', 'exit 0'];
    const { paneId } = await tmux.newSession({ name: 'dead', cwd: server.folder, argv, keepWhenDead: true });
    await until('it is dead', async () => (await tmux.snapshot(paneId)).pane.isDead);
    const request = { address: { session: 'dead', paneId }, text: prepareText('hello?'), proof: null };
    assert.equal(reasonOf(await deliverToPane(server.ports, request)), 'deferred: pane_dead');
    assert.equal(await tmux.hasSession('keeper'), true);
  });

  it('OD-37: types nothing into a shell', async () => {
    const { tmux } = server.ports;
    const argv = ['bash', '--norc', '-i'];
    const { paneId } = await tmux.newSession({ name: 'shell', cwd: server.folder, argv, environment: { PS1: 'sh$ ' } });
    await until('the prompt shows', async () => (await tmux.capture(paneId)).includes('sh$'));
    const before = await tmux.capture(paneId);
    const request = { address: { session: 'shell', paneId }, text: prepareText('touch executed'), proof: null };
    assert.equal(reasonOf(await deliverToPane(server.ports, request)), 'deferred: codex_not_running');
    assert.equal(await tmux.capture(paneId), before);
  });

  it('OD-37: types nothing while Codex is stopped behind a shell', async () => {
    const { tmux, input } = server.ports;
    const { paneId } = await tmux.newSession({
      name: 'stopped',
      cwd: server.folder,
      argv: ['bash', '--norc', '-i'],
      environment: { PS1: 'sh$ ' },
    });
    await until('the prompt shows', async () => (await tmux.capture(paneId)).includes('sh$'));
    await input.paste(paneId, '(exec -a codex sleep 600) &');
    await input.pressKey(paneId, 'Enter');
    await until('it runs in the background', async () => (await tmux.capture(paneId)).includes('[1]'));
    const request = { address: { session: 'stopped', paneId }, text: prepareText('touch executed'), proof: null };
    assert.equal(reasonOf(await deliverToPane(server.ports, request)), 'deferred: codex_not_in_foreground');
  });

  it('answers no dialog', async () => {
    const worker = await server.standIn('asking', { habits: 'dialog' });
    const result = await deliver(worker, 'yes please');
    assert.equal(reasonOf(result), 'deferred: dialog_open');
    assert.ok(result.outcome === 'deferred' && result.screen.some((row) => row.includes('rm -rf build')));
    assert.deepEqual(worker.answers(), []);
  });

  it('presses no Enter when a dialog comes up between text and Enter', async () => {
    const worker = await server.standIn('asking-late', { habits: 'late-dialog' });
    const result = await deliver(worker, 'yes please', { limits: { showMilliseconds: 600 } });
    assert.equal(reasonOf(result), 'undelivered: text_not_in_composer');
    assert.deepEqual([worker.answers(), worker.messages()], [[], []]);
  });

  it('OD-41: waits for the text to show, however slow the screen', async () => {
    const worker = await server.standIn('slow', { habits: 'slow' });
    assert.equal(reasonOf(await deliver(worker, 'no hurry')), 'delivered');
    assert.deepEqual(worker.messages(), ['no hurry']);
  });

  it('presses Enter again when it was swallowed, and never types twice', async () => {
    const worker = await server.standIn('lazy', { habits: 'lazy-enter' });
    assert.equal(reasonOf(await deliver(worker, 'once only', { limits: { enterMilliseconds: 300 } })), 'delivered');
    assert.deepEqual(worker.messages(), ['once only']);
  });

  it('types nothing, or presses no Enter, once the fence is lost', async () => {
    const worker = await server.standIn('fenced');
    const refusedAtOnce = await deliver(worker, 'not typed', { beforeFirstKey: () => false });
    assert.equal(reasonOf(refusedAtOnce), 'deferred: fence_lost');
    assert.match(await server.ports.tmux.capture(worker.pane.paneId), /› Ask Codex/);
    const refusedLater = await deliver(worker, 'typed, not sent', { mayPressEnter: () => false });
    assert.equal(reasonOf(refusedLater), 'undelivered: fence_lost');
    assert.ok(refusedLater.outcome === 'undelivered' && refusedLater.stages.submittedAt === null);
    assert.deepEqual(worker.messages(), []);
  });

  it('says so when no turn came although the text was taken', async () => {
    const worker = await server.standIn('unproven');
    const result = await deliver(worker, 'hello', { proof: () => false, limits: { proofMilliseconds: 300 } });
    assert.equal(reasonOf(result), 'undelivered: turn_not_seen');
  });

  it('fits into a pane of 40 columns and 12 rows', async () => {
    const worker = await server.standIn('narrow', { width: 40, height: 12 });
    const message = 'a sentence that has to be wrapped several times in a pane as narrow as this one is';
    assert.equal(reasonOf(await deliver(worker, message)), 'delivered');
    assert.deepEqual(worker.messages(), [message]);
  });

  it('OD-16: goes to the recorded pane although another pane of the session is active', async () => {
    const worker = await server.standIn('split');
    server.raw('split-window', '-t', worker.pane.paneId, 'cat');
    assert.equal(reasonOf(await deliver(worker, 'to the first pane')), 'delivered');
    assert.deepEqual(worker.messages(), ['to the first pane']);
  });
});
