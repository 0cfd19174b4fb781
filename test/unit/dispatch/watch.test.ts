import assert from 'node:assert/strict';
import { appendFileSync, writeFileSync } from 'node:fs';
import { refuse } from '../../../src/core/domain/errors.ts';
import { dispatch } from '../../../src/core/operations/dispatch.ts';
import { parseInput } from '../../../src/core/operations/argument.ts';
import { HostedContext } from '../../../src/core/operations/operationContext.ts';
import { systemClock } from '../../../src/core/ports/clock.ts';
import { DispatchFixture } from './support.ts';

describe('watching', () => {
  let fixture: DispatchFixture;

  beforeEach(() => (fixture = new DispatchFixture()));
  afterEach(() => fixture.dispose());

  const watch = async (watchIterations: number) =>
    await dispatch.run(fixture.temporary.context, parseInput(dispatch.inputs, { watch: true, watchIterations }));

  /** The ledger is in another program's hands for so many writes. */
  function keepBusy(writes: number): () => number {
    const { ledger } = fixture;
    const write = ledger.write.bind(ledger);
    let refused = 0;
    ledger.write = (work) => {
      if (refused >= writes) return write(work);
      refused += 1;
      throw refuse('ledger_busy', 'another program has held the ledger for over a minute');
    };
    return () => refused;
  }

  it('OD-18: a ledger that is locked for long ends no watch: what waited is delivered in a later pass', async () => {
    const { task } = fixture.pair('alpha');
    await fixture.enqueue(task, 'go on');
    const refused = keepBusy(3);
    const { processed, iterations } = await watch(5);
    assert.ok(refused() === 3);
    assert.equal(iterations, 5);
    assert.deepEqual(
      processed.map(({ state }) => state),
      ['pull_required'],
    );
  });

  it('OD-18: what is wrong with more than the moment is told', async () => {
    const { task } = fixture.pair('alpha');
    await fixture.enqueue(task, 'go on');
    fixture.ledger.write = () => {
      throw refuse('ledger_invalid', 'not a usable SQLite database');
    };
    await assert.rejects(watch(2), /not a usable/);
  });

  it('OD-11: reads what bound workers write, and tells the manager of a completion', async () => {
    const { worker } = fixture.pair('alpha');
    const path = worker.codex_session_path ?? '';
    const line = (type: string, payload: object) =>
      `${JSON.stringify({ timestamp: '2026-01-01T00:00:00Z', type, payload })}\n`;
    writeFileSync(path, line('session_meta', { id: worker.codex_session_id, cwd: '/srv' }));
    const { context, folder: cwd, host, processes } = fixture.temporary;
    const end = new AbortController();
    const watching = new HostedContext({
      surface: 'cli',
      cwd,
      variables: { HOME: cwd },
      ledger: context.ledger,
      host,
      processes,
      clock: systemClock,
      signal: end.signal,
    });
    const summary = dispatch.run(watching, parseInput(dispatch.inputs, { watch: true }));
    appendFileSync(path, line('event_msg', { type: 'task_complete', turn_id: 'a1' }));
    const isTold = () => fixture.count('routed_notifications', "state = 'delivered'") === 1;
    for (let waited = 0; waited < 150 && !isTold(); waited += 1) await systemClock.sleep(100);
    end.abort();
    const { processed } = await summary;
    assert.deepEqual(
      processed.map(({ state, signal_type: signal }) => [state, signal]),
      [['pull_required', 'worker_task_complete']],
    );
  });
});
