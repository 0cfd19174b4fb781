import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeSandbox, missingIsolation, type ReviewSandbox } from '../../../src/core/supervise/reviewSandbox.ts';

const has = (platform: string, tool: string | null, architecture = 'x64') => ({
  platform,
  architecture,
  find: (program: string) => (program === tool ? `/usr/bin/${program}` : null),
});

describe("a reviewer's sandbox", () => {
  let folder: string;
  let sandbox: ReviewSandbox | null = null;

  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'conveyor-sandbox-')));
  });

  afterEach(() => {
    sandbox?.remove();
    rmSync(folder, { recursive: true });
  });

  it('says clearly what is missing', () => {
    assert.match(missingIsolation(has('linux', null)) ?? '', /install bubblewrap/);
    assert.match(missingIsolation(has('linux', 'bwrap', 's390x')) ?? '', /not supported on s390x/);
    assert.match(missingIsolation(has('darwin', null)) ?? '', /sandbox-exec not available/);
    assert.match(missingIsolation(has('win32', 'bwrap')) ?? '', /no sandbox is known for win32/);
    assert.equal(missingIsolation(has('linux', 'bwrap', 'arm64')), null);
    assert.equal(missingIsolation(has('darwin', 'sandbox-exec')), null);
  });

  it('on macOS is a profile that denies by real paths, in quotes, after it allowed', () => {
    mkdirSync(join(folder, 'real "one"'));
    symlinkSync(join(folder, 'real "one"'), join(folder, 'link'));
    sandbox = makeSandbox(has('darwin', 'sandbox-exec'), {
      denied: [join(folder, 'link'), join(folder, 'real "one"'), join(folder, 'link', 'not yet')],
      allowNetwork: false,
    });
    assert.equal(sandbox.deniedCount, 2);
    const { file, argv, cwd } = sandbox.wrap(['review', '--fast'], sandbox.folder);
    assert.deepEqual([file, argv[0], ...argv.slice(2)], ['/usr/bin/sandbox-exec', '-f', 'review', '--fast']);
    assert.equal(cwd, sandbox.folder);
    const lines = readFileSync(argv[1] ?? '', 'utf8').split('\n');
    const denied = join(folder, 'real \\"one\\"');
    assert.ok(lines.indexOf('(deny file-write*)') < lines.findIndex((line) => line.startsWith('(allow file-write*')));
    assert.ok(lines.includes(`(deny file-read* file-write* (literal "${denied}") (subpath "${denied}"))`));
    assert.ok(lines.includes('(deny network*)'));
  });

  it('on Linux covers what is there, and what lies in a folder that is covered once', () => {
    writeFileSync(join(folder, 'inside'), '');
    sandbox = makeSandbox(has('linux', 'bwrap'), {
      denied: [join(folder, 'inside'), folder, '/no/such/file'],
      allowNetwork: true,
    });
    assert.equal(sandbox.deniedCount, 3);
    const line = sandbox.wrap(['true'], '/').argv.join(' ');
    assert.match(line, /--unshare-all --share-net /);
    assert.ok(line.includes(`--tmpfs ${folder} --remount-ro ${folder} --bind`), line);
    assert.ok(!line.includes('inside') && !line.includes('/no/such/file'));
  });
});
