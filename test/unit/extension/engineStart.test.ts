import assert from 'node:assert/strict';

import type { Configuration } from '../../../src/extension/configuration.ts';
import { engineStartFor, newWindowId, stateRootOf } from '../../../src/extension/engine/engineStart.ts';
import { attachArguments } from '../../../src/protocol/tmuxAttach.ts';
import { engineStart } from '../../../src/protocol/engine.ts';

const configuration: Configuration = {
  terminalLocation: 'editor',
  terminalAccess: 'takeOver',
  notify: { approval: 'notification', question: 'notification', failure: 'notification', turnFinished: 'status' },
  tmuxPath: null,
  tmuxSocket: '/run/mine',
  codexPath: '/opt/codex',
  managerPermissions: ['worker_session.interrupt'],
};

const around = (environment: Record<string, string>) => ({
  extensionFolder: '/ext',
  windowId: 'vscode-1',
  environment,
  executable: '/usr/bin/node',
  electron: false,
});

describe('what an engine starts with', () => {
  it('is what the contract says', () => {
    const start = engineStartFor('/work/demo', configuration, around({ PATH: '/bin' }));
    assert.deepEqual(engineStart.parse(start), start);
    assert.equal(start.stateRoot, '/work/demo/.codex-workers');
    assert.equal(start.runtime.cli, '/ext/dist/cli.js');
    assert.deepEqual(start.permissions, ['worker_session.interrupt']);
  });

  it('takes the state root and the tmux socket from the environment first', () => {
    const start = engineStartFor(
      '/work/demo',
      configuration,
      around({ WORKERCTL_STATE_ROOT: '/elsewhere', CONVEYOR_TMUX_SOCKET: '/run/test' }),
    );
    assert.equal(start.stateRoot, '/elsewhere');
    assert.equal(start.tmux.socket, '/run/test');
    assert.equal(stateRootOf('/work/demo', 'state'), '/work/demo/state');
    assert.equal(stateRootOf('/work/demo', ''), '/work/demo/.codex-workers');
  });

  it('leaves the editor’s own variables out of the environment of sessions', () => {
    const { environment } = engineStartFor(
      '/work/demo',
      configuration,
      around({
        PATH: '/bin',
        HOME: '/root',
        VSCODE_IPC_HOOK_CLI: 'x',
        ELECTRON_RUN_AS_NODE: '1',
        npm_config_prefix: 'x',
        NODE_OPTIONS: 'x',
        TMUX: 'x',
      }),
    );
    assert.deepEqual(environment, { PATH: '/bin', HOME: '/root' });
  });

  it('has a window id of its own each time', () => {
    assert.notEqual(newWindowId(), newWindowId());
    assert.match(newWindowId(), /^vscode-[0-9a-f]{8}$/);
  });
});

describe('attaching', () => {
  const terminal = { session: 'codex-w', target: '=codex-w:', paneId: '%1', socketPath: '/run/mine' };

  it('names the server and the exact session', () => {
    assert.deepEqual(attachArguments(terminal, 'takeOver'), [
      '-u',
      '-S',
      '/run/mine',
      'attach-session',
      '-t',
      '=codex-w:',
    ]);
  });

  it('is read-only in tmux itself when only watching', () => {
    assert.ok(attachArguments(terminal, 'watch').includes('-r'));
    assert.ok(!attachArguments({ ...terminal, socketPath: null }, 'takeOver').includes('-S'));
  });

  it('takes a socket that is a name for a name, as everybody else does', () => {
    const terminal = { session: 'codex-w', target: '=codex-w:', paneId: '%1', socketPath: 'mine' };
    assert.deepEqual(attachArguments(terminal, 'takeOver').slice(1, 3), ['-L', 'mine']);
  });
});
