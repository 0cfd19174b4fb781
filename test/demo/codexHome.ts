/**
 * An isolated home for Codex, for demos and tests: talks to a scripted model, needs no account, asks nothing at start.
 *
 *     const codex = await makeCodexHome({ root, baseUrl: model.baseUrl, trustedFolders: [workspace] });
 *     // start Codex with codex.environment; remove `root` when it is gone
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface CodexConfigOptions {
  /** Base URL of the model server, ending in `/v1`. */
  readonly baseUrl: string;
  /** Folders whose trust question counts as answered. Absolute, symlinks resolved. */
  readonly trustedFolders?: readonly string[];
  readonly model?: string;
  /** Extra top-level lines of TOML, before the first table. */
  readonly extraLines?: readonly string[];
}

export interface CodexHome {
  readonly home: string;
  /** For the process that starts Codex. */
  readonly environment: { readonly CODEX_HOME: string; readonly TMPDIR: string };
}

/** `root` is a folder of the caller's own; `home` and `tmp` are made in it. */
export async function makeCodexHome(options: CodexConfigOptions & { readonly root: string }): Promise<CodexHome> {
  const home = join(options.root, 'home');
  // Codex makes no sandbox helper when its home lies below the temporary folder, and every command then fails.
  const temporary = join(options.root, 'tmp');
  await mkdir(temporary, { recursive: true, mode: 0o700 });
  await writeCodexHome({ ...options, home });
  return { home, environment: { CODEX_HOME: home, TMPDIR: temporary } };
}

/** For a caller who sees to it that TMPDIR is no folder above `home`. */
async function writeCodexHome(options: CodexConfigOptions & { readonly home: string }): Promise<void> {
  await mkdir(options.home, { recursive: true, mode: 0o700 });
  await writeFile(join(options.home, 'config.toml'), codexConfig(options), { mode: 0o600 });
}

function codexConfig(options: CodexConfigOptions): string {
  const lines = [
    `model = ${tomlString(options.model ?? 'scripted')}`,
    'model_provider = "scripted"',
    'check_for_update_on_startup = false',
    ...(options.extraLines ?? []),
    '',
    '[model_providers.scripted]',
    'name = "Scripted model"',
    `base_url = ${tomlString(options.baseUrl)}`,
    'wire_api = "responses"',
    'request_max_retries = 1',
    'stream_max_retries = 1',
    '',
    '[analytics]',
    'enabled = false',
  ];
  for (const folder of options.trustedFolders ?? []) {
    lines.push('', `[projects.${tomlString(folder)}]`, 'trust_level = "trusted"');
  }
  return `${lines.join('\n')}\n`;
}

/** A TOML basic string: JSON's escapes are a part of TOML's. */
function tomlString(text: string): string {
  return JSON.stringify(text);
}
