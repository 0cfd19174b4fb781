import assert from 'node:assert/strict';
import { recordSession } from '../../../src/core/operations/register.ts';
import { runOperation } from '../../../src/core/operations/runOperation.ts';
import { tasks } from '../../../src/core/operations/tasks.ts';
import { temporaryContext } from '../support/temporaryContext.ts';

const actors = (ledger: { all(sql: string): unknown[] }) =>
  ledger.all("SELECT actor FROM events WHERE type = 'task_created' ORDER BY id").map((row) => JSON.stringify(row));

describe('who asked', () => {
  it('is the session whose thread runs the command, the person in the panel, or nobody that is known', async () => {
    const plain = temporaryContext();
    recordSession(plain.context, {
      name: 'm1',
      role: 'manager',
      tmuxSession: undefined,
      codexSessionPath: '/r/m1.jsonl',
      codexSessionId: 'thread-m1',
      pid: 7,
      cwd: '/srv',
      codexVersion: null,
    });
    await runOperation(tasks, plain.context, { create: 'by-terminal', goal: 'g' });
    const { ledgerFile } = plain.context;
    const manager = temporaryContext({ ledgerFile, variables: { CODEX_THREAD_ID: 'thread-m1' } });
    await runOperation(tasks, manager.context, { create: 'by-manager', goal: 'g' });
    const stranger = temporaryContext({ ledgerFile, variables: { CODEX_THREAD_ID: 'another' } });
    await runOperation(tasks, stranger.context, { create: 'by-stranger', goal: 'g' });
    const panel = temporaryContext({ ledgerFile, surface: 'panel' });
    await runOperation(tasks, panel.context.sharing(), { create: 'by-person', goal: 'g' });
    assert.deepEqual(
      actors(plain.context.ledger),
      ['workerctl', 'manager', 'workerctl', 'operator'].map((actor) => JSON.stringify({ actor })),
    );
    for (const fixture of [panel, stranger, manager, plain]) fixture.dispose();
  });
});
