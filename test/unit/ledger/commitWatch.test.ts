import assert from 'node:assert/strict';
import { CommitWatch } from '../../../src/core/ledger/commitWatch.ts';
import type { Connection } from '../../../src/core/ledger/connection.ts';
import { openLedger } from '../../../src/core/ledger/openLedger.ts';
import { FakeFolderWatcher } from '../../../src/core/ports/folderWatcher.ts';
import { temporaryContext, type TemporaryContext } from '../support/temporaryContext.ts';

describe('the watch for commits', () => {
  let temporary: TemporaryContext;
  let other: Connection;
  let folder: FakeFolderWatcher;
  let watch: CommitWatch;
  let told: number;

  beforeEach(() => {
    temporary = temporaryContext();
    other = openLedger(temporary.context.ledger.file, Date.now()).connection;
    folder = new FakeFolderWatcher();
    told = 0;
    watch = new CommitWatch(temporary.context.ledger, () => (told += 1), folder);
  });
  afterEach(() => {
    watch.close();
    other.close();
    temporary.dispose();
  });

  const commit = () => other.run('UPDATE panel_sequence SET value = value + 1');

  it('tells at once of a commit of another connection, and once', () => {
    commit();
    folder.change();
    folder.change();
    assert.equal(told, 1);
  });

  it('says nothing of our own commits, nor of a folder that was merely touched', async () => {
    temporary.context.ledger.run('UPDATE panel_sequence SET value = value + 1');
    folder.change();
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(told, 0);
  });

  it('notices a commit that becomes visible only after the folder had said that it changed', async () => {
    folder.change();
    commit();
    const isTold = () => told > 0;
    const deadline = Date.now() + 10_000;
    while (!isTold() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(told, 1);
  });

  it('calls nobody after it was closed', async () => {
    folder.change();
    watch.close();
    commit();
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual([told, folder.watching], [0, 0]);
  });
});
