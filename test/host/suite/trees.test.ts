import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import * as vscode from 'vscode';

import { noCriteria, aCriterion, aSession, aSnapshot, aTask } from '../builders.ts';
import { drawn, eventually, insides, setWorld, workspaceFolder } from './world.ts';

describe('trees', () => {
  it('show a task with its worker, manager, criteria and last cycle, and who dispatches', async () => {
    const { views } = await insides();
    setWorld({
      snapshot: aSnapshot({
        tasks: [
          aTask({
            lastCycle: { id: 7, at: new Date().toISOString(), outcome: 'succeeded', workerState: 'busy', error: null },
            criteria: { ...noCriteria, accepted: 2, satisfied: 1, proposed: 1 },
          }),
        ],
        sessions: [aSession(), aSession({ name: 'login-flake-manager', role: 'manager', state: 'idle' })],
      }),
    });
    await eventually(async () =>
      assert.equal(
        await drawn(views.tasks),
        [
          'login-flake | worker busy · 1/3',
          '  login-flake-worker | busy · now · worker · rollout',
          '  login-flake-manager | idle · now · manager · rollout',
          '  Criteria | 1 of 3 satisfied, 1 proposed',
          '  Last cycle | saw busy · now',
          'Dispatch | this window · 14 sent on',
        ].join('\n'),
      ),
    );
  });

  it('follow a write by another process', async () => {
    const { views } = await insides();
    const script = `
      const { writeFileSync, renameSync } = require('node:fs');
      const [folder, world] = process.argv.slice(1);
      writeFileSync(folder + '/draft-2', world);
      renameSync(folder + '/draft-2', folder + '/fake.json');`;
    const world = JSON.stringify({ snapshot: aSnapshot({ sessions: [aSession({ name: 'from-outside' })] }) });
    execFileSync(process.execPath, ['-e', script, join(workspaceFolder(), '.codex-workers'), world]);
    await eventually(async () => assert.match(await drawn(views.sessions), /from-outside/));
  });

  it('keep the row of a task over changes, so that it stays expanded and selected', async () => {
    const { views } = await insides();
    setWorld({ snapshot: aSnapshot({ tasks: [aTask()], sessions: [aSession()] }) });
    await eventually(async () => assert.match(await drawn(views.tasks), /worker busy/));
    const [before] = await views.tasks.getChildren();
    setWorld({ snapshot: aSnapshot({ tasks: [aTask()], sessions: [aSession({ state: 'idle' })] }) });
    await eventually(async () => assert.match(await drawn(views.tasks), /worker idle/));
    const [after] = await views.tasks.getChildren();
    assert.equal(after, before);
  });

  it('show criteria of the selected task by status', async () => {
    const { views } = await insides();
    setWorld({
      snapshot: aSnapshot({
        tasks: [aTask()],
        criteria: [
          aCriterion({ id: 1, status: 'satisfied', text: 'Reproduced', proof: 'seed 42' }),
          aCriterion({ id: 2, text: 'Fixed' }),
          aCriterion({ id: 3, status: 'proposed', text: 'Documented', source: 'worker_proposed' }),
          aCriterion({ id: 4, task: 'another', text: 'Not shown' }),
        ],
      }),
    });
    await eventually(async () =>
      assert.equal(
        await drawn(views.criteria),
        [
          'Open | 1',
          '  Fixed | from manager',
          'Proposed | 1',
          '  Documented | from worker',
          'Satisfied | 1',
          '  Reproduced | seed 42',
        ].join('\n'),
      ),
    );
    assert.equal(views.criteria.view.description, 'login-flake');
  });

  it('count only what waits for the person in the badge', async () => {
    const { views } = await insides();
    const approval = {
      id: 'approval-1',
      kind: 'approval',
      message: 'login-flake-worker asks to run npm test.',
      session: 'login-flake-worker',
      task: 'login-flake',
      since: new Date().toISOString(),
    } as const;
    setWorld({ snapshot: aSnapshot({ tasks: [aTask()], sessions: [aSession()], attention: [approval] }) });
    await eventually(() => assert.equal(views.tasks.view.badge?.value, 1));
    assert.match(await drawn(views.tasks), /login-flake \| needs you/);
    setWorld({ snapshot: aSnapshot({ tasks: [aTask()], sessions: [aSession()] }) });
    await eventually(() => assert.equal(views.tasks.view.badge, undefined));
  });

  it('are empty without tasks, so that the welcome shows', async () => {
    const { views } = await insides();
    setWorld({ snapshot: aSnapshot() });
    await eventually(async () => assert.equal(await drawn(views.tasks), ''));
  });

  it('have tooltips that interpret nothing of what a ledger says', async () => {
    const { views } = await insides();
    setWorld({ snapshot: aSnapshot({ tasks: [aTask({ goal: '[run](command:workbench.action.quit) **now**' })] }) });
    await eventually(async () => assert.notEqual(await drawn(views.tasks), ''));
    const [task] = await views.tasks.getChildren();
    assert.ok(task);
    const { tooltip } = views.tasks.resolveTreeItem(views.tasks.getTreeItem(task), task);
    assert.ok(tooltip instanceof vscode.MarkdownString);
    assert.ok(tooltip.value.includes('\\[run\\]'), tooltip.value);
    assert.notEqual(tooltip.isTrusted, true);
  });
});
