import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../host/cacheFolder.ts';
import { CODEX } from './realCodex.ts';

/** Of those that the recordings cover, what npm still carries and today's configuration starts. */
export const codexVersions = ['0.169.0', '0.155.1', '0.140.0', '0.120.0', '0.101.0', '0.80.0', '0.60.1', '0.40.0'];

/** The `codex` of a version: that of our dependencies, or one that npm installs into the cache once. */
export function installedCodex(version: string): string {
  if (version === '0.169.0') return CODEX;
  const folder = join(cacheFolder(), 'codex', version);
  const binary = join(folder, 'node_modules', '.bin', 'codex');
  if (existsSync(binary)) return binary;
  mkdirSync(join(cacheFolder(), 'codex'), { recursive: true });
  const draft = `${folder}.${process.pid}.new`;
  const argv = ['install', '--prefix', draft, '--no-audit', '--no-fund', '--loglevel', 'error'];
  execFileSync('npm', [...argv, `@openai/codex@${version}`], { stdio: ['ignore', 'ignore', 'inherit'] });
  rmSync(folder, { recursive: true, force: true });
  renameSync(draft, folder);
  return binary;
}
