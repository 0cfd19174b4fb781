import { settingKeys } from '../ids.ts';
import { contributedCommands } from './commands.ts';
import { contributedMenus } from './menus.ts';
import { contributedConfiguration, restrictedSettings } from './settings.ts';
import { contributedViews } from './views.ts';

/**
 * The generated part of package.json: what VS Code reads. `src/build/manifest.ts` writes it, a unit test fails when it
 * is stale.
 */
export function generatedManifest(): Readonly<Record<string, unknown>> {
  return {
    main: './dist/extension.cjs',
    icon: 'media/icon.png',
    categories: ['AI', 'Other'],
    keywords: ['agent', 'codex', 'multi-root ready', 'supervisor', 'tmux'],
    galleryBanner: { color: '#1f2430', theme: 'dark' },
    // tmux, rollouts and the ledger are where the code is: over SSH, in WSL, in a container.
    extensionKind: ['workspace'],
    // Views and commands activate by being contributed. A folder with a state root has something to supervise.
    activationEvents: [
      'workspaceContains:.codex-workers/workerctl.db',
      'onWebviewPanel:conveyor.timeline',
      // A link to a session (sessionLinks.ts).
      'onUri',
    ],
    capabilities: {
      untrustedWorkspaces: {
        supported: 'limited',
        description: 'In a folder you do not trust, Conveyor starts no process, sends no message and reads no ledger.',
        restrictedConfigurations: restrictedSettings.map((name) => settingKeys[name]),
      },
      virtualWorkspaces: { supported: false, description: 'Agents need a file system and processes.' },
    },
    contributes: {
      ...contributedViews(),
      commands: contributedCommands(),
      menus: contributedMenus(),
      configuration: contributedConfiguration(),
    },
  };
}
