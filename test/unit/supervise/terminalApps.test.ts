import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { ConveyorError } from '../../../src/core/domain/errors.ts';
import { terminalApps, terminalLaunch, usualTerminalApp } from '../../../src/core/supervise/terminalApps.ts';

const nasty = `=a" & (do shell script "touch /tmp/x") & "b'; $(touch y) \\`;
const attach = ['tmux', '-S', '/tmp/a b', 'attach-session', '-t', nasty];

describe('terminals of macOS', () => {
  it('Ghostty gets program and arguments as they are', () => {
    assert.deepEqual(terminalLaunch('ghostty', attach), {
      file: 'open',
      argv: ['-na', 'Ghostty.app', '--args', '-e', ...attach],
    });
  });

  it('no name ever is part of an AppleScript: the command is an argument of it', () => {
    for (const [app, application] of [
      ['iterm2', 'iTerm2'],
      ['terminal', 'Terminal'],
    ] as const) {
      const { file, argv } = terminalLaunch(app, attach);
      const lines = argv.slice(0, -1).filter((word) => word !== '-e');
      assert.equal(file, 'osascript');
      assert.deepEqual(
        lines,
        terminalLaunch(app, ['tmux'])
          .argv.slice(0, -1)
          .filter((word) => word !== '-e'),
      );
      assert.equal(lines[0], 'on run argv');
      assert.ok(lines.includes(`tell application "${application}"`));
      assert.ok(lines.some((line) => line.includes('(item 1 of argv)')));
    }
  });

  it('what is typed into a shell gives it each word as it was', () => {
    for (const app of ['iterm2', 'terminal'] as const) {
      const command = terminalLaunch(app, ['printf', '%s\\n', ...attach]).argv.at(-1) ?? '';
      const words = execFileSync('sh', ['-c', command], { encoding: 'utf8' }).trimEnd().split('\n');
      assert.deepEqual(words, attach);
    }
  });

  it('a control character, which would end the line early, is refused', () => {
    for (const app of terminalApps)
      assert.throws(
        () => terminalLaunch(app, ['tmux', 'attach', '-t', '=a\nrm -rf x']),
        (error: unknown) => ConveyorError.is(error, 'invalid_value'),
      );
  });

  it('auto is Ghostty where it is installed, for everybody or for one, else Terminal', () => {
    assert.equal(
      usualTerminalApp('/Users/a', () => false),
      'terminal',
    );
    for (const place of ['/Applications/Ghostty.app', '/Users/a/Applications/Ghostty.app'])
      assert.equal(
        usualTerminalApp('/Users/a', (path) => path === place),
        'ghostty',
      );
  });
});
