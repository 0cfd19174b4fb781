import assert from 'node:assert/strict';
import { requireTask } from '../../../src/core/ledger/taskStore.ts';
import { bind } from '../../../src/core/operations/bind.ts';
import { criteriaPlan } from '../../../src/core/operations/criteriaPlan.ts';
import { handoff } from '../../../src/core/operations/handoff.ts';
import { tasks } from '../../../src/core/operations/tasks.ts';
import { isReadUnderLock, type Supervised, supervised } from './support.ts';

describe('naming a task', () => {
  let fixture: Supervised;

  beforeEach(async () => {
    fixture = await supervised({ isBound: false });
  });

  afterEach(() => fixture.dispose());

  it('CP-27: what a binding stands on is read inside the write lock', async () => {
    const tie = () => fixture.run(bind, { task: 'alpha', worker: 'w1', manager: 'm1' });
    assert.ok(await isReadUnderLock(fixture.context.ledger, /FROM bindings/, tie));
  });

  it('CP-33: of two tasks with one name, the bound one is meant, else the newer, also within one second', async () => {
    const { ledger } = fixture.context;
    const older = requireTask(ledger, 'alpha').id;
    await fixture.run(tasks, { create: 'alpha', goal: 'Again' });
    const newer = requireTask(ledger, 'alpha').id;
    assert.notEqual(newer, older);
    await fixture.run(bind, { task: older, worker: 'w1', manager: 'm1' });
    assert.equal(requireTask(ledger, 'alpha').id, older);
    const note = await fixture.run(handoff, { task: newer, summary: 'by id' });
    assert.equal(note.task_id, newer);
  });

  it("CP-54: a worker's answer that cannot be read is refused in a sentence", async () => {
    const input = { task: 'alpha', fromWorkerResponse: 'absent.md' };
    await fixture.refuses(criteriaPlan, input, 'file_unreadable', /absent\.md/);
    await fixture.refuses(criteriaPlan, { ...input, fromWorkerResponse: '.' }, 'file_unreadable');
  });

  it('reads nested lists, check boxes and placeholders of an answer as a person would', async () => {
    const answer = ['Current-task scope', '- [x] `Loads`', '  in a second', '', '- None.', 'Follow-up:', '1) Later'];
    const plan = await fixture.run(criteriaPlan, { task: 'alpha', fromText: answer.join('\r\n') });
    assert.deepEqual(
      plan.suggestions.map(({ criterion, status }) => [criterion, status]),
      [
        ['[x] `Loads` in a second', 'accepted'],
        ['Later', 'deferred'],
      ],
    );
  });
});
