import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { completionFiles } from '../../src/build/shellCompletions.ts';
import { startServer, type TestServer, until } from './tmuxServer.ts';

const entry = fileURLToPath(new URL('../../src/cli/entry.ts', import.meta.url));

describe('shell completions in a terminal', function () {
  this.timeout(120_000);
  let folder: string;
  let server: TestServer;
  let environment: NodeJS.ProcessEnv;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'conveyor-complete-'));
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'bin', 'conveyor'), `#!/bin/sh\nexec '${process.execPath}' '${entry}' "$@"\n`, {
      mode: 0o755,
    });
    const PATH = [join(folder, 'bin'), dirname(process.execPath), process.env.PATH].join(delimiter);
    environment = { PATH, HOME: folder, TERM: 'screen', WORKERCTL_STATE_ROOT: join(folder, 'state') };
    for (const argv of [
      ['tasks', '--create', 'alpha beta', '--goal', 'x'],
      ['create-disposable-binding', 'gamma', '--worker', 'w1', '--manager', 'm1'],
    ]) {
      execFileSync(process.execPath, [entry, ...argv], { env: environment, cwd: folder });
    }
    server = startServer();
  });

  after(() => {
    server.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  });

  /** Types a line with TAB at its end into a shell, until what was typed reads so. */
  async function completes(shell: string, typed: string, becomes: string): Promise<void> {
    const screen = () => server.raw('capture-pane', '-p', '-J', '-t', shell);
    server.raw('send-keys', '-t', shell, '-l', typed);
    await until(`"${typed}" is typed`, () => screen().includes(`> ${typed}`));
    server.raw('send-keys', '-t', shell, 'Tab');
    await until(`"${typed}" becomes "${becomes}":\n${screen()}`, () => screen().includes(`> ${becomes}`));
    server.raw('send-keys', '-t', shell, 'C-u');
    await until('the line is empty', () => /> *\n*$/.test(screen()));
  }

  async function open(shell: string, argv: readonly string[], setUp: string): Promise<void> {
    const variables = Object.entries(environment).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
    server.raw('new-session', '-d', '-s', shell, '-x', '150', '-y', '40', '-c', folder, ...variables, ...argv);
    // tmux gives a new pane the PATH of whoever asks for it.
    server.raw('send-keys', '-t', shell, '-l', `PATH='${environment.PATH}'; ${setUp}; echo re''ady`);
    server.raw('send-keys', '-t', shell, 'Enter');
    await until(`${shell} is ready`, () => /^ready/m.test(server.raw('capture-pane', '-p', '-t', shell)));
  }

  it('work in bash', async () => {
    await open('bash', ['bash', '--norc'], `source '${completionFiles.bash}'; PS1='> '`);
    await completes('bash', 'conveyor manager-p', 'conveyor manager-permission ');
    await completes('bash', 'conveyor cycle alp', String.raw`conveyor cycle alpha\ beta `);
    await completes('bash', 'conveyor bind --worker w', 'conveyor bind --worker w1 ');
    await completes(
      'bash',
      'workerctl manager-config gamma --mode=st',
      'workerctl manager-config gamma --mode=strict ',
    );
  });

  it('work in zsh', async () => {
    const setUp = `PROMPT='> '; autoload -U compinit && compinit -u -D; source '${completionFiles.zsh}'`;
    await open('zsh', ['zsh', '-f'], setUp);
    await completes('zsh', 'conveyor manager-p', 'conveyor manager-permission ');
    await completes('zsh', 'conveyor cycle alp', String.raw`conveyor cycle alpha\ beta `);
    await completes('zsh', 'conveyor bind --worker w', 'conveyor bind --worker w1 ');
    await completes('zsh', 'workerctl manager-config gamma --mode=st', 'workerctl manager-config gamma --mode=strict ');
    await completes('zsh', 'conveyor record-decision gamma esc', 'conveyor record-decision gamma escalate ');
  });

  it('work in fish', () => {
    const offered = (line: string): string[] => {
      const script = `source '${completionFiles.fish}'; complete -C '${line}'`;
      const { stdout, stderr } = spawnSync('fish', ['-N', '-c', script], {
        env: environment,
        cwd: folder,
        encoding: 'utf8',
      });
      assert.equal(stderr, '');
      return stdout.split('\n').flatMap((found) => found.split('\t')[0] || []);
    };
    assert.deepEqual(offered('conveyor manager-p'), ['manager-permission']);
    assert.deepEqual(offered('conveyor cycle ').toSorted(), ['alpha beta', 'gamma']);
    assert.deepEqual(offered('conveyor bind --worker '), ['m1', 'w1']);
    assert.deepEqual(offered('workerctl manager-config gamma --mode=st'), ['--mode=strict']);
    assert.deepEqual(offered('conveyor record-decision gamma esc'), ['escalate']);
    assert.deepEqual(offered('conveyor bind --wor'), ['--worker']);
    assert.deepEqual(offered('conveyor bind '), []);
    assert.ok(offered('conveyor ').length > 60);
  });
});
