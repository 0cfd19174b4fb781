/**
 * An isolated CODEX_HOME for demos and tests: talks to a scripted model, needs no account, asks nothing at start.
 * The folder is private to the caller, who removes it.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface CodexHomeOptions {
  /** The folder that becomes CODEX_HOME; made when it is missing. */
  readonly home: string;
  /** Base URL of the model server, ending in `/v1`. */
  readonly baseUrl: string;
  /** Folders whose trust question counts as answered. Absolute, symlinks resolved. */
  readonly trustedFolders?: readonly string[];
  readonly model?: string;
  /** Extra top-level lines of TOML, before the first table. */
  readonly extraLines?: readonly string[];
}

export async function writeCodexHome(options: CodexHomeOptions): Promise<void> {
  await mkdir(options.home, { recursive: true, mode: 0o700 });
  await writeFile(join(options.home, 'config.toml'), codexConfig(options), { mode: 0o600 });
}

export function codexConfig(options: CodexHomeOptions): string {
  const lines = [
    `model = ${tomlString(options.model ?? 'scripted')}`,
    'model_provider = "scripted"',
    'check_for_update_on_startup = false',
    'disable_paste_burst = false',
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

/** A TOML basic string: JSON's escapes are a subset of TOML's. */
function tomlString(text: string): string {
  return JSON.stringify(text);
}
