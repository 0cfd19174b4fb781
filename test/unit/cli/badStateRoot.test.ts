import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openLedger } from '../../../src/core/ledger/openLedger.ts';

const cli = fileURLToPath(new URL('../../../src/cli/entry.ts', import.meta.url));
/** Root may write everywhere: then the command runs as somebody else. */
const somebody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
/** Coverage goes into the checkout, where somebody else may not write. */
const uncovered = { NODE_V8_COVERAGE: '' };
/** The checkout may lie where nobody else may read. */
const canRun = spawnSync(process.execPath, [cli, '--help'], { env: uncovered, ...somebody }).status === 0;

describe('a state root that cannot be written', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'conveyor-root-'));
    own(folder);
  });
  afterEach(() => {
    chmodSync(folder, 0o700);
    rmSync(folder, { recursive: true, force: true });
  });

  function own(path: string): void {
    if (somebody.uid !== undefined) chownSync(path, somebody.uid, somebody.gid);
  }

  function refuses(stateRoot: string, says: RegExp): void {
    for (const argv of [['tasks', '--create', 't', '--goal', 'g'], ['sessions']]) {
      const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...argv], {
        cwd: folder,
        env: { ...uncovered, HOME: folder, WORKERCTL_STATE_ROOT: stateRoot },
        encoding: 'utf8',
        ...(canRun ? somebody : {}),
      });
      assert.equal(status, 1, stderr);
      assert.equal(stdout, '');
      assert.match(stderr, says);
      assert.match(stderr, /^conveyor: .*\n$/);
      assert.doesNotMatch(stderr, /internal error|Error:/);
    }
  }

  it('CP-54: is named, with what to do', () => {
    // Not even root makes folders there.
    refuses('/proc/conveyor', /cannot create the state root \/proc\/conveyor .*WORKERCTL_STATE_ROOT/);
  });

  it('CP-54: below a file it is none, and nothing is made', () => {
    writeFileSync(join(folder, 'file'), '');
    refuses(join(folder, 'file', 'deep', 'root'), /cannot create the state root .*WORKERCTL_STATE_ROOT/);
    assert.deepEqual(readdirSync(folder), ['file']);
  });

  it('CP-54: by its permissions is named, and nothing is made', function () {
    if (!canRun) this.skip();
    mkdirSync(join(folder, 'locked'), { mode: 0o500 });
    own(join(folder, 'locked'));
    refuses(join(folder, 'locked', 'root'), /cannot create the state root/);
    refuses(join(folder, 'locked'), /cannot write the ledger/);
    assert.equal(existsSync(join(folder, 'locked', 'workerctl.db')), false);
  });

  it('CP-54: with a ledger that may only be read is named', function () {
    if (!canRun) this.skip();
    const root = join(folder, 'sealed');
    openLedger(join(root, 'workerctl.db'), 0).connection.close();
    chmodSync(join(root, 'workerctl.db'), 0o400);
    chmodSync(root, 0o500);
    own(join(root, 'workerctl.db'));
    own(root);
    refuses(root, /cannot write the ledger .*sealed\/workerctl\.db \(SQLITE_/);
    chmodSync(root, 0o700);
  });
});
