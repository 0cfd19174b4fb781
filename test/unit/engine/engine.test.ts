import assert from 'node:assert/strict';
import { Engine, type EngineOptions, type EngineSteps } from '../../../src/core/engine/engine.ts';
import { systemClock } from '../../../src/core/ports/clock.ts';
import { systemHostFacts } from '../../../src/core/ports/hostFacts.ts';
import { recordEvent } from '../../../src/core/ledger/auditStore.ts';
import { temporaryContext, type TemporaryContext } from '../support/temporaryContext.ts';

const never = 3_600_000;
const calm = { ingestIdle: never, dispatchIdle: never, observe: never, heartbeat: never };

describe('Engine', () => {
  let fixture: TemporaryContext;
  let engines: Engine[];

  beforeEach(() => {
    fixture = temporaryContext();
    engines = [];
  });

  afterEach(async () => {
    for (const engine of engines) await engine.stop();
    fixture.dispose();
  });

  it('ingests what grew, then dispatches what came of it', async () => {
    const { steps, calls, grow } = recordedSteps();
    start({ steps });
    await until(() => calls.includes('dispatch'));
    calls.length = 0;
    grow(new Set(['s1']));
    await until(() => calls.includes('dispatch'));
    assert.deepEqual(calls.slice(0, 1), ['ingest s1']);
  });

  it('dispatches at once when another process writes something, and not for a lease', async () => {
    const { steps, calls, commit } = recordedSteps();
    start({ steps });
    await until(() => calls.includes('dispatch'));
    commit();
    await until(() => calls.filter((call) => call === 'dispatch').length >= 1);
    await systemClock.sleep(30);
    calls.length = 0;
    commit(); // nothing that anybody waits for was written
    await systemClock.sleep(30);
    assert.equal(calls.length, 0);
    recordEvent(fixture.context.ledger, { type: 'task_created', payload: {} }, 0);
    commit();
    await until(() => calls.includes('dispatch'));
  });

  it('looks again and again at those whose turn may come to a question, and no more when it is over', async () => {
    const { steps, calls, asking } = recordedSteps();
    const looks = () => calls.filter((call) => call === 'observe s7').length;
    asking.add('s7');
    start({ steps });
    await until(() => looks() >= 2);
    asking.clear();
    await systemClock.sleep(300);
    const before = looks();
    await systemClock.sleep(300);
    assert.equal(looks(), before);
  });

  it('stands by while another engine leads, and takes over when that one stops', async () => {
    const first = recordedSteps();
    const second = recordedSteps();
    const leader = start({ steps: first.steps, dispatcherId: 'vscode-1' });
    await until(() => first.calls.includes('dispatch'));
    const standby = start({ steps: second.steps, dispatcherId: 'vscode-2' });
    await systemClock.sleep(30);
    assert.equal(second.calls.length, 0);
    assert.equal(standby.status.isLeader, false);
    await leader.stop();
    await until(() => second.calls.includes('dispatch'));
    assert.equal(standby.status.isLeader, true);
  });

  it('leaves nothing behind after ten starts and stops', async () => {
    const { steps, opened } = recordedSteps();
    for (let round = 0; round < 10; round += 1) await start({ steps }).stop();
    assert.equal(opened.size, 0);
  });

  function start(given: Partial<EngineOptions> & { steps: EngineSteps }): Engine {
    const engine = new Engine({
      ledger: fixture.context.ledger,
      at: { clock: systemClock, host: systemHostFacts },
      dispatcherId: 'vscode-1',
      kind: 'window',
      onChanged: () => {},
      onError: (error) => assert.fail(String(error)),
      onLedgerGone: () => {},
      pace: calm,
      ...given,
    });
    engines.push(engine);
    engine.start();
    return engine;
  }
});

function recordedSteps() {
  const calls: string[] = [];
  const opened = new Set<object>();
  const asking = new Set<string>();
  let grow = (_sessionIds: ReadonlySet<string> | null) => {};
  let commit = () => {};
  const watch = () => {
    const handle = { close: () => void opened.delete(handle) };
    opened.add(handle);
    return handle;
  };
  const steps: EngineSteps = {
    ingest: (sessionIds) => {
      calls.push(`ingest ${sessionIds === null ? 'all' : [...sessionIds].join()}`);
      return Promise.resolve(new Set(['s1']));
    },
    observe: (sessionIds) => {
      calls.push(`observe ${sessionIds === null ? 'all' : [...sessionIds].join()}`);
      return Promise.resolve(false);
    },
    mayAsk: () => asking,
    dispatch: () => {
      calls.push('dispatch');
      return Promise.resolve([]);
    },
    heartbeat: () => {},
    watchRollouts: (onGrown) => {
      grow = onGrown;
      return watch();
    },
    watchSignals: watch,
    watchLedger: (onCommitted) => {
      commit = onCommitted;
      return watch();
    },
  };
  return { steps, calls, opened, asking, grow: (ids: ReadonlySet<string>) => grow(ids), commit: () => commit() };
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, 'waited too long');
    await systemClock.sleep(2);
  }
}
