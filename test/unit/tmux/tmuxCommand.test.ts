import assert from 'node:assert/strict';
import { ConveyorError } from '../../../src/core/domain/errors.ts';
import { FakeProcessRunner } from '../../../src/core/ports/processRunner.ts';
import { realPaneInput } from '../../../src/core/tmux/paneInput.ts';
import { readStyledRows } from '../../../src/core/tmux/styledText.ts';
import { realTmux } from '../../../src/core/tmux/tmux.ts';

describe('what tmux refuses', () => {
  const failing = (stderr: string, status = 1) =>
    realTmux(new FakeProcessRunner({ tmux: { status, stderr } }), undefined);
  const code = async (stderr: string): Promise<string> => {
    const error: unknown = await failing(stderr)
      .capture('%1')
      .catch((caught: unknown) => caught);
    return error instanceof ConveyorError ? error.code : String(error);
  };

  it('has a closed code for each kind', async () => {
    assert.equal(await code('error connecting to /tmp/tmux-0/default (Operation not permitted)'), 'tmux_denied');
    assert.equal(await code('error connecting to /tmp/tmux-0/default (Permission denied)'), 'tmux_denied');
    assert.equal(await code('not authorised'), 'tmux_denied');
    assert.equal(await code('no server running on /tmp/tmux-0/default'), 'tmux_not_running');
    assert.equal(await code('error connecting to /tmp/tmux-0/default (No such file or directory)'), 'tmux_not_running');
    assert.equal(await code("can't find pane: %1"), 'tmux_not_running');
    assert.equal(await code('duplicate session: codex-w1'), 'tmux_exists');
    assert.equal(await code('something new'), 'tmux_failed');
    assert.equal(await code(''), 'tmux_failed');
  });

  it('OD-46: a refused socket is no missing session', async () => {
    const denied = failing('error connecting to /tmp/tmux-0/default (Operation not permitted)');
    await assert.rejects(denied.hasSession('codex-w1'), (error) => ConveyorError.is(error, 'tmux_denied'));
    await assert.rejects(denied.listPanes(), (error) => ConveyorError.is(error, 'tmux_denied'));
    assert.equal(await failing('no server running on /x').hasSession('codex-w1'), false);
  });

  it('says that tmux is missing', async () => {
    const missing = realTmux(new FakeProcessRunner(), undefined);
    await assert.rejects(missing.hasSession('x'), (error) => ConveyorError.is(error, 'tmux_missing'));
  });

  it('OD-45: text goes by stdin and is in no argument and no error', async () => {
    const runner = new FakeProcessRunner({ tmux: { status: 1, stderr: 'server exited unexpectedly' } });
    const error: unknown = await realPaneInput(runner, undefined)
      .paste('%1', 'secret')
      .catch((caught: unknown) => caught);
    assert.ok(error instanceof ConveyorError);
    assert.doesNotMatch(`${error.message}${JSON.stringify(error.facts)}`, /secret/);
    assert.ok(runner.calls.every(({ argv }) => !argv.join(' ').includes('secret')));
    assert.equal(runner.calls[0]?.options.stdin, 'secret');
  });

  it('hands no variable that belongs to somebody else to a server that it starts', async () => {
    const runner = new FakeProcessRunner({ tmux: {} });
    process.env.VSCODE_OF_A_TEST = '1';
    try {
      const unset = ['VSCODE_OF_A_TEST'];
      const spec = { name: 'codex-w1', cwd: '/', argv: ['codex'], environment: { PATH: '/bin' }, unset };
      await assert.rejects(realTmux(runner, undefined).newSession(spec), ConveyorError);
    } finally {
      delete process.env.VSCODE_OF_A_TEST;
    }
    const { environment = process.env } = runner.calls[0]?.options ?? {};
    assert.equal(environment.PATH, '/bin');
    assert.ok('HOME' in environment);
    assert.ok(!('VSCODE_OF_A_TEST' in environment));
  });

  it('uses the socket that was named, as a name or as a path', async () => {
    for (const [socket, expected] of [
      ['mine', '-L mine'],
      ['/run/x/tmux', '-S /run/x/tmux'],
      ['', ''],
      [undefined, ''],
    ] as const) {
      const runner = new FakeProcessRunner({ tmux: {} });
      await realTmux(runner, socket).listPanes();
      const argv = runner.calls[0]?.argv.join(' ') ?? '';
      assert.equal(/-[LS] \S+/.exec(argv)?.[0] ?? '', expected);
    }
  });
});

describe('a styled capture', () => {
  it('tells dim from bright, across rows and within', () => {
    const [first, second, third] = readStyledRows(
      '\u001B[1m›\u001B[0m \u001B[2mdim\nstill dim\u001B[22m bright\n\u001B[38;5;2mgreen\u001B[0m',
    );
    assert.deepEqual(first, { text: '› dim', brightText: '›    ', startsDim: false });
    assert.deepEqual(second, { text: 'still dim bright', brightText: '          bright', startsDim: true });
    assert.deepEqual(third, { text: 'green', brightText: 'green', startsDim: false });
  });

  it('takes the 2 of a colour for a colour', () => {
    const [row] = readStyledRows('\u001B[38;2;1;2;3mrgb \u001B[48;5;2mpalette');
    assert.equal(row?.brightText, 'rgb palette');
  });
});
