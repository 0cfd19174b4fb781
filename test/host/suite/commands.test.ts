import assert from 'node:assert/strict';

import * as vscode from 'vscode';

import { commandIds, extensionId } from '../../../src/extension/ids.ts';
import { aCriterion, aSession, aSnapshot, aTask } from '../builders.ts';
import { calls, clearCalls, eventually, insides, press, setWorld, unread, workspaceFolder } from './world.ts';

describe('commands', () => {
  before(async () => {
    const { model } = await insides();
    const worker = aSession();
    const manager = aSession({ name: 'login-flake-manager', role: 'manager', state: 'idle' });
    setWorld({ snapshot: aSnapshot({ tasks: [aTask()], sessions: [worker, manager], criteria: [aCriterion()] }) });
    await eventually(() => assert.equal(model.tasks.length, 1));
  });

  beforeEach(clearCalls);

  it('that are contributed are registered, and the reverse', async () => {
    const manifest: unknown = vscode.extensions.getExtension(extensionId)?.packageJSON;
    const contributed = contributedCommands(manifest).toSorted();
    const own = (await vscode.commands.getCommands(true)).filter(
      (id) => id.startsWith('conveyor.') && !isViewCommand(id),
    );
    assert.deepEqual(own.toSorted(), contributed);
    assert.deepEqual(contributed, Object.values(commandIds).toSorted());
  });

  it('pass on what they were called with', async () => {
    assert.deepEqual(await press('nudgeSession', { session: 'login-flake-worker', text: 'go on' }), {
      ok: true,
      output: null,
    });
    assert.equal((await press('interruptSession', { session: 'login-flake-worker' })).ok, true);
    assert.equal((await press('resumeSession', { session: 'login-flake-worker' })).ok, true);
    assert.equal((await press('cycleNow', { task: 'login-flake' })).ok, true);
    assert.equal((await press('addCriterion', { task: 'login-flake', text: 'Lint is clean' })).ok, true);
    assert.equal((await press('satisfyCriterion', { task: 'login-flake', criterion: 1, text: '10 of 10' })).ok, true);
    assert.equal((await press('finishTask', { task: 'login-flake', stop: 'worker', text: 'Done.' })).ok, true);
    assert.equal((await press('stopSession', { session: 'login-flake-worker', stop: 'worker' })).ok, true);
    assert.deepEqual(calls(), [
      { name: 'session-nudge', input: { name: 'login-flake-worker', text: 'go on' } },
      { name: 'session-interrupt', input: { name: 'login-flake-worker' } },
      { name: 'resume', input: { name: 'login-flake-worker' } },
      { name: 'cycle', input: { task: 'login-flake' } },
      {
        name: 'criteria',
        input: {
          task: 'login-flake',
          action: 'add',
          criterion: 'Lint is clean',
          source: 'user_requested',
          status: 'accepted',
        },
      },
      { name: 'criteria', input: { task: 'login-flake', action: 'satisfy', id: 1, proof: '10 of 10' } },
      { name: 'finish-task', input: { task: 'login-flake', reason: 'Done.', stopWorker: true, stopManager: false } },
      { name: 'stop', input: { name: 'login-flake-worker' } },
    ]);
  });

  it('answer exactly the question that was shown, and refuse where nothing is asked', async () => {
    const { model } = await insides();
    const question = {
      dialog: 'approval_command',
      text: 'Would you like to run the following command?\n$ make deploy',
      options: [
        { number: 1, label: 'Yes, proceed (y)' },
        { number: 2, label: 'No (esc)' },
      ],
      fingerprint: '0123456789abcdef',
    };
    const world = { tasks: [aTask()], criteria: [aCriterion()] };
    setWorld({ snapshot: aSnapshot({ ...world, sessions: [aSession({ question })] }) });
    await eventually(() => assert.ok(model.sessions.some(({ item }) => item.question !== null)));
    const { fingerprint: expect } = question;
    const read = { session: 'login-flake-worker', question: expect };
    assert.equal((await press('approveSession', { ...read, option: 2 })).ok, true);
    assert.equal((await press('denySession', { ...read, confirmed: true })).ok, true);
    assert.deepEqual(calls(), [
      { name: 'approve', input: { name: 'login-flake-worker', option: 2, expect } },
      { name: 'deny', input: { name: 'login-flake-worker', expect } },
    ]);
    const manager = aSession({ name: 'login-flake-manager', role: 'manager', state: 'idle' });
    setWorld({ snapshot: aSnapshot({ ...world, sessions: [aSession(), manager] }) });
    await eventually(() => assert.ok(model.sessions.every(({ item }) => item.question === null)));
    const refused = await press('approveSession', { session: 'login-flake-worker', option: 1 });
    assert.ok(!refused.ok && refused.code === 'dialog_missing');
  });

  it('ask before they answer a question that nobody has read, whatever they were called with', async () => {
    const { model } = await insides();
    const options = [{ number: 1, label: 'Yes' }];
    const question = { dialog: 'approval_command', text: '$ make deploy', options, fingerprint: 'now' };
    setWorld({ snapshot: aSnapshot({ sessions: [aSession({ question })] }) });
    await eventually(() => assert.equal(model.sessions[0]?.item.question?.fingerprint, 'now'));
    for (const [name, parts] of [
      ['approveSession', { option: 1 }],
      ['approveSession', { option: 1, question: 'before' }],
      ['denySession', { confirmed: true, question: 'before' }],
    ] as const) {
      const answer = press(name, { session: 'login-flake-worker', ...parts });
      // Enter on the first row, which is the question itself, decides nothing.
      await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
      await eventually(async () => {
        await vscode.commands.executeCommand('workbench.action.closeQuickOpen');
        assert.ok(await settled(answer));
      });
      const outcome = await answer;
      assert.ok(!outcome.ok && outcome.code === 'cancelled', JSON.stringify(outcome));
    }
    assert.deepEqual(calls(), []);
  });

  it('show what they would change of Codex’s configuration, and write exactly that after a word', async () => {
    const change = {
      path: '/home/me/.codex/hooks.json',
      change: 'changed',
      diff: '--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n',
    };
    const output = { files: [change], digest: 'd-1', note: 'Codex asks once.' };
    setWorld({ snapshot: aSnapshot(), answers: { 'install-hooks': { ok: true, output } } });
    for (const [name, remove] of [
      ['installHooks', false],
      ['removeHooks', true],
    ] as const) {
      clearCalls();
      const left = press(name);
      await eventually(() => assert.match(vscode.window.activeTextEditor?.document.getText() ?? '', /^\+y$/m));
      const document = vscode.window.activeTextEditor?.document;
      assert.equal(document?.languageId, 'diff');
      assert.equal(document.isDirty || document.isUntitled, false);
      await eventually(async () => {
        await vscode.commands.executeCommand('workbench.action.closeQuickOpen');
        assert.ok(await settled(left));
      });
      const shown = { name: 'install-hooks', input: { dryRun: true, remove } };
      assert.deepEqual(calls(), [shown]);
      assert.equal((await press(name, { confirmed: true })).ok, true);
      const written = { name: 'install-hooks', input: { dryRun: false, remove, expect: 'd-1' } };
      assert.deepEqual(calls(), [shown, shown, written]);
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    }
  });

  it('mark the only unread session as read', async () => {
    const { model, views } = await insides();
    const attention = unread('2026-11-26T09:00:00Z');
    setWorld({ snapshot: aSnapshot({ sessions: [aSession(), aSession({ name: 'silent', attention })] }) });
    await eventually(() => assert.equal(model.sessions.length, 2));
    clearCalls();
    assert.equal((await press('markRead')).ok, true);
    assert.deepEqual(calls(), [{ name: 'mark-read', input: { name: 'silent' } }]);
    const rows = (await views.sessions.getChildren()).map((node) => views.sessions.getTreeItem(node).contextValue);
    assert.deepEqual(rows, ['conveyor.session', 'conveyor.session.unread']);
  });

  it('start a pair in the folder with names made from the task', async () => {
    const outcome = await press('startPair', { goal: 'Fix it', task: 'fix', text: 'Fix it, please' });
    assert.equal(outcome.ok, true);
    assert.deepEqual(calls(), [
      {
        name: 'pair',
        input: {
          task: 'fix',
          goal: 'Fix it',
          worker: 'fix-worker',
          manager: 'fix-manager',
          prompt: 'Fix it, please',
          cwd: workspaceFolder(),
        },
      },
    ]);
  });

  it('refuse names that do not exist, and say so', async () => {
    const unknown = await press('nudgeSession', { session: 'nobody', text: 'hello' });
    assert.deepEqual(
      { ...unknown, ...(unknown.ok ? {} : { message: /nobody/.test(unknown.message) }) },
      { ok: false, code: 'unknown_session', message: true, remedy: 'Choose one in the Sessions view.' },
    );
    assert.deepEqual(calls(), []);
  });

  it('show blockers and do not finish while one refuses', async () => {
    const { model } = await insides();
    setWorld({
      snapshot: aSnapshot({ tasks: [aTask({ name: 'blocked', id: 'task-2' })] }),
      blockers: [{ kind: 'open_criteria', message: '#1 is open.', refuses: true }],
    });
    await eventually(() => assert.equal(model.tasks[0]?.item.name, 'blocked'));
    const outcome = await press('finishTask', { task: 'blocked', stop: 'none' });
    assert.equal(outcome.ok, false);
    assert.ok(!outcome.ok && outcome.code === 'gate_failed' && outcome.message.includes('#1 is open.'));
    assert.deepEqual(calls(), []);
  });

  it('hand on the engine’s refusal with its code', async () => {
    const { model } = await insides();
    setWorld({
      snapshot: aSnapshot({ tasks: [aTask({ name: 'cycled', id: 'task-3' })] }),
      answers: {
        cycle: { ok: false, error: { code: 'no_binding', message: 'Nothing is bound.', remedy: 'Bind it.' } },
      },
    });
    await eventually(() => assert.equal(model.tasks[0]?.item.name, 'cycled'));
    assert.deepEqual(await press('cycleNow', { task: 'cycled' }), {
      ok: false,
      code: 'no_binding',
      message: 'Nothing is bound.',
      remedy: 'Bind it.',
    });
  });

  it('answer with the missing tool instead of starting half a pair', async () => {
    const { model } = await insides();
    setWorld({
      snapshot: aSnapshot({ problems: [{ kind: 'no_codex', message: 'Codex was not found.', remedy: 'Install it.' }] }),
    });
    await eventually(() => assert.equal(model.problems.length, 1));
    const outcome = await press('startPair', { goal: 'g', task: 't', text: 'p' });
    assert.deepEqual(outcome, { ok: false, code: 'no_codex', message: 'Codex was not found.', remedy: 'Install it.' });
    assert.deepEqual(calls(), []);
  });
});

function contributedCommands(manifest: unknown): readonly string[] {
  assert.ok(typeof manifest === 'object' && manifest !== null && 'contributes' in manifest);
  const { contributes } = manifest;
  assert.ok(typeof contributes === 'object' && contributes !== null && 'commands' in contributes);
  assert.ok(Array.isArray(contributes.commands));
  return contributes.commands.map((entry: { command: string }) => entry.command);
}

/** VS Code adds focus, open and reset commands for each view. */
function isViewCommand(id: string): boolean {
  return /^conveyor\.(tasks|sessions|criteria)\./.test(id);
}

/** Whether it has ended by now. */
async function settled(work: Promise<unknown>): Promise<boolean> {
  return Promise.race([work.then(() => true), new Promise<boolean>((done) => setTimeout(() => done(false), 50))]);
}
