import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(new URL('../../../src/cli/entry.ts', import.meta.url));
/** Not even root makes folders there, and making them with their parents by Node's own means never ends. */
const nowhere = '/proc/nowhere';

describe('a folder that cannot be made', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'conveyor-folders-'));
    mkdirSync(join(folder, 'codex'));
    assert.equal(run(['tasks', '--create', 't', '--goal', 'g']).status, 0);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function run(argv: readonly string[], env: Record<string, string> = {}) {
    return spawnSync(process.execPath, [cli, ...argv], {
      cwd: folder,
      env: { HOME: folder, PATH: process.env.PATH ?? '', CODEX_HOME: join(folder, 'codex'), ...env },
      encoding: 'utf8',
      timeout: 60_000,
    });
  }

  const cases: Readonly<Record<string, { readonly argv: readonly string[]; readonly env?: Record<string, string> }>> = {
    'of skills': { argv: ['install-skills', '--codex-home', nowhere] },
    'of an export': { argv: ['export-task', 't', '--output', join(nowhere, 'x')] },
    'of an archive': { argv: ['export-task', 't', '--zip', '--output', join(nowhere, 'x')] },
    'of hooks': { argv: ['install-hooks'], env: { XDG_DATA_HOME: nowhere } },
  };
  for (const [name, { argv, env }] of Object.entries(cases)) {
    it(`${name} is named in one line, and soon`, function () {
      this.timeout(90_000);
      const { status, stderr, signal } = run(argv, env);
      assert.equal(signal, null, 'it never ended');
      assert.equal(status, 1, stderr);
      assert.match(stderr, /^conveyor: .*\/proc\/nowhere.*\n$/);
      assert.doesNotMatch(stderr, /internal error/);
    });
  }
});
