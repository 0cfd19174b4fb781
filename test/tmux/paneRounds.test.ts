import assert from 'node:assert/strict';
import { join } from 'node:path';
import { systemClock } from '../../src/core/ports/clock.ts';
import { type ProcessRunner, systemProcessRunner } from '../../src/core/ports/processRunner.ts';
import { PaneRounds } from '../../src/core/tmux/paneRounds.ts';
import { realTmux } from '../../src/core/tmux/tmux.ts';
import { startServer, type TestServer, until } from './tmuxServer.ts';

describe('rounds over the panes of a real tmux', () => {
  let server: TestServer;

  beforeEach(() => {
    server = startServer();
  });
  afterEach(() => server.close());

  it('ask one process while nothing is drawn, and show at once what is', async () => {
    let asked = 0;
    const counting: ProcessRunner = {
      ...systemProcessRunner,
      run: (...given) => {
        asked += 1;
        return systemProcessRunner.run(...given);
      },
    };
    const { tmux } = server.ports;
    const { paneId } = await tmux.newSession({ name: 'one', cwd: server.folder, argv: ['cat'] });
    const rounds = new PaneRounds(realTmux(counting, join(server.folder, 'tmux')), systemClock);
    const round = async (): Promise<{ readonly shown: string; readonly processes: number }> => {
      const before = asked;
      const reader = rounds.begin();
      const found = await reader.findPane({ session: 'one', paneId });
      const { styled } = await reader.snapshot(found.paneId);
      return { shown: styled, processes: asked - before };
    };
    await until('the server is quiet', async () => (await round()).processes === 1);
    server.raw('send-keys', '-t', paneId, 'news');
    await until('it is drawn', async () => (await tmux.capture(paneId)).includes('news'));
    const { shown, processes } = await round();
    assert.match(shown, /news/);
    assert.equal(processes, 2);
  }).timeout(30_000);
});
