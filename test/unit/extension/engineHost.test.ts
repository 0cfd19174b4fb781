import assert from 'node:assert/strict';

import { EngineHost, type EngineState, retryDelayMs } from '../../../src/extension/engine/engineHost.ts';
import type { StartSupervisor, SupervisorThread } from '../../../src/extension/engine/supervisorThread.ts';
import type { EngineEvents, EngineStart } from '../../../src/protocol/engine.ts';
import type { PanelSnapshot } from '../../../src/protocol/snapshot.ts';
import { aSnapshot } from '../../host/builders.ts';

const start: EngineStart = {
  windowId: 'vscode-1',
  folder: '/work/demo',
  stateRoot: '/work/demo/.codex-workers',
  tmux: { path: null, socket: null },
  codex: { path: null },
  permissions: [],
  runtime: { executable: 'node', electron: false, cli: 'cli.js' },
  environment: {},
};

/** Threads that do nothing by themselves: the test says what happens to each. */
class FakeThreads {
  readonly started: { events: EngineEvents; end(reason: Error | null): void; isDisposed: boolean }[] = [];
  snapshot: PanelSnapshot = aSnapshot();

  readonly start: StartSupervisor = (_start, events): SupervisorThread => {
    let end: (reason: Error | null) => void = () => {};
    const ended = new Promise<Error | null>((done) => {
      end = done;
    });
    const own = { events, end, isDisposed: false };
    this.started.push(own);
    const unused = async () => {
      throw new Error('not asked for here');
    };
    return {
      ended,
      rpc: {
        snapshot: async () => this.snapshot,
        runOperation: unused,
        timelinePage: unused,
        finishBlockers: unused,
        sessionCandidates: unused,
        watchTarget: unused,
        dispose: async () => {},
      },
      dispose: async () => {
        own.isDisposed = true;
        end(null);
      },
    };
  };
}

function hostOf(threads: FakeThreads, lines: string[] = []): EngineHost {
  return new EngineHost({
    start: () => start,
    startThread: threads.start,
    log: { write: (level, line) => lines.push(`${level} ${line}`) },
    watchTerminal: () => null,
  });
}

/** A getter that is read twice is not the same value twice. */
const stateOf = (host: EngineHost): EngineState => host.state;

const turn = () => new Promise((done) => setImmediate(done));

describe('an engine host', () => {
  it('is ready with the first snapshot, and follows newer ones only', async () => {
    const threads = new FakeThreads();
    const host = hostOf(threads);
    assert.equal(stateOf(host).kind, 'starting');
    await turn();
    assert.equal(stateOf(host).kind, 'ready');
    threads.started[0]?.events.snapshotChanged(aSnapshot({ version: 5 }));
    threads.started[0]?.events.snapshotChanged(aSnapshot({ version: 4 }));
    assert.equal(stateOf(host).snapshot?.version, 5);
    host.dispose();
  });

  it('shows a failure with the last snapshot, and starts another thread', async () => {
    const threads = new FakeThreads();
    const lines: string[] = [];
    const host = hostOf(threads, lines);
    await turn();
    threads.started[0]?.end(new Error('out of memory'));
    await turn();
    assert.equal(stateOf(host).kind, 'failed');
    assert.notEqual(stateOf(host).snapshot, null);
    assert.equal(host.rpc, null);
    assert.ok(
      lines.some((line) => line.includes('out of memory')),
      lines.join('\n'),
    );
    await new Promise((done) => setTimeout(done, retryDelayMs(1) + 200));
    assert.equal(threads.started.length, 2);
    assert.equal(stateOf(host).kind, 'ready');
    host.dispose();
  });

  it('does not listen to a thread that was replaced', async () => {
    const threads = new FakeThreads();
    const host = hostOf(threads);
    await turn();
    await host.restart();
    await turn();
    threads.started[0]?.events.snapshotChanged(aSnapshot({ version: 99 }));
    assert.equal(stateOf(host).snapshot?.version, 1);
    assert.equal(threads.started[0]?.isDisposed, true);
    host.dispose();
  });

  it('has one thread however many restarts come at once, and none after its end', async () => {
    const threads = new FakeThreads();
    const host = hostOf(threads);
    await turn();
    // Two settings that change together are two events.
    await Promise.all([host.restart(), host.restart(), host.restart()]);
    await turn();
    assert.equal(threads.started.filter(({ isDisposed }) => !isDisposed).length, 1);
    host.dispose();
    await host.settled;
    assert.ok(threads.started.every(({ isDisposed }) => isDisposed));
  });

  it('starts nothing any more once it has ended', async () => {
    const threads = new FakeThreads();
    const host = hostOf(threads);
    await turn();
    threads.started[0]?.end(new Error('boom'));
    await turn();
    host.dispose();
    await new Promise((done) => setTimeout(done, retryDelayMs(1) + 200));
    assert.equal(threads.started.length, 1);
  });

  it('refuses a snapshot that is not one, and keeps the last', async () => {
    const threads = new FakeThreads();
    const lines: string[] = [];
    const host = hostOf(threads, lines);
    await turn();
    const broken: PanelSnapshot = JSON.parse('{"version": "two"}');
    threads.started[0]?.events.snapshotChanged(broken);
    assert.equal(stateOf(host).kind, 'ready');
    assert.ok(lines.some((line) => line.includes("can't be read")));
    host.dispose();
  });

  it('waits longer after each failure in a row, up to a minute', () => {
    assert.deepEqual([1, 2, 3, 4, 7, 50].map(retryDelayMs), [1000, 2000, 4000, 8000, 60_000, 60_000]);
  });
});
