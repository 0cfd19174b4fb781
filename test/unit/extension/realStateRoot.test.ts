import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { realStateRoot } from '../../../src/extension/engine/realStateRoot.ts';

describe('where a state root really is', () => {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'conveyor-root-'));

  after(() => rmSync(folder, { recursive: true, force: true }));

  it('is the same through a link to its workspace, before and after it is made', () => {
    mkdirSync(join(folder, 'real'));
    symlinkSync(join(folder, 'real'), join(folder, 'link'));
    const roots = () => ['real', 'link'].map((name) => realStateRoot(join(folder, name, '.codex-workers')));
    const wanted = join(folder, 'real', '.codex-workers');
    assert.deepEqual(roots(), [wanted, wanted]);
    mkdirSync(wanted);
    assert.deepEqual(roots(), [wanted, wanted]);
  });
});
