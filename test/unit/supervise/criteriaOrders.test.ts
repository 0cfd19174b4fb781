import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { ConveyorError } from '../../../src/core/domain/errors.ts';
import {
  type Criterion,
  criterionSources,
  criterionStatuses,
  listCriteria,
} from '../../../src/core/ledger/criterionStore.ts';
import { openLedger } from '../../../src/core/ledger/openLedger.ts';
import { requireTask } from '../../../src/core/ledger/taskStore.ts';
import { addCriterion, moveCriterion } from '../../../src/core/supervise/criteria.ts';
import { type Supervised, supervised } from './support.ts';

type Step =
  | { kind: 'add'; text: string; source: Criterion['source']; status: Criterion['status'] }
  | { kind: 'move'; id: number; status: Criterion['status']; proof: string | null };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('add' as const),
    text: fc.constantFrom('a', 'b', 'ü', ' a'),
    source: fc.constantFrom(...criterionSources),
    status: fc.constantFrom(...criterionStatuses),
  }),
  fc.record({
    kind: fc.constant('move' as const),
    id: fc.integer({ min: -1, max: 12 }),
    status: fc.constantFrom(...criterionStatuses),
    proof: fc.constantFrom(null, '', ' ', 'seen'),
  }),
);
const circumstances = fc.record({
  /** The writer dies before its commit. */
  dies: fc.boolean(),
  wallJump: fc.constantFrom(0, 1000, -3_600_000, 3_600_000),
});

describe('criteria in any order, with deaths and clock jumps', function () {
  this.timeout(60_000);
  let fixture: Supervised;

  beforeEach(async () => {
    fixture = await supervised();
  });

  afterEach(() => fixture.dispose());

  it('are what the steps that were committed made of them, each on record once', async () => {
    const task = requireTask(fixture.context.ledger, 'alpha');
    await fc.assert(
      fc.property(fc.array(fc.tuple(step, circumstances), { maxLength: 25 }), (steps) => {
        const { ledger } = fixture.context;
        ledger.run('DELETE FROM acceptance_criteria');
        const firstEvent = eventCount();
        const model = new Map<number, { text: string; source: string; status: string; proof: string | null }>();
        const moved: number[] = [];
        let recorded = 0;
        for (const [one, { dies, wallJump }] of steps) {
          fixture.clock.wall += wallJump;
          const before = listCriteria(ledger, task.id);
          const outcome = carryOut(one, dies);
          if (outcome === 'died' || outcome === 'refused') {
            assert.deepEqual(listCriteria(ledger, task.id), before, 'nothing half done');
            continue;
          }
          const isNew = !model.has(outcome.id);
          if (one.kind === 'add' && !isNew) assert.deepEqual(listCriteria(ledger, task.id), before);
          else recorded += 1;
          if (one.kind === 'add' && isNew) {
            model.set(outcome.id, { text: one.text, source: one.source, status: one.status, proof: null });
          }
          if (one.kind === 'move') {
            const known = model.get(one.id);
            assert.ok(known !== undefined);
            moved.push(one.id);
            model.set(one.id, { ...known, status: one.status, proof: one.proof ?? known.proof });
          }
        }
        const stored = listCriteria(ledger, task.id);
        assert.deepEqual(
          stored.map(({ id, criterion, source, status, proof }) => [id, criterion, source, status, proof]),
          [...model].map(([id, { text, source, status, proof }]) => [id, text, source, status, proof]),
        );
        // Whoever says that something is true has shown it.
        const claimed = new Set(moved);
        for (const { id, status, proof } of stored) {
          if (status === 'satisfied' && claimed.has(id)) assert.notEqual((proof ?? '').trim(), '');
        }
        assert.equal(eventCount() - firstEvent, recorded);
      }),
      { numRuns: 60 },
    );

    function carryOut(one: Step, dies: boolean): { id: number } | 'refused' | 'died' {
      const { connection } = openLedger(fixture.context.ledger.file, fixture.clock.now());
      try {
        return connection.write(() => {
          const now = fixture.clock.now();
          const criterion =
            one.kind === 'add'
              ? addCriterion(connection, task, one, now).criterion
              : moveCriterion(connection, task, { id: one.id, status: one.status, note: { proof: one.proof } }, now);
          if (dies) throw new Died();
          return { id: criterion.id };
        });
      } catch (error) {
        if (error instanceof Died) return 'died';
        if (ConveyorError.is(error, 'unknown_criterion', 'missing_input')) return 'refused';
        throw error;
      } finally {
        connection.close();
      }
    }

    function eventCount(): number {
      return (
        fixture.events('acceptance_criterion_added').length + fixture.events('acceptance_criterion_updated').length
      );
    }
  });
});

class Died extends Error {}
