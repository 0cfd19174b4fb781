import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { appServerFailed, FakeAppServer } from '../../../src/core/codex/appServer.ts';
import { watchHookSignals } from '../../../src/core/engine/hookSignals.ts';
import { watchServerSignals } from '../../../src/core/engine/serverSignals.ts';
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

  it('lets go of a server that answers nothing', async () => {
    const server = new FakeAppServer();
    let closed = 0;
    server.close = () => void (closed += 1);
    server.loadedThreads = () => Promise.reject(appServerFailed('is gone'));
    const options = { ledger: fixture.ledger, clock: fixture.clock, connect: server.connect, codexHome: '/c' };
    const watch = watchServerSignals({ ...options, onSignal: () => {}, onError: fail });
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(closed, 1);
    void watch.close();
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
    execFileSync(program, { input: '{"hook_event_name":"Stop","session_id":"x"}' });
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
