import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startSession, type StartRequest } from '../../../src/core/delivery/startSession.ts';
import { ConveyorError } from '../../../src/core/domain/errors.ts';
import { FakeClock } from '../../../src/core/ports/clock.ts';
import { FakeHostFacts } from '../../../src/core/ports/hostFacts.ts';
import { FakeProcessRunner } from '../../../src/core/ports/processRunner.ts';
import { FakeTmux, type FakePane } from '../../../src/core/tmux/fakeTmux.ts';
import type { NewTmuxSession } from '../../../src/core/tmux/tmux.ts';

const THREAD = '01a21573-7b03-7bb2-bd6f-18efe44cdd2e';
const TRUST = [
  '  Trust this folder?',
  '',
  '› 1. Trust and continue',
  '  2. Back to Agent Command Center',
  '',
  '  enter continue · esc back',
];
const UPDATE = [
  '  ✨ Update available · 0.170.0',
  '',
  '› 1. Update now (runs `npm install -g`)',
  '  2. Skip',
  '',
  '  enter continue · esc skip',
];

/** A tmux whose new panes show what a test wants. */
class StartingTmux extends FakeTmux {
  readonly #prepare: (pane: FakePane) => void;

  constructor(prepare: (pane: FakePane) => void) {
    super();
    this.#prepare = prepare;
  }

  override async newSession(spec: NewTmuxSession) {
    const made = await super.newSession(spec);
    const pane = this.pane(made.paneId);
    this.#prepare(pane);
    return pane.facts();
  }
}

function setUp(prepare: (pane: FakePane) => void = () => {}) {
  const tmux = new StartingTmux(prepare);
  const host = new FakeHostFacts();
  host.processes.set(100, {
    commandLine: ['/usr/bin/codex'],
    startTime: '77',
    openFiles: [`/home/dev/.codex/thread-writer-locks/${THREAD}.lock`],
  });
  const runner = new FakeProcessRunner({ '/bin/sh': { stdout: 'codex-cli 0.169.0' } });
  // The thread was made in this moment, by its id.
  const clock = new FakeClock(Number.parseInt('01a215737b03', 16));
  const start = (more: Partial<StartRequest> = {}) =>
    startSession(
      { tmux, input: tmux, host, clock, runner },
      {
        role: 'worker',
        name: 'w1',
        cwd: '/',
        environment: { CODEX_HOME: '/home/dev/.codex', PATH: '/no/where' },
        stateRoot: '/state',
        sandbox: 'workspace-write',
        approval: 'on-request',
        setsToolPath: false,
        acceptTrust: false,
        timeoutSeconds: 5,
        fallbackCodex: '/bin/sh',
        ...more,
      },
    );
  return { tmux, host, clock, runner, start };
}

const refused = (code: string, pattern: RegExp) => (error: unknown) =>
  error instanceof ConveyorError && error.code === code && pattern.test(error.message);

describe('starting a session, step by step', () => {
  it('knows process, start time, thread and pane', async () => {
    const { start, tmux } = setUp();
    const { pid, startTime, codexSessionId, paneId, tmuxSession, discovery } = await start();
    assert.deepEqual([pid, startTime, codexSessionId, tmuxSession], [100, '77', THREAD, 'codex-w1']);
    assert.equal(paneId, '%0');
    assert.equal(discovery?.confidence, 'certain');
    assert.deepEqual(tmux.presses, []);
    assert.deepEqual(tmux.made[0]?.argv.slice(0, 2), ['/bin/sh', '--no-daemon']);
  });

  it('CP-17: answers the trust question once, even if it stays', async () => {
    const { start, tmux } = setUp((pane) => pane.show(TRUST.join('\n')));
    await assert.rejects(start({ acceptTrust: true }), refused('codex_timeout', /trust/));
    assert.deepEqual(tmux.presses, [{ paneId: '%0', key: 'Enter' }]);
  });

  it('CP-17: presses nothing on another question, whose first option runs npm', async () => {
    const { start, tmux } = setUp((pane) => pane.show(UPDATE.join('\n')));
    await assert.rejects(start({ acceptTrust: true }), refused('codex_timeout', /update_prompt/));
    assert.deepEqual(tmux.presses, []);
  });

  it('the refusal for lost time names what to do, in whole seconds', async () => {
    const { start, host } = setUp();
    host.processes.set(100, { commandLine: ['/usr/bin/codex'] });
    const wanted =
      /did not write session_meta within 5s in tmux session 'codex-w1'.*attach -t =codex-w1.*register-worker --name w1.*kill-session -t =codex-w1/;
    await assert.rejects(start(), refused('codex_timeout', wanted));
  });

  it('waits until the start-up screens are over', async () => {
    const early = ['› Ask Codex to do anything', '', '  ? for shortcuts'].join('\n');
    const { start } = setUp((pane) => {
      pane.show(early);
      pane.set({ isCursorVisible: true, cursorRow: 0 });
    });
    await assert.rejects(start(), refused('codex_timeout', /was not ready/));
  });

  it('CP-53: however often it looks for the thread, it runs no program for that', async () => {
    const { start, host, runner } = setUp();
    host.processes.set(100, { commandLine: ['/usr/bin/codex'] });
    await assert.rejects(start(), refused('codex_timeout', /session_meta/));
    assert.deepEqual(
      runner.calls.map(({ argv }) => argv),
      [['--version'], ['app-server']],
    );
  });

  it('CP-16: a program that is gone is reported at once, with what it said', async () => {
    const { start, tmux, clock } = setUp((pane) => {
      pane.show('Error: no such flag\n\nPane is dead (status 2)');
      pane.set({ isDead: true, exitStatus: 2 });
    });
    const before = clock.monotonic();
    await assert.rejects(start(), refused('codex_exited', /status 2.*no such flag$/));
    assert.ok(clock.monotonic() - before < 1000);
    assert.equal(await tmux.hasSession('codex-w1'), false);
  });

  it('is refused before there is a terminal when Codex says that nobody is signed in, unless it was given arguments', async () => {
    const { start, tmux, runner } = setUp();
    const account = '{"id":2,"result":{"account":null,"requiresOpenaiAuth":true}}';
    runner.answers.set('/bin/sh', ([verb]) => ({ stdout: verb === 'app-server' ? account : 'codex-cli 0.169.0' }));
    await assert.rejects(start(), refused('codex_signed_out', /not signed in/));
    assert.deepEqual(tmux.made, []);
    await start({ extraArguments: ['--oss'] });
    assert.equal(tmux.made.length, 1);
  });

  for (const version of ['0.20.0', '0.60.1', '0.120.0', '0.169.0']) {
    it(`a Codex ${version} that nobody has signed in to is reported at once, and is not left there`, async () => {
      const recorded = join(import.meta.dirname, '../../golden/data/panes', version, 'sign-in-screen.txt');
      const { start, tmux, clock } = setUp((pane) => pane.show(readFileSync(recorded, 'utf8')));
      // The picture above it moves.
      const snapshot = tmux.snapshot.bind(tmux);
      let frames = 0;
      tmux.snapshot = async (paneId) => {
        const { styled, ...seen } = await snapshot(paneId);
        return { ...seen, styled: `${'⣀'.repeat((frames += 1))}\n${styled}` };
      };
      const before = clock.monotonic();
      await assert.rejects(start(), refused('codex_signed_out', /not signed in.*\/home\/dev\/\.codex.*codex login/));
      assert.ok(clock.monotonic() - before < 1000);
      assert.deepEqual([await tmux.hasSession('codex-w1'), tmux.presses], [false, []]);
    });
  }
});
