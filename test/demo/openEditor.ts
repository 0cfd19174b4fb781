import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { findCodex } from '../../src/core/codex/codexVersion.ts';
import { startVscodeServer } from '../host/vscodeServer.ts';
import type { DemoWorld } from './demoWorld.ts';
import { makeTask } from './startPair.ts';

export interface EditorOptions {
  readonly world: DemoWorld;
  readonly vsix: string;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

export interface OpenedEditor {
  /** Resolves when the window was closed or the person ended the demo. */
  readonly ended: Promise<void>;
}

/** What a server cannot take from us: it gives its extensions the PATH of a login shell. */
export function demoSettings({ environment }: DemoWorld): Readonly<Record<string, unknown>> {
  const codex = findCodex(environment.PATH);
  return {
    'workbench.secondarySideBar.defaultVisibility': 'hidden',
    'workbench.colorTheme': 'Default Dark Modern',
    ...(codex === null ? {} : { 'conveyor.codex.path': codex }),
  };
}

/** The desktop build when there is one and a screen to show it on, else the server on loopback. */
export async function openEditor(options: EditorOptions): Promise<OpenedEditor> {
  await makeTask(options.world);
  return hasDesktop() ? openDesktop(options) : openServer(options);
}

function hasDesktop(): boolean {
  const hasScreen = process.platform === 'darwin' || Boolean(process.env.DISPLAY ?? process.env.WAYLAND_DISPLAY);
  return hasScreen && spawnSync('code', ['--version'], { stdio: 'ignore' }).status === 0;
}

/** With data of its own, so that nothing of the person's editor changes. */
function openDesktop({ world, vsix, signal }: EditorOptions): OpenedEditor {
  const own = ['--user-data-dir', join(world.root, 'code'), '--extensions-dir', join(world.root, 'extensions')];
  const install = spawnSync('code', [...own, '--install-extension', vsix, '--force'], {
    env: world.environment,
    encoding: 'utf8',
  });
  if (install.status !== 0) throw new Error(`code could not install the extension: ${install.stderr}`);
  const quiet = ['--disable-workspace-trust', '--skip-welcome', '--skip-release-notes'];
  const editor = spawn('code', [...own, ...quiet, '--new-window', '--wait', world.workspace], {
    env: world.environment,
    stdio: 'ignore',
  });
  signal.addEventListener('abort', () => editor.kill('SIGTERM'), { once: true });
  return { ended: new Promise((done) => editor.on('exit', () => done())) };
}

async function openServer({ world, vsix, signal, say }: EditorOptions): Promise<OpenedEditor> {
  say('Starting the VS Code server (the first time it is installed, which takes some minutes) …');
  const server = await startVscodeServer({ install: [vsix], env: world.environment, settings: demoSettings(world) });
  const url = server.url(world.workspace);
  say(`VS Code: ${url}`);
  const opener = process.platform === 'darwin' ? 'open' : 'xdg-open';
  if (process.env.DISPLAY ?? process.env.WAYLAND_DISPLAY ?? process.platform === 'darwin') {
    spawn(opener, [url], { stdio: 'ignore', detached: true })
      .on('error', () => {})
      .unref();
  } else {
    say('Open it in a browser; the pair starts when its window is there.');
  }
  return { ended: endWith(signal).then(() => server.stop()) };
}

function endWith(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener('abort', () => done(), { once: true });
  });
}
