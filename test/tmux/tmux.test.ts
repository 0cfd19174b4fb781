import assert from 'node:assert/strict';
import { join } from 'node:path';
import { ConveyorError, type ErrorCode } from '../../src/core/domain/errors.ts';
import { systemProcessRunner } from '../../src/core/ports/processRunner.ts';
import { readPaneKey } from '../../src/core/tmux/paneInput.ts';
import { realTmux } from '../../src/core/tmux/tmux.ts';
import { startServer, until, type TestServer } from './tmuxServer.ts';

const refuses = (code: ErrorCode) => (error: unknown) => ConveyorError.is(error, code);

describe('tmux', () => {
  let server: TestServer;
  before(() => (server = startServer()));
  after(() => server.close());

  const cat = (name: string) => server.ports.tmux.newSession({ name, cwd: server.folder, argv: ['cat'] });

  it('CP-1: asks for and kills a session by its exact name, never one that only begins so', async () => {
    const { tmux } = server.ports;
    const longer = await cat('codex-bar2');
    assert.equal(await tmux.hasSession('codex-bar'), false);
    assert.equal(await tmux.killSession('codex-bar'), false);
    assert.equal(await tmux.hasSession('codex-bar2'), true);
    await assert.rejects(tmux.findPane({ session: 'codex-bar', paneId: null }), refuses('tmux_not_running'));
    assert.deepEqual(await tmux.listPanes('codex-bar'), []);
    assert.equal((await tmux.findPane({ session: 'codex-bar2', paneId: null })).paneId, longer.paneId);
    assert.equal(await tmux.killSession('codex-bar2'), true);
  });

  it('OD-17: finds and captures a pane by the id that was recorded', async () => {
    const { tmux, input } = server.ports;
    const { paneId } = await cat('by-id');
    assert.match(paneId, /^%\d+$/);
    await input.paste(paneId, 'seen by id');
    await until('the text shows', async () => (await tmux.capture(paneId)).includes('seen by id'));
    const found = await tmux.findPane({ session: 'by-id', paneId });
    assert.equal(found.sessionName, 'by-id');
    assert.ok(found.pid > 0);
  });

  it('refuses a recorded pane that belongs to another session now', async () => {
    const other = await cat('owner');
    await cat('claimant');
    const address = { session: 'claimant', paneId: other.paneId };
    await assert.rejects(server.ports.tmux.findPane(address), refuses('tmux_not_running'));
  });

  it('refuses a name that is taken', async () => {
    await cat('taken');
    await assert.rejects(cat('taken'), refuses('tmux_exists'));
  });

  it("CP-22: a new session sees the environment and the PATH it was given, not the server's", async () => {
    const { tmux } = server.ports;
    server.raw('set-environment', '-g', 'npm_config_probe', 'left-over');
    assert.ok((await tmux.environmentNames()).includes('npm_config_probe'));
    const pane = await tmux.newSession({
      name: 'environment',
      cwd: server.folder,
      argv: ['sh', '-c', 'echo "[$PATH|$PROBE|$npm_config_probe|$PWD]"; exec cat'],
      environment: { PATH: `/opt/shim:${process.env['PATH']}`, PROBE: 'two words; and $more' },
      unset: ['npm_config_probe'],
      width: 400,
    });
    await until('the shell has spoken', async () => (await tmux.capture(pane.paneId)).includes(']'));
    const said = await tmux.capture(pane.paneId, { isJoined: true });
    assert.match(said, /\[\/opt\/shim:/);
    assert.ok(said.includes(`|two words; and $more||${server.folder}]`), said);
  });

  it('hands arguments to the program as they are', async () => {
    const { tmux } = server.ports;
    const given = ['a b', '$HOME', ';', 'x;', '-e', '`date`', "it's"];
    // It stays: of a program that ends at once tmux 3.3a now and then loses all that it said.
    const argv = ['sh', '-c', String.raw`printf "<%s>\n" "$@"; exec cat`, 'sh', ...given];
    const pane = await tmux.newSession({ name: 'argv', cwd: server.folder, argv, keepWhenDead: true });
    await until('printf has said its last word', async () =>
      (await tmux.capture(pane.paneId, { historyLines: 20 })).includes("<it's>"),
    );
    const said = await tmux.capture(pane.paneId, { historyLines: 20 });
    for (const argument of given) assert.ok(said.includes(`<${argument}>`), `${argument} in ${said}`);
  });

  it('keeps the last screen of a program that ends at once, and its status where tmux tells it', async () => {
    const { tmux } = server.ports;
    // A moment after its last word: tmux 3.3a loses what is said right at the end one time in sixty.
    const argv = ['sh', '-c', 'echo last words; sleep 0.1; exit 3'];
    const statuses: (number | null)[] = [];
    for (let round = 0; round < 6; round += 1) {
      const spec = { name: `short-${round}`, cwd: server.folder, argv, keepWhenDead: true };
      const { paneId } = await tmux.newSession(spec);
      await until('its end is known', async () => (await tmux.snapshot(paneId)).pane.isDead);
      await until('its last words are there', async () =>
        (await tmux.capture(paneId, { historyLines: 20 })).includes('last words'),
      );
      let status: number | null = null;
      for (let look = 0; look < 20 && status === null; look += 1) {
        status = (await tmux.snapshot(paneId)).pane.exitStatus;
        if (status === null) await new Promise((resolve) => setTimeout(resolve, 25));
      }
      statuses.push(status);
    }
    // tmux 3.3a loses one in fifteen for good: `pane_dead` without `pane_dead_status`.
    assert.ok(statuses.includes(3) && statuses.every((status) => status === 3 || status === null), String(statuses));
  });

  it('prints signs beyond ASCII without a UTF-8 locale', async () => {
    const environment = { ...process.env, LC_ALL: 'C', LANG: 'C' };
    const runner = {
      ...systemProcessRunner,
      run: (file: string, argv: readonly string[], options = {}) =>
        systemProcessRunner.run(file, argv, { ...options, environment }),
    };
    const { paneId } = await cat('signs');
    await server.ports.input.paste(paneId, '› 漢字 🚀');
    server.raw('select-pane', '-t', paneId, '-T', '⠙ 漢字');
    const tmux = realTmux(runner, join(server.folder, 'tmux'));
    await until('the signs show', async () => (await tmux.capture(paneId)).includes('› 漢字 🚀'));
    assert.equal((await tmux.snapshot(paneId)).pane.title, '⠙ 漢字');
  });

  it("OD-40: pastes at the same time don't take each other's text", async () => {
    const { tmux, input } = server.ports;
    const panes = await Promise.all(['p1', 'p2', 'p3', 'p4'].map((name) => cat(name)));
    const texts = panes.map((_, at) => `text-for-${at}-${'abcd'[at]?.repeat(500)}`);
    await Promise.all(panes.map(({ paneId }, at) => input.paste(paneId, texts[at] ?? '')));
    for (const [at, { paneId }] of panes.entries()) {
      await until(`pane ${at} shows its own text`, async () =>
        (await tmux.capture(paneId, { isJoined: true })).includes(texts[at] ?? '?'),
      );
    }
    assert.equal(server.raw('list-buffers').trim(), '');
  });

  it('OD-43: presses only keys that it knows', () => {
    assert.equal(readPaneKey('esc'), 'Escape');
    assert.equal(readPaneKey('C-c'), 'C-c');
    for (const name of ['-R', '', 'NoSuchKey', 'hello', 'C-z']) {
      assert.throws(() => readPaneKey(name), refuses('invalid_value'));
    }
  });

  it("OD-45: a failed paste doesn't repeat what was to be pasted", async () => {
    const error: unknown = await server.ports.input.paste('%999', 'my secret').catch((caught: unknown) => caught);
    assert.ok(ConveyorError.is(error, 'tmux_not_running'), String(error));
    assert.doesNotMatch(`${error.message} ${JSON.stringify(error.facts)}`, /secret/);
    assert.equal(server.raw('list-buffers').trim(), '');
  });

  it('answers no when there is no server', async () => {
    const nowhere = realTmux(systemProcessRunner, join(server.folder, 'nowhere'));
    assert.equal(await nowhere.hasSession('any'), false);
    assert.deepEqual(await nowhere.listPanes(), []);
    assert.deepEqual(await nowhere.environmentNames(), []);
    await assert.rejects(nowhere.capture('%0'), refuses('tmux_not_running'));
  });
});
