import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

interface SystemPackage {
  readonly apt: string;
  readonly isThere: () => boolean;
  /** Why it is wanted, for whoever has to install it by hand. */
  readonly use: string;
}

const packages: readonly SystemPackage[] = [
  { apt: 'tmux', isThere: onPath('tmux'), use: 'agents run in it' },
  { apt: 'lsof', isThere: onPath('lsof'), use: 'finding rollouts' },
  { apt: 'bubblewrap', isThere: onPath('bwrap'), use: "Codex's sandbox, and the reviewer's" },
  { apt: 'zsh', isThere: onPath('zsh'), use: 'testing completions' },
  { apt: 'fish', isThere: onPath('fish'), use: 'testing completions' },
  { apt: 'chromium', isThere: onPath('chromium', 'chromium-browser', 'google-chrome'), use: 'UI tests' },
  { apt: 'python3', isThere: onPath('python3'), use: 'building the VS Code server' },
  { apt: 'g++', isThere: onPath('g++', 'c++', 'clang++'), use: 'building the VS Code server' },
  { apt: 'make', isThere: onPath('make'), use: 'building the VS Code server' },
  { apt: 'libkrb5-dev', isThere: () => existsSync('/usr/include/gssapi/gssapi.h'), use: 'building the VS Code server' },
];

/**
 * Makes sure that the system packages of the harness are there: installs what is missing when that is possible
 * unattended (root on Debian or Ubuntu), else says in one line what to install. Returns what is still missing.
 */
export function ensureSystemPackages(log: (line: string) => void): readonly string[] {
  const missing = packages.filter(({ isThere }) => !isThere());
  if (missing.length === 0) return [];
  const names = missing.map(({ apt }) => apt);
  if (canInstall()) {
    log(`installing ${names.join(', ')} (apt-get)`);
    apt(['update', '-qq'], log);
    apt(['install', '-y', '-qq', '--no-install-recommends', ...names], log);
  }
  const still = packages.filter(({ isThere }) => !isThere());
  if (still.length > 0) {
    const wanted = still.map(({ apt: name, use }) => `${name} (${use})`).join(', ');
    log(`install with your package manager, then run this again: ${wanted}`);
  }
  return still.map(({ apt: name }) => name);
}

function canInstall(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0 && onPath('apt-get')();
}

function apt(args: readonly string[], log: (line: string) => void): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { status, stderr } = spawnSync('apt-get', [...args], { env, encoding: 'utf8' });
  if (status !== 0) log(`apt-get ${args.join(' ')} failed: ${stderr.trim().split('\n').at(-1) ?? ''}`);
}

function onPath(...names: readonly string[]): () => boolean {
  return () =>
    names.some((name) => (process.env['PATH'] ?? '').split(delimiter).some((folder) => isRunnable(join(folder, name))));
}

function isRunnable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

if (import.meta.main) {
  const missing = ensureSystemPackages((line) => process.stderr.write(`${line}\n`));
  process.exitCode = missing.length > 0 ? 1 : 0;
}
