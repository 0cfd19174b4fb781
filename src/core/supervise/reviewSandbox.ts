import { mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { socketFilter } from './socketFilter.ts';

/** What this machine has to isolate a program with. */
export interface SandboxHost {
  readonly platform: string;
  readonly architecture: string;
  find(program: string): string | null;
}

export interface Confinement {
  /** Files and folders that are not to be read, whether or not they exist. */
  readonly denied: readonly string[];
  readonly allowNetwork: boolean;
}

/** How a command is started so that it is isolated. */
export interface WrappedCommand {
  readonly file: string;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly inheritedFile: string | null;
}

/** A place where programs run that can change nothing but a temporary folder. Owns that folder; `remove` ends it. */
export interface ReviewSandbox {
  readonly engine: SandboxEngine;
  readonly deniedCount: number;
  /** The one folder that can be written to. */
  readonly folder: string;
  wrap(command: readonly string[], cwd: string): WrappedCommand;
  remove(): void;
}

export type SandboxEngine = 'bubblewrap' | 'sandbox-exec';

export function engineOf({ platform }: SandboxHost): SandboxEngine {
  return platform === 'darwin' ? 'sandbox-exec' : 'bubblewrap';
}

/** Why nothing can be isolated here; null when it can. */
export function missingIsolation(host: SandboxHost): string | null {
  if (host.platform === 'darwin') return host.find('sandbox-exec') === null ? 'sandbox-exec not available' : null;
  if (host.platform !== 'linux') return `no sandbox is known for ${host.platform}, so the reviewer was not run`;
  if (host.find('bwrap') === null) {
    return 'bwrap not available, so the reviewer was not run; install bubblewrap with your package manager';
  }
  if (socketFilter(host.architecture) === null) {
    return `the reviewer was not run: keeping it from local sockets is not supported on ${host.architecture}`;
  }
  return null;
}

/** Call only when nothing is missing. */
export function makeSandbox(host: SandboxHost, confinement: Confinement): ReviewSandbox {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'conveyor-review-')));
  const folder = join(base, 'work');
  mkdirSync(folder, { mode: 0o700 });
  const denied = [...new Set(confinement.denied.map(realPath))];
  const owned = { folder, deniedCount: denied.length, remove: () => rmSync(base, { recursive: true, force: true }) };
  const engine = engineOf(host);
  const file = host.find(engine === 'bubblewrap' ? 'bwrap' : 'sandbox-exec') ?? engine;
  if (engine === 'sandbox-exec') {
    const profile = join(base, 'profile.sb');
    writeFileSync(profile, seatbeltProfile(folder, denied, confinement.allowNetwork), { mode: 0o600 });
    return {
      ...owned,
      engine,
      wrap: (command, cwd) => ({ file, argv: ['-f', profile, ...command], cwd, inheritedFile: null }),
    };
  }
  const filter = join(base, 'sockets.bpf');
  writeFileSync(filter, socketFilter(host.architecture) ?? '', { mode: 0o600 });
  const options = bubblewrapOptions(folder, denied, confinement.allowNetwork);
  return {
    ...owned,
    engine,
    wrap: (command, cwd) => ({
      file,
      argv: [...options, '--chdir', cwd, '--', ...command],
      cwd: base,
      inheritedFile: filter,
    }),
  };
}

/**
 * The whole file system read-only, namespaces of its own for processes, network and the rest, no capability, and an end
 * together with us. What is denied is covered: a folder by an empty one, a file by a device that can't be opened.
 */
function bubblewrapOptions(folder: string, denied: readonly string[], allowNetwork: boolean): readonly string[] {
  const namespaces = ['--unshare-all', ...(allowNetwork ? ['--share-net'] : [])];
  const powers = ['--die-with-parent', '--new-session', '--cap-drop', 'ALL', '--seccomp', '3'];
  const files = ['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', ...outermost(denied).flatMap(coverOf)];
  return [...namespaces, ...powers, ...files, '--bind', folder, folder];
}

function coverOf(path: string): readonly string[] {
  const kind = statSync(path, { throwIfNoEntry: false });
  if (kind === undefined) return [];
  return kind.isDirectory() ? ['--tmpfs', path, '--remount-ro', path] : ['--ro-bind', '/dev/null', path];
}

/** What lies in a folder that is covered needs no cover, and has no place for one. */
function outermost(paths: readonly string[]): readonly string[] {
  return paths.filter((path) => !paths.some((other) => path.startsWith(`${other}/`)));
}

/** The same for macOS. The last rule that fits decides. */
function seatbeltProfile(folder: string, denied: readonly string[], allowNetwork: boolean): string {
  const devices = ['/dev/null', '/dev/zero', '/dev/tty', '/dev/dtracehelper'];
  return [
    '(version 1)',
    '(allow default)',
    '(deny file-write*)',
    `(allow file-write* (subpath ${quoted(folder)}) ${devices.map((path) => `(literal ${quoted(path)})`).join(' ')})`,
    ...(allowNetwork
      ? [
          '(deny network-outbound (remote unix-socket))',
          '(allow network-outbound (literal "/private/var/run/mDNSResponder"))',
        ]
      : ['(deny network*)']),
    '(deny signal (target others))',
    '(deny process-info* (target others))',
    '(deny appleevent-send)',
    ...denied.map((path) => `(deny file-read* file-write* (literal ${quoted(path)}) (subpath ${quoted(path)}))`),
    '',
  ].join('\n');
}

function quoted(path: string): string {
  return `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** Without links, as far as the path exists: a file that isn't there yet may come. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPath(parent), basename(path));
  }
}
