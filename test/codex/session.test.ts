import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConveyorError } from '../../src/core/domain/errors.ts';
import { findRolloutOfThread } from '../../src/core/codex/discoverThread.ts';
import { readRolloutHead } from '../../src/core/codex/rolloutHead.ts';
import { interruptPane } from '../../src/core/delivery/interruptPane.ts';
import { rateLimited, runShell, say, serverFailed, usageLimitReached } from '../demo/scriptedModel.ts';
import { until } from '../tmux/tmuxServer.ts';
import { CODEX, setUpCodex, userTexts, type RealCodex } from './realCodex.ts';

describe('a real Codex with a scripted model', function () {
  this.timeout(90_000);
  let real: RealCodex;

  before(async () => {
    real = await setUpCodex((request) => {
      const asked = request.lastUserText;
      if (asked.startsWith('escalate')) {
        return request.newToolOutputs.length > 0
          ? say('done')
          : runShell(request, 'touch /conveyor-probe', { escalate: true });
      }
      if (asked.startsWith('think'))
        return { kind: 'answer', thinkMs: 60_000, parts: [{ type: 'text', text: 'late' }] };
      if (asked.startsWith('stream')) {
        return { kind: 'answer', parts: [{ type: 'text', text: 'word '.repeat(400), pieces: 400, pieceMs: 150 }] };
      }
      if (asked.startsWith('fail')) return serverFailed();
      if (asked.startsWith('too fast')) return rateLimited();
      if (asked.startsWith('used up')) return usageLimitReached(Math.floor(Date.now() / 1000) + 7200);
      return say(`heard: ${asked}`);
    });
  });
  after(() => real.close());

  const completed = (of: Parameters<RealCodex['events']>[0]) => () =>
    real.events(of).some(({ kind }) => kind === 'turnCompleted');

  it("CP-20: its thread is known before anything was said, and the rollout is that thread's", async () => {
    const session = await real.start('known');
    assert.equal(session.version.minor, 169);
    assert.equal(session.discovery?.strategy, 'writer_lock');
    assert.equal(session.discovery.confidence, 'certain');
    assert.ok(session.codexSessionId !== null);
    assert.equal(session.codexSessionPath, null);

    const result = await real.deliver(session, 'hello\nthere');
    assert.equal(result.outcome, 'delivered');
    const rollout = findRolloutOfThread(real.codex.home, session.codexSessionId);
    assert.ok(rollout !== null);
    assert.equal(readRolloutHead(rollout).header.threadId, session.codexSessionId);
    assert.ok(real.server.ports.host.openFiles(session.pid).includes(rollout));
    await until('the turn is over', completed(session));
    assert.deepEqual(userTexts(real.events(session)), ['hello\nthere']);
  });

  it('two sessions of one home and one folder are told apart', async () => {
    const [left, right] = await Promise.all([real.start('left'), real.start('right')]);
    assert.notEqual(left.codexSessionId, right.codexSessionId);
    await Promise.all([real.deliver(left, 'to the left'), real.deliver(right, 'to the right')]);
    await until('both turns are over', () => completed(left)() && completed(right)());
    assert.deepEqual(userTexts(real.events(left)), ['to the left']);
    assert.deepEqual(userTexts(real.events(right)), ['to the right']);
  });

  it('a message arrives as exactly one user turn, whatever it looks like', async () => {
    const session = await real.start('nasty');
    const messages = [
      'plain',
      '-R --flag',
      '/tmp/file is a path',
      '?what',
      '# heading',
      '1. first',
      '› sign',
      'see @work',
      'run $skill',
      'tab\there  and\n\n  indented\nlines',
      'it\'s "quoted" $HOME `x` ; \\n',
      '🚀 漢字 👩‍👩‍👧 e\u0301',
      'w '.repeat(800),
      Array.from({ length: 60 }, (_, at) => `line ${at}`).join('\n'),
      'y'.repeat(100_000),
    ];
    for (const message of messages) {
      const result = await real.deliver(session, message, { limits: { proofMilliseconds: 20_000 } });
      assert.equal(result.outcome, 'delivered', `${message.slice(0, 40)}: ${JSON.stringify(result).slice(0, 600)}`);
    }
    const squeeze = (text: string) => text.replaceAll(/\s+/g, ' ').trim();
    assert.deepEqual(userTexts(real.events(session)).map(squeeze), messages.map(squeeze));
  });

  it('a message reaches a turn that is running', async () => {
    const session = await real.start('steered');
    await real.deliver(session, 'stream please');
    await until('the answer streams', async () => (await real.screen(session)).includes('word word'));
    const result = await real.deliver(session, 'and now this');
    assert.equal(result.outcome, 'delivered');
    await until('both were seen', () => userTexts(real.events(session)).length === 2);
    assert.deepEqual(userTexts(real.events(session)), ['stream please', 'and now this']);
    const deferred = await real.deliver(await startStreaming('waits'), 'not now', { whenBusy: 'defer' });
    assert.ok(deferred.outcome === 'deferred' && deferred.reason === 'busy');
  });

  async function startStreaming(name: string) {
    const session = await real.start(name);
    await real.deliver(session, 'stream please');
    await until('the answer streams', async () => (await real.screen(session)).includes('word word'));
    return session;
  }

  it('an interrupt aborts the turn, once; an idle Codex gets no key', async () => {
    const session = await real.start('interrupted');
    const address = { session: session.tmuxSession, paneId: session.paneId };
    const request = { address, key: null, version: session.version, isBusy: null };
    const idle = await interruptPane(real.server.ports, request);
    assert.ok(idle.outcome === 'deferred' && idle.reason === 'not_busy');

    await real.deliver(session, 'think hard');
    await until('the turn has started', () => real.events(session).some(({ kind }) => kind === 'turnStarted'));
    await until('the screen shows it', async () => /esc to interrupt/i.test(await real.screen(session)));
    const result = await interruptPane(real.server.ports, request);
    assert.ok(result.outcome === 'pressed' && result.key === 'Escape' && result.hasSettled === true);
    await until('the turn is aborted', () => real.events(session).some(({ kind }) => kind === 'turnAborted'));
    assert.equal((await real.deliver(session, 'go on')).outcome, 'delivered');
  });

  it('an approval is left for the person', async () => {
    const session = await real.start('asking');
    await real.deliver(session, 'escalate');
    await until('it asks', async () => (await real.screen(session)).includes('Would you like to run'));
    const result = await real.deliver(session, 'yes');
    assert.ok(result.outcome === 'deferred' && result.reason === 'dialog_open', JSON.stringify(result));
    const address = { session: session.tmuxSession, paneId: session.paneId };
    const stop = await interruptPane(real.server.ports, { address, key: null, version: session.version, isBusy: true });
    assert.ok(stop.outcome === 'deferred' && stop.reason === 'dialog_open');
    assert.match(await real.screen(session), /Would you like to run/);
    assert.equal(existsSync('/conveyor-probe'), false);
  });

  for (const [message, kind] of [
    ['fail please', 'server_error'],
    ['too fast', 'rate_limit'],
    ['used up', 'usage_limit'],
  ] as const) {
    it(`a model error ends the turn and says so: ${kind}`, async () => {
      const session = await real.start(kind);
      await real.deliver(session, message);
      await until('the turn is over', completed(session), 60);
      const end = real.events(session).find((event) => event.kind === 'turnCompleted');
      assert.ok(end?.kind === 'turnCompleted');
      assert.equal(end.error?.kind, kind);
    });
  }

  it('the menu that follows a used-up limit, whose Enter switches the model, is left for the person', async () => {
    const session = await real.start('limited');
    await real.deliver(session, 'used up');
    await until('the menu shows', async () => /Approaching rate limits/.test(await real.screen(session)), 30);
    const result = await real.deliver(session, 'go on');
    assert.ok(result.outcome === 'deferred' && result.reason === 'dialog_open', JSON.stringify(result));
    assert.match(await real.screen(session), /Approaching rate limits/);
  });

  it('CP-17: the trust question is answered only when that was permitted, and once', async () => {
    const repository = join(real.codex.home, '..', 'repository');
    mkdirSync(repository);
    execFileSync('git', ['init', '-q', repository]);
    const start = (name: string, acceptTrust: boolean, timeoutSeconds: number) =>
      real.start(name, { cwd: repository, acceptTrust, timeoutSeconds });
    await assert.rejects(
      start('untrusted', false, 6),
      (error) =>
        ConveyorError.is(error, 'codex_timeout') &&
        /trust/.test(error.message) &&
        /codex-untrusted/.test(error.message),
    );
    assert.match(
      await real.server.ports.tmux.capture(
        (await real.server.ports.tmux.findPane({ session: 'codex-untrusted', paneId: null })).paneId,
      ),
      /Trust this folder/,
    );
    const session = await start('trusted', true, 40);
    assert.match(await real.screen(session), /› Ask Codex/);
    assert.deepEqual(userTexts(real.events(session)), []);
  });

  it('CP-16: a Codex that ends at once is reported with its last words, and leaves no terminal', async () => {
    const before = Date.now();
    await assert.rejects(
      real.start('short-lived', { extraArguments: ['--no-such-flag'], timeoutSeconds: 60 }),
      (error) => ConveyorError.is(error, 'codex_exited') && /no-such-flag/.test(error.message),
    );
    assert.ok(Date.now() - before < 30_000);
    assert.equal(await real.server.ports.tmux.hasSession('codex-short-lived'), false);
  });

  for (const [how, configuration] of [
    ['when it is asked', ''],
    ['by its menu, where a provider may do without', '# model_provider'],
  ] as const) {
    it(`a Codex that nobody has signed in to says so itself ${how}, and is not left waiting`, async () => {
      const home = join(real.codex.home, '..', `home-of-nobody ${how}`);
      mkdirSync(home);
      writeFileSync(join(home, 'config.toml'), configuration);
      await assert.rejects(
        real.start('signed-out', { environment: { ...real.codex.environment, CODEX_HOME: home } }),
        (error) => ConveyorError.is(error, 'codex_signed_out') && error.message.includes(home),
      );
      assert.equal(await real.server.ports.tmux.hasSession('codex-signed-out'), false);
    });
  }

  it("CP-16: what can't work is refused before anything is started", async () => {
    const refusals: readonly [string, Partial<Parameters<RealCodex['start']>[1]>, string][] = [
      ['no-folder', { cwd: '/no/such/folder' }, 'cwd_missing'],
      ['no-codex', { environment: { PATH: '/usr/bin:/bin' }, fallbackCodex: '/no/such/codex' }, 'codex_missing'],
      ['no.dots', {}, 'invalid_name'],
    ];
    for (const [name, more, code] of refusals) {
      await assert.rejects(real.start(name, more), (error) => error instanceof ConveyorError && error.code === code);
      assert.equal(await real.server.ports.tmux.hasSession(`codex-${name}`), false);
    }
    await real.start('once');
    await assert.rejects(real.start('once'), (error) => ConveyorError.is(error, 'tmux_exists'));
  });

  it('CP-1: a longer name is no obstacle to a shorter one', async () => {
    await real.start('pre-fix');
    const session = await real.start('pre');
    assert.equal(session.tmuxSession, 'codex-pre');
  });

  it('nothing of it outlives its terminal', async () => {
    const session = await real.start('mortal');
    await real.deliver(session, 'stream please');
    assert.equal(await real.server.ports.tmux.killSession(session.tmuxSession), true);
    await until('the process is gone', () => !real.server.ports.host.isAlive(session.pid));
    assert.equal(existsSync(join(real.codex.home, 'packages')), false);
    const processes = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' });
    assert.ok(!processes.split('\n').some((line) => line.includes('app-server') && line.includes(CODEX)));
  });
});
