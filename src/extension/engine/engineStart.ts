import { randomBytes } from 'node:crypto';
import { isAbsolute, join } from 'node:path';

import type { EngineStart } from '../../protocol/engine.ts';
import type { Configuration } from '../configuration.ts';

export interface EngineSurroundings {
  readonly extensionFolder: string;
  readonly windowId: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly executable: string;
  /** True in the desktop editor, whose executable is Node only when told so. */
  readonly electron: boolean;
}

/** A window's dispatcher and leader id: new with each extension host, so that a lease never outlives its holder. */
export function newWindowId(): string {
  return `vscode-${randomBytes(4).toString('hex')}`;
}

export function engineStartFor(folder: string, configuration: Configuration, around: EngineSurroundings): EngineStart {
  return {
    windowId: around.windowId,
    folder,
    stateRoot: stateRootOf(folder, around.environment['WORKERCTL_STATE_ROOT']),
    tmux: {
      path: configuration.tmuxPath,
      socket: around.environment['CONVEYOR_TMUX_SOCKET'] || configuration.tmuxSocket,
    },
    codex: { path: configuration.codexPath },
    permissions: [...configuration.managerPermissions],
    runtime: {
      executable: around.executable,
      electron: around.electron,
      cli: join(around.extensionFolder, 'dist', 'cli.js'),
    },
    environment: environmentForSessions(around.environment),
  };
}

export function stateRootOf(folder: string, override: string | undefined): string {
  if (!override) return join(folder, '.codex-workers');
  return isAbsolute(override) ? override : join(folder, override);
}

/** What VS Code set for its own processes would confuse a Codex or a shell that starts in tmux. */
const ownToTheEditor =
  /^(VSCODE_|ELECTRON_|npm_|NPM_|PNPM_SCRIPT_SRC_DIR$|NODE_OPTIONS$|NODE_CHANNEL_|TMUX$|TMUX_PANE$)/;

function environmentForSessions(environment: EngineSurroundings['environment']): Record<string, string> {
  const kept = Object.entries(environment).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return Object.fromEntries(kept.filter(([name]) => !ownToTheEditor.test(name)));
}
