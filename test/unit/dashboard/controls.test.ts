import assert from 'node:assert/strict';

import { Controls } from '../../../src/dashboard/controls.ts';
import { dashboardControls } from '../../../src/protocol/dashboard.ts';
import { operationNames } from '../../../src/core/operations/registry.ts';
import { sessionFixture, type SessionFixture } from '../support/sessionFixture.ts';

describe('the controls of the dashboard', () => {
  let at: SessionFixture;
  let controls: Controls;
  let changes: number;

  beforeEach(() => {
    at = sessionFixture();
    changes = 0;
    controls = new Controls(at.context, () => (changes += 1));
  });
  afterEach(() => at.dispose());

  it('are operations of core, all of them', () => {
    assert.deepEqual(
      Object.keys(dashboardControls).filter((name) => !operationNames.some((known) => known === name)),
      [],
    );
  });

  it('carry out what was asked, tell of it twice, and keep the receipt', async () => {
    const receipt = await controls.run('tasks', { create: 't1', goal: 'Ship it' });
    const { at: _, ...rest } = receipt;
    assert.deepEqual(rest, {
      id: 1,
      operation: 'tasks',
      subject: 't1',
      state: 'done',
      message: 'The task t1 is there.',
      facts: [],
    });
    assert.deepEqual(controls.receipts, [receipt]);
    assert.equal(changes, 2);
    assert.deepEqual(at.rows('SELECT name, goal FROM tasks'), [{ name: 't1', goal: 'Ship it' }]);
  });

  it('keep a refusal in its own words', async () => {
    const { state, message } = await controls.run('bind', { task: 'nowhere', worker: 'w1', manager: 'm1' });
    assert.equal(state, 'refused');
    assert.match(message, /Unknown task: nowhere/);
  });

  it('run nothing but what is on the list, with the inputs that are on the list', async () => {
    for (const [control, input] of [
      ['prune', {}],
      ['approve', { name: 'w1', option: 1 }],
      ['__proto__', {}],
      ['tasks', { create: 't1' }],
      ['tasks', { create: 't1', goal: 'g', summary: 'more' }],
      ['session-nudge', { name: 'w1', text: 'x', anyway: true }],
      [
        'pair',
        { task: 't', workerName: 'w', managerName: 'm', taskPrompt: 'p', cwd: '/', sandbox: 'danger-full-access' },
      ],
      ['export-task', { task: 't1', zip: true, output: '/etc', includeContent: true }],
      ['cycle', null],
    ] as const) {
      const { state } = await controls.run(control, input);
      assert.equal(state, 'refused', control);
    }
    assert.deepEqual(at.rows('SELECT name FROM tasks'), []);
  });

  it('keep the newest thirty receipts', async () => {
    for (let number = 0; number < 35; number += 1) await controls.run('none', {});
    assert.equal(controls.receipts.length, 30);
    assert.equal(controls.receipts[0]?.id, 35);
  });
});
