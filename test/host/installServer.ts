import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

import { cacheFolder } from './cacheFolder.ts';

const manifestFolder = join(import.meta.dirname, 'server');

/** What must be there after a successful install; native parts are what a half-run post-install lacks. */
const proof = [
  'node_modules/code-server/lib/vscode/out/server-main.js',
  'node_modules/code-server/lib/vscode/node_modules/node-pty/package.json',
  'node_modules/code-server/lib/vscode/node_modules/@vscode/spdlog/build/Release/spdlog.node',
  'node_modules/code-server/lib/vscode/bin/helpers/browser.sh',
];

/**
 * Installs the VS Code server into the cache, once per lockfile and platform, and returns the path of its
 * `server-main.js`. A finished install appears by one rename, so an interrupted one leaves nothing half-done.
 */
export async function installServer(log: (line: string) => void = () => {}): Promise<string> {
  requireNode24();
  const target = join(cacheFolder(), `vscode-server-${fingerprint()}`);
  const entry = join(target, proof[0] ?? '');
  if (existsSync(entry)) return entry;

  removeAbandonedInstalls();
  const workshop = join(cacheFolder(), `.installing-${process.pid}`);
  mkdirSync(workshop, { recursive: true });
  try {
    cpSync(manifestFolder, workshop, { recursive: true });
    log('installing the VS Code server (once; about two minutes)');
    await npmInstall(workshop, log);
    const missing = proof.filter((path) => !existsSync(join(workshop, path)));
    if (missing.length > 0) throw new Error(`the VS Code server installed incompletely, without ${missing.join(', ')}`);
    publish(workshop, target, entry);
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
  return entry;
}

function requireNode24(): void {
  if (process.versions.node.startsWith('24.')) return;
  throw new Error(`the VS Code server needs Node 24, this is ${process.version}: run it through an npm script`);
}

/** The lockfile says it all; package.json may be formatted anew. */
function fingerprint(): string {
  const lock = readFileSync(join(manifestFolder, 'package-lock.json'));
  return `${process.platform}-${process.arch}-${createHash('sha256').update(lock).digest('hex').slice(0, 12)}`;
}

/** Another process may have been quicker: its install is as good as ours. */
function publish(workshop: string, target: string, entry: string): void {
  try {
    renameSync(workshop, target);
  } catch (error) {
    if (!existsSync(entry)) throw error;
  }
}

function removeAbandonedInstalls(): void {
  for (const name of readdirSync(cacheFolder())) {
    const pid = /^\.installing-(\d+)$/.exec(name)?.[1];
    if (pid && !isAlive(Number(pid))) rmSync(join(cacheFolder(), name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/**
 * Where the server's packages are installed with this Node. What an outer `npm test` says of its own Node and of the
 * package it runs is left out: code-server's post-install reads the Node version from `npm_config_user_agent`, which npm
 * hands down. https://github.com/coder/code-server/blob/main/ci/build/npm-postinstall.sh
 */
export function installEnvironment(folder: string, variables: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const handedDown =
    /^(?:NODE|INIT_CWD|npm_config_user_agent|npm_(?:command|execpath|node_execpath|lifecycle_.*|package_.*))$/;
  const own = Object.entries(variables).filter(([name]) => !handedDown.test(name));
  return {
    ...Object.fromEntries(own),
    PATH: [dirname(process.execPath), variables['PATH']].join(delimiter),
    npm_config_ignore_scripts: 'false',
    // node-gyp cannot download headers everywhere; the npm package of the Node binary carries them.
    ...(process.platform === 'linux'
      ? { npm_config_nodedir: join(folder, 'node_modules', `node-${process.platform}-${process.arch}`) }
      : {}),
  };
}

function npmInstall(folder: string, log: (line: string) => void): Promise<void> {
  const child = spawn('npm', ['ci', '--no-audit', '--no-fund', '--foreground-scripts'], {
    cwd: folder,
    env: installEnvironment(folder, process.env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const tail: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\n').filter(Boolean)) {
        log(`  ${line}`);
        tail.push(line);
        if (tail.length > 40) tail.shift();
      }
    });
  }
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', (code) => {
      if (code === 0) done();
      else fail(new Error(`npm ci of the VS Code server failed (${code}):\n${tail.join('\n')}`));
    });
  });
}

if (import.meta.main) {
  process.stdout.write(`${await installServer((line) => process.stderr.write(`${line}\n`))}\n`);
}
