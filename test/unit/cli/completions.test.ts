import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { completionFiles } from '../../../src/build/shellCompletions.ts';
import { completions, shellNames } from '../../../src/cli/completions.ts';

const entry = fileURLToPath(new URL('../../../src/cli/entry.ts', import.meta.url));

describe('shell completions', function () {
  this.timeout(60_000);

  it('are what the definitions say; refresh them with "npm run docs"', async () => {
    for (const shell of shellNames) {
      assert.equal(readFileSync(completionFiles[shell], 'utf8'), await completions(shell), shell);
    }
  });

  describe('in bash', () => {
    let folder: string;

    before(() => {
      folder = mkdtempSync(join(tmpdir(), 'conveyor-complete-'));
      mkdirSync(join(folder, 'bin'));
      writeFileSync(join(folder, 'bin', 'conveyor'), `#!/bin/sh\nexec '${process.execPath}' '${entry}' "$@"\n`);
      chmodSync(join(folder, 'bin', 'conveyor'), 0o755);
      writeFileSync(join(folder, 'notes.txt'), '');
    });

    after(() => rmSync(folder, { recursive: true, force: true }));

    /** What TAB offers behind these words; the last one is being typed. */
    function offered(...words: readonly string[]): string[] {
      const script = `source '${completionFiles.bash}'; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _conveyor; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-c', script, 'bash', 'conveyor', ...words], {
        cwd: folder,
        encoding: 'utf8',
        env: {
          PATH: [join(folder, 'bin'), dirname(process.execPath), process.env.PATH].join(delimiter),
          HOME: folder,
        },
      });
      assert.deepEqual(
        [stderr.replaceAll(/.*compopt: not currently executing completion function\n/g, ''), status],
        ['', 0],
      );
      return stdout.split('\n').filter(Boolean);
    }

    it('offers verbs, flags and choices', () => {
      assert.deepEqual(offered('manager-'), ['manager-ack', 'manager-config', 'manager-inbox', 'manager-permission']);
      assert.deepEqual(offered('bind', '--w'), ['--worker']);
      assert.deepEqual(offered('manager-config', 'alpha', '--mode', ''), ['light', 'guided', 'strict']);
      assert.deepEqual(offered('manager-config', 'alpha', '--mode', '=', 's'), ['strict']);
      assert.deepEqual(offered('manager-config', 'alpha', '--permit', 'repo.o'), ['repo.open_pr']);
      assert.deepEqual(offered('record-decision', 'alpha', 'in'), ['interrupt', 'inspect']);
      assert.deepEqual(offered('completions', ''), ['bash', 'fish', 'zsh']);
      assert.ok(offered('help', 'e').includes('environment'));
      assert.deepEqual(offered('import-compat', '--path', 'not'), ['notes.txt']);
      assert.deepEqual(offered('no-such-verb', ''), []);
    });

    it('creates no ledger, and offers the names of one that is there, whatever they hold', () => {
      assert.deepEqual(offered('cycle', ''), []);
      assert.ok(!existsSync(join(folder, '.codex-workers')));
      const environment = { ...process.env, WORKERCTL_STATE_ROOT: join(folder, '.codex-workers') };
      for (const argv of [
        ['tasks', '--create', 'alpha beta', '--goal', 'x'],
        ['tasks', '--create', 'al$(touch pwned)', '--goal', 'x'],
        ['create-disposable-binding', 'alpine', '--worker', 'w one', '--manager', 'm1'],
      ]) {
        const done = spawnSync(process.execPath, [entry, ...argv], { env: environment, cwd: folder, encoding: 'utf8' });
        assert.equal(done.status, 0, done.stderr);
      }
      assert.deepEqual(offered('cycle', 'al').toSorted(), [
        String.raw`al\$\(touch\ pwned\)`,
        String.raw`alpha\ beta`,
        'alpine',
      ]);
      assert.deepEqual(offered('bind', '--task', 'alpi'), ['alpine']);
      assert.deepEqual(offered('session-nudge', ''), [String.raw`w\ one`, 'm1']);
      assert.deepEqual(offered('session-nudge', 'm1', ''), []);
      assert.ok(!existsSync(join(folder, 'pwned')));
    });
  });
});
