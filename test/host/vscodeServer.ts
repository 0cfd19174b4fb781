import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

import { installServer } from './installServer.ts';

export interface ServerOptions {
  /** VSIX files installed before the server starts. */
  readonly install?: readonly string[];
  /** User settings of every window. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Environment of the server and its extension host, over the current one. */
  readonly env?: Readonly<Record<string, string>>;
  /** False: the person is asked whether to trust a folder, and starts without trusting it. */
  readonly trusted?: boolean;
  /** True: honours the `payload` of an address, as suites inside the extension host need. Keeps toasts away. */
  readonly testDriver?: boolean;
  readonly log?: (line: string) => void;
}

/** A running VS Code on loopback with data of its own. `stop()` ends it with everything it started. */
export interface VscodeServer {
  readonly origin: string;
  readonly pid: number;
  readonly dataFolder: string;
  /** Address of a workbench on a folder, or on a file that lists several; `payload` is what a desktop build takes as launch arguments. */
  url(folder: string, payload?: Readonly<Record<string, string>>): string;
  stop(): Promise<void>;
}

const startDeadlineMs = 120_000;

/** Starts a server; resolves once it listens. */
export async function startVscodeServer(options: ServerOptions = {}): Promise<VscodeServer> {
  const log = options.log ?? (() => {});
  const entry = await installServer(log);
  const dataFolder = mkdtempSync(join(tmpdir(), 'conveyor-vscode-'));
  const folders = [`--server-data-dir=${dataFolder}`, `--extensions-dir=${join(dataFolder, 'extensions')}`];
  const env = {
    ...process.env,
    PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
    ...options.env,
  };
  writeSettings(dataFolder, options.settings ?? {});
  try {
    for (const vsix of options.install ?? []) await installExtension(entry, folders, vsix, env, log);
  } catch (error) {
    rmSync(dataFolder, { recursive: true, force: true });
    throw error;
  }

  const trust = options.trusted === false ? [] : ['--disable-workspace-trust'];
  const child = spawn(
    process.execPath,
    [entry, '--host=127.0.0.1', '--port=0', '--without-connection-token', '--accept-server-license-terms']
      .concat(['--disable-telemetry', '--telemetry-level=off'])
      .concat(options.testDriver ? ['--enable-smoke-test-driver'] : [], trust, folders),
    { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  );
  const stop = async () => {
    await endGroup(child);
    rmSync(dataFolder, { recursive: true, force: true, maxRetries: 5 });
  };
  const endWithUs = () => killGroup(child, 'SIGKILL');
  process.once('exit', endWithUs);
  try {
    const port = await listeningPort(child, log);
    const origin = `127.0.0.1:${port}`;
    return {
      origin,
      pid: child.pid ?? 0,
      dataFolder,
      url: (folder, payload) => workbenchUrl(origin, folder, payload),
      stop: async () => {
        process.removeListener('exit', endWithUs);
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function workbenchUrl(origin: string, folder: string, payload: Readonly<Record<string, string>> = {}): string {
  const url = new URL(`http://${origin}/`);
  url.searchParams.set(folder.endsWith('.code-workspace') ? 'workspace' : 'folder', folder);
  const pairs = Object.entries(payload);
  if (pairs.length > 0) url.searchParams.set('payload', JSON.stringify(pairs));
  return url.href;
}

/** The server keeps a user's settings below its data folder, not in the browser. */
function writeSettings(dataFolder: string, settings: Readonly<Record<string, unknown>>): void {
  const quiet = {
    'workbench.startupEditor': 'none',
    'workbench.tips.enabled': false,
    'workbench.welcomePage.walkthroughs.openOnInstall': false,
    'telemetry.telemetryLevel': 'off',
    'extensions.autoCheckUpdates': false,
    'extensions.ignoreRecommendations': true,
    'chat.disableAIFeatures': true,
    'git.enabled': false,
    'security.workspace.trust.untrustedFiles': 'open',
    'window.commandCenter': false,
  };
  const folder = join(dataFolder, 'data', 'User');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'settings.json'), JSON.stringify({ ...quiet, ...settings }, null, 2));
}

async function installExtension(
  entry: string,
  folders: readonly string[],
  vsix: string,
  env: NodeJS.ProcessEnv,
  log: (line: string) => void,
): Promise<void> {
  const child = spawn(process.execPath, [entry, ...folders, '--install-extension', vsix, '--force'], { env });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const code = await new Promise((done) => child.on('close', done));
  log(output.trim());
  if (code !== 0) throw new Error(`installing ${vsix} failed (${String(code)}): ${output}`);
}

function listeningPort(child: ChildProcess, log: (line: string) => void): Promise<number> {
  return new Promise((found, fail) => {
    let output = '';
    const deadline = setTimeout(() => fail(new Error(`the VS Code server did not start:\n${output}`)), startDeadlineMs);
    const read = (text: string) => {
      log(text.trimEnd());
      output = (output + text).slice(-8000);
      const port = /Extension host agent listening on (\d+)/.exec(output)?.[1];
      if (!port) return;
      clearTimeout(deadline);
      found(Number(port));
    };
    child.stdout?.setEncoding('utf8').on('data', read);
    child.stderr?.setEncoding('utf8').on('data', read);
    child.once('exit', (code) => {
      clearTimeout(deadline);
      fail(new Error(`the VS Code server ended (${code}) before it listened:\n${output}`));
    });
  });
}

/** The extension host and its terminals belong to the server's process group. */
async function endGroup(child: ChildProcess): Promise<void> {
  const gone = child.exitCode !== null || child.signalCode !== null;
  const exited = gone ? Promise.resolve() : new Promise<void>((done) => child.once('exit', () => done()));
  killGroup(child, 'SIGTERM');
  const patience = setTimeout(() => killGroup(child, 'SIGKILL'), 5000);
  await exited;
  clearTimeout(patience);
  killGroup(child, 'SIGKILL');
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Nobody left in the group.
  }
}
