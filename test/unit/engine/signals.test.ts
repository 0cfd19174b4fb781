import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { appServerFailed, type ConnectAppServer, FakeAppServer } from '../../../src/core/codex/appServer.ts';
import { jittered } from '../../../src/core/domain/backoff.ts';
import type { EngineWatch } from '../../../src/core/engine/engine.ts';
import { watchHookSignals } from '../../../src/core/engine/hookSignals.ts';
import { type ServerSignalOptions, watchServerSignals } from '../../../src/core/engine/serverSignals.ts';
import { listSignals, recordLook, recordSignal } from '../../../src/core/ledger/signalStore.ts';
import { requireSession } from '../../../src/core/ledger/sessionStore.ts';
import { signalFolder, writeHookProgram } from '../../../src/core/operations/hookProgram.ts';
import { FakeFolderWatcher } from '../../../src/core/ports/folderWatcher.ts';
import { DispatchFixture, type Pair } from '../dispatch/support.ts';

describe('what Codex reports by itself', () => {
  let fixture: DispatchFixture;
  let pair: Pair;
  let heard: number;

  beforeEach(() => {
    fixture = new DispatchFixture();
    pair = fixture.pair('alpha');
    heard = 0;
  });
  afterEach(() => fixture.dispose());

  const kinds = () => listSignals(fixture.ledger, pair.worker.id).map(({ source, kind }) => `${source} ${kind}`);
  const fail = (error: unknown) => assert.fail(String(error));

  it('through its server: as it changes, and what it was at when we came; threads of others are nothing to us', async () => {
    const server = new FakeAppServer();
    server.add('thread-alpha-worker', { status: { kind: 'active', waitsFor: 'approval' } });
    const options = { ledger: fixture.ledger, clock: fixture.clock, connect: server.connect, codexHome: '/c' };
    const watch = watchServerSignals({ ...options, onSignal: () => (heard += 1), onError: fail });
    while (kinds().length === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(kinds(), ['app_server approval_requested']);
    fixture.clock.advance(5);
    server.events?.onStatus('thread-of-others', { kind: 'idle' });
    server.events?.onStatus('thread-alpha-worker', { kind: 'not_loaded' });
    server.events?.onStatus('thread-alpha-worker', { kind: 'idle' });
    assert.deepEqual(kinds().toSorted(), ['app_server approval_requested', 'app_server turn_ended']);
    assert.equal(heard, 2);
    void watch.close();
  });

  describe('over a connection that ends', () => {
    let server: FakeAppServer;
    let waits: number[];
    let wake: () => void;
    let watch: EngineWatch;

    /** Comes to rest when the next attempt is waited for; `wake` begins it. */
    const follow = (parts: Partial<ServerSignalOptions> = {}) => {
      const sleep = (milliseconds: number, signal?: AbortSignal): Promise<void> => {
        waits.push(milliseconds);
        return new Promise((resolve) => {
          wake = () => {
            fixture.clock.advance(milliseconds);
            resolve();
          };
          signal?.addEventListener('abort', () => resolve());
        });
      };
      const options = { ledger: fixture.ledger, clock: fixture.clock, connect: server.connect, codexHome: '/c' };
      watch = watchServerSignals({
        ...options,
        sleep,
        random: () => 0.5,
        onSignal: () => (heard += 1),
        onError: fail,
        ...parts,
      });
    };
    const settle = async () => {
      for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    };

    beforeEach(() => {
      server = new FakeAppServer();
      waits = [];
    });
    afterEach(() => void watch.close());

    it('lets go of a server that answers nothing', async () => {
      let closed = 0;
      server.close = () => void (closed += 1);
      server.loadedThreads = () => Promise.reject(appServerFailed('is gone'));
      follow();
      await settle();
      assert.equal(closed, 1);
      assert.equal(waits.length, 1);
    });

    it('comes back later with every failure, up to a limit', async () => {
      follow({ connect: () => Promise.reject(appServerFailed('is gone')) });
      for (let attempt = 0; attempt < 8; attempt += 1) {
        await settle();
        wake();
      }
      assert.deepEqual(waits, [375, 750, 1500, 3000, 6000, 7500, 7500, 7500]);
    });

    it('does not come back at the same moment as everybody else', () => {
      const delays = Array.from({ length: 100 }, (_, at) => jittered(10_000, at / 100));
      assert.equal(new Set(delays).size, 100);
      assert.ok(delays.every((one) => one >= 5000 && one < 10_000));
    });

    it('comes back soon to one that was heard for long, and no sooner to one that drops it at once', async () => {
      follow();
      for (let attempt = 0; attempt < 4; attempt += 1) {
        await settle();
        server.close();
        await settle();
        wake();
      }
      await settle();
      assert.deepEqual(waits, [375, 750, 1500, 3000]);
      fixture.clock.advance(60_000);
      server.close();
      await settle();
      assert.equal(waits.at(-1), 375);
    });

    it('learns at its return that a turn has ended meanwhile', async () => {
      server.add('thread-alpha-worker', { status: { kind: 'active', waitsFor: 'input' } });
      follow();
      await settle();
      assert.deepEqual(kinds(), ['app_server input_requested']);
      server.close();
      server.add('thread-alpha-worker', { status: { kind: 'idle' } });
      await settle();
      fixture.clock.advance(5);
      wake();
      await settle();
      assert.deepEqual(kinds().toSorted(), ['app_server input_requested', 'app_server turn_ended']);
      const [newest] = listSignals(fixture.ledger, pair.worker.id).toSorted((left, right) => right.at - left.at);
      assert.equal(newest?.kind, 'turn_ended');
    });

    it('ends with its watch, also in the middle of a rest', async () => {
      let attempts = 0;
      const connect: ConnectAppServer = () => {
        attempts += 1;
        return Promise.reject(appServerFailed('is gone'));
      };
      follow({ connect });
      await settle();
      void watch.close();
      await settle();
      assert.deepEqual([attempts, waits.length], [1, 1]);
    });
  });

  it('through its hooks: a file each, taken in at once and taken away; strangers and rubbish leave no trace', () => {
    const { context } = fixture.temporary;
    const program = writeHookProgram(context.ledgerFile, context.variables);
    const folder = signalFolder(context.ledgerFile, context.variables);
    const watcher = new FakeFolderWatcher();
    const watch = watchHookSignals({
      ledger: fixture.ledger,
      folder,
      watcher,
      onSignal: () => (heard += 1),
      onError: fail,
    });
    const report = (event: string, session: string) =>
      execFileSync(program, { input: JSON.stringify({ hook_event_name: event, session_id: session }) }).toString();
    assert.equal(
      report('PermissionRequest', 'thread-alpha-worker'),
      '',
      'what it prints, Codex would take for an order',
    );
    assert.equal(report('Stop', 'thread-of-others'), '');
    writeFileSync(join(folder, 'x.json'), 'rubbish');
    mkdirSync(join(folder, 'folder.json'));
    const reports = readdirSync(folder).filter((one) => !['x.json', 'folder.json'].includes(one));
    assert.equal(reports.length, 2);
    for (const name of reports) {
      assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600);
    }
    watcher.change();
    assert.deepEqual(kinds(), ['hook approval_requested']);
    assert.equal(heard, 1);
    assert.deepEqual(readdirSync(folder), ['folder.json']);
    watch.close();
  });

  it('through notify, which runs the program that was there before, with the same report', () => {
    const { context, folder: temporary } = fixture.temporary;
    const program = writeHookProgram(context.ledgerFile, context.variables);
    const folder = signalFolder(context.ledgerFile, context.variables);
    const report = JSON.stringify({
      type: 'agent-turn-complete',
      'thread-id': 'thread-alpha-worker',
      text: "it's; $(x)",
    });
    const seen = join(temporary, 'seen by the former');
    execFileSync(program, ['notify', 'sh', '-c', `printf '%s|%s' "$1" "$2" > '${seen}'`, 'name', 'first', report]);
    assert.equal(readFileSync(seen, 'utf8'), `first|${report}`);
    execFileSync(program, ['notify', report]);
    const watch = watchHookSignals({ ledger: fixture.ledger, folder, onSignal: () => (heard += 1), onError: fail });
    assert.deepEqual(kinds(), ['hook turn_ended']);
    watch.close();
  });

  it('is dropped when nobody takes it in, or its folder is gone: Codex is never held up', () => {
    const { context } = fixture.temporary;
    const program = writeHookProgram(context.ledgerFile, context.variables);
    const folder = signalFolder(context.ledgerFile, context.variables);
    for (let index = 0; index < 501; index += 1) writeFileSync(join(folder, `${index}.json`), '{}');
    execFileSync(program, { input: '{"hook_event_name":"Stop","session_id":"x"}' });
    assert.equal(readdirSync(folder).length, 501);
    execFileSync('rm', ['-r', folder]);
    // More than a pipe holds: whoever writes it would find it closed.
    execFileSync(program, { input: JSON.stringify({ hook_event_name: 'Stop', rest: 'x'.repeat(1_000_000) }) });
    assert.equal(existsSync(folder), false);
  });

  it('counts once, in whatever order it comes', () => {
    const { ledger } = fixture;
    const signal = (at: number) => recordSignal(ledger, pair.worker.id, { source: 'hook', kind: 'turn_ended', at });
    assert.deepEqual([signal(2000), signal(2000), signal(1000), signal(3000)], [true, false, false, true]);
    assert.deepEqual(listSignals(ledger, pair.worker.id), [{ source: 'hook', kind: 'turn_ended', at: 3000 }]);
    recordLook(ledger, requireSession(ledger, 'alpha-worker').id, 5000);
    recordLook(ledger, requireSession(ledger, 'alpha-worker').id, 4000);
    assert.equal(fixture.value('SELECT looked_at FROM panel_looks'), '1970-01-01T00:00:05.000Z');
    // The clock was set back: what was noted ahead of it must not silence what comes.
    recordLook(ledger, pair.worker.id, 7_200_000);
    recordLook(ledger, pair.worker.id, 3_600_000);
    assert.equal(fixture.value('SELECT looked_at FROM panel_looks'), '1970-01-01T01:00:00.000Z');
    assert.deepEqual([signal(7_200_000), signal(3_600_000)], [true, true]);
  });
});
