import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { refuse } from '../domain/errors.ts';
import type { ProcessRunner } from '../ports/processRunner.ts';

export interface CodexVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  /** As printed: `0.169.0`, `0.170.0-alpha.2`. */
  readonly text: string;
}

export interface CodexBinary {
  /** Absolute. */
  readonly path: string;
  readonly version: CodexVersion;
}

/** From what `codex --version` prints; null when it is something else. */
export function parseCodexVersion(printed: string): CodexVersion | null {
  const match = /\b(\d+)\.(\d+)\.(\d+)([-+][\w.+-]+)?/u.exec(printed);
  if (match === null) return null;
  const [text, major, minor, patch] = match;
  return { major: Number(major), minor: Number(minor), patch: Number(patch), text };
}

export function isAtLeast(version: CodexVersion, major: number, minor: number): boolean {
  return version.major !== major ? version.major > major : version.minor >= minor;
}

/** `codex` on that PATH, else the fallback when it is there, else null. */
export function findCodex(path: string | undefined, fallback?: string): string | null {
  for (const folder of (path ?? '').split(delimiter)) {
    if (!isAbsolute(folder)) continue;
    const candidate = join(folder, 'codex');
    if (isExecutable(candidate)) return candidate;
  }
  return fallback !== undefined && isExecutable(fallback) ? fallback : null;
}

/**
 * Finds Codex and asks for its version, within a second or so.
 * Throws `codex_missing`, or `codex_unsupported` when what is there doesn't answer like Codex.
 */
export async function askCodexVersion(
  runner: ProcessRunner,
  options: { readonly path: string | undefined; readonly fallback?: string | undefined },
): Promise<CodexBinary> {
  const path = findCodex(options.path, options.fallback);
  if (path === null) {
    throw refuse('codex_missing', 'codex is not on PATH; install it with "npm install -g @openai/codex" and try again');
  }
  const environment = { ...process.env, ...(options.path === undefined ? {} : { PATH: options.path }) };
  const answer = await runner.run(path, ['--version'], { timeoutMilliseconds: 10_000, environment });
  const version = parseCodexVersion(answer.stdout);
  if (answer.status !== 0 || version === null) {
    const detail = (answer.stderr.trim() || answer.stdout.trim()).split('\n', 1)[0] ?? '';
    const said = detail === '' ? `exit status ${answer.status}` : detail.slice(0, 200);
    throw refuse('codex_unsupported', `${path} --version did not answer like Codex (${said})`);
  }
  return { path, version };
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
