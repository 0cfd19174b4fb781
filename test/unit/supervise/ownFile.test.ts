import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConveyorError } from '../../../src/core/domain/errors.ts';
import { WorkerFolder, findWorkerFolder } from '../../../src/core/supervise/legacyFolder.ts';
import { ownFolder, replaceOwnFile } from '../../../src/core/supervise/ownFile.ts';

describe('a link that an agent planted below the state root', () => {
  let root: string;
  let elsewhere: string;
  let victim: string;

  beforeEach(() => {
    const folder = mkdtempSync(join(tmpdir(), 'conveyor-own-'));
    root = join(folder, 'state');
    elsewhere = join(folder, 'elsewhere');
    victim = join(elsewhere, 'victim');
    for (const one of [root, elsewhere]) mkdirSync(one);
    writeFileSync(victim, 'mine');
  });

  afterEach(() => rmSync(join(root, '..'), { recursive: true, force: true }));

  it('in the place of a file is replaced, and what it leads to is left alone', () => {
    symlinkSync(victim, join(root, 'prompt.md'));
    replaceOwnFile(root, 'prompt.md', 'new');
    assert.equal(readFileSync(join(root, 'prompt.md'), 'utf8'), 'new');
    assert.equal(readFileSync(victim, 'utf8'), 'mine');
    assert.deepEqual(readdirSync(root), ['prompt.md']);
  });

  it('in the place of a folder is refused', () => {
    symlinkSync(elsewhere, join(root, 'artifacts'));
    assert.throws(
      () => ownFolder(root, 'artifacts', 'start-prompts'),
      (error: unknown) => ConveyorError.is(error, 'state_root_unwritable') && error.message.includes('artifacts'),
    );
    assert.ok(!existsSync(join(elsewhere, 'start-prompts')));
  });

  it('in the place of a worker of the first generation, or of its log, is not followed', () => {
    writeFileSync(join(elsewhere, 'config.json'), '{"name":"linked"}');
    symlinkSync(elsewhere, join(root, 'linked'));
    assert.equal(findWorkerFolder(root, 'linked'), null);
    assert.throws(() => new WorkerFolder(root, 'linked').writeConfig({ name: 'linked' }));
    const worker = new WorkerFolder(root, 'w');
    worker.writeConfig({ name: 'w' });
    symlinkSync(victim, join(worker.path, 'events.jsonl'));
    assert.throws(() => worker.appendEvent('nudged', {}, 0));
    assert.equal(readFileSync(victim, 'utf8'), 'mine');
  });
});
