import assert from 'node:assert/strict';
import { refuse } from '../../../src/core/domain/errors.ts';
import { dispatch } from '../../../src/core/operations/dispatch.ts';
import { parseInput } from '../../../src/core/operations/argument.ts';
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
});
