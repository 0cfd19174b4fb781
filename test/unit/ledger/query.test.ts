import assert from 'node:assert/strict';
import { ConveyorError } from '../../../src/core/domain/errors.ts';
import { listWatchedSessions, upsertSession } from '../../../src/core/ledger/sessionStore.ts';
import { findTask, insertTask, listTasks } from '../../../src/core/ledger/taskStore.ts';
import { temporaryContext } from '../support/temporaryContext.ts';

describe('a row that somebody spoiled', () => {
  it('is one sentence that names the file and the column, and none of what stands there', () => {
    const { context, dispose } = temporaryContext();
    const { ledger } = context;
    insertTask(ledger, { name: 'spoiled', goal: 'g', summary: null }, 0);
    ledger.run("UPDATE tasks SET goal = CAST('secret' AS BLOB)");
    const isSaid = (error: unknown) =>
      ConveyorError.is(error, 'ledger_invalid') &&
      error.message.includes(ledger.file) &&
      /\bgoal\b/.test(error.message) &&
      !/\n|secret/.test(error.message);
    assert.throws(() => findTask(ledger, 'spoiled'), isSaid);
    assert.throws(() => listTasks(ledger, { onlyOpen: false }), isSaid);
    dispose();
  });

  it('keeps no other session from being watched', () => {
    const { context, dispose } = temporaryContext();
    const { ledger } = context;
    for (const name of ['whole', 'spoiled']) {
      const registration = { name, codexSessionPath: null, codexSessionId: null, pid: 1, cwd: '/' };
      upsertSession(ledger, { ...registration, role: 'worker' }, 0);
    }
    ledger.run("UPDATE sessions SET cwd = CAST('x' AS BLOB) WHERE name = 'spoiled'");
    assert.deepEqual(
      listWatchedSessions(ledger).map(({ name }) => name),
      ['whole'],
    );
    dispose();
  });
});
