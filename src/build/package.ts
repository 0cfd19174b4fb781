import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';

import { createVSIX } from '@vscode/vsce';

import { nativePlatform } from '../core/ledger/sqliteDriver.ts';
import { bundle } from './bundle.ts';
import { ptyFiles } from './ptyFiles.ts';
import { readManifest, writeManifest } from './manifest.ts';

const root = resolve(import.meta.dirname, '../..');

/** Everything that may be in the package, relative to its root. A trailing slash allows what is below. */
const allowed = [
  'package.json',
  'README.md',
  'CHANGELOG.md',
  'LICENSE',
  'dist/package.json',
  'dist/extension.cjs',
  'dist/supervisor.cjs',
  'dist/cli.js',
  'dist/conveyor.js',
  'dist/frequent.js',
  'dist/dashboard.js',
  'dist/exportThread.js',
  `dist/native/${nativePlatform()}-${process.arch}.node`,
  ...ptyFiles().map((file) => `dist/${file}` as const),
  'dist/webview/dashboard.css',
  'dist/webview/dashboard.js',
  'dist/webview/timelineFrame.css',
  'dist/webview/timelineFrame.js',
  'dist/webview/timeline.js',
  'dist/webview/timeline.css',
  'media/conveyor.svg',
  'media/icon.png',
  'media/timeline-dark.svg',
  'media/timeline-light.svg',
  'media/skills/manage-codex-workers/SKILL.md',
  'media/skills/manage-codex-workers/agents/openai.yaml',
  'media/skills/codex-review/SKILL.md',
  'media/skills/codex-review/scripts/codex-review',
  // Installed together with the skill that refers to them.
  'docs/guides/',
  // The README's pictures: VS Code shows the installed one.
  'docs/images/',
] as const;

/** All but folders that may be empty must be there. */
const required: readonly string[] = allowed.filter((path) => !path.endsWith('/'));

const mostBytes = 4 * 1024 * 1024;

/** Fields of package.json that only developers need. */
const workshopFields = ['scripts', 'dependencies', 'devDependencies', 'allowScripts', 'private', 'type', 'c8', 'knip'];

export interface Package {
  readonly path: string;
  readonly bytes: number;
  readonly files: readonly string[];
}

/**
 * Packs the bundles of `dist` for this platform. Refuses when something is missing, when something is there that no
 * user needs, and when the result is larger than it should ever be.
 */
export async function packageExtension(dist: string, folder: string): Promise<Package> {
  const stage = mkdtempSync(join(tmpdir(), 'conveyor-package-'));
  try {
    stageFiles(dist, stage);
    const files = filesBelow(stage);
    refuseStrays(files);
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `agent-conveyor-vscode-${target()}.vsix`);
    await createVSIX({
      cwd: stage,
      packagePath: path,
      target: target(),
      dependencies: false,
      allowMissingRepository: true,
      rewriteRelativeLinks: false,
    });
    const bytes = statSync(path).size;
    if (bytes > mostBytes) throw new Error(`${basename(path)} has ${bytes} bytes, more than ${mostBytes}`);
    return { path, bytes, files };
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

/** The name that VS Code has for this platform. */
function target(): string {
  const system = nativePlatform() === 'linuxmusl' ? 'alpine' : process.platform;
  return `${system}-${process.arch}`;
}

function stageFiles(dist: string, stage: string): void {
  for (const path of allowed) {
    const source = path.startsWith('dist/') ? join(dist, path.slice('dist/'.length)) : join(root, path);
    mkdirSync(dirname(join(stage, path)), { recursive: true });
    if (path === 'package.json') writeFileSync(join(stage, path), publishedManifest());
    else cpSync(source, join(stage, path), { recursive: true, force: true, errorOnExist: false, filter: isThere });
  }
}

function isThere(source: string): boolean {
  return statSync(source, { throwIfNoEntry: false }) !== undefined;
}

function publishedManifest(): string {
  const fields = Object.entries(readManifest()).filter(([field]) => !workshopFields.includes(field));
  // The stage holds nothing but what is allowed.
  return `${JSON.stringify({ ...Object.fromEntries(fields), files: ['**'] }, null, 2)}\n`;
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();
}

function refuseStrays(files: readonly string[]): void {
  const missing = required.filter((path) => !files.includes(path));
  if (missing.length > 0) throw new Error(`the package lacks ${missing.join(', ')}`);
  const stray = files.filter(
    (path) => !allowed.some((may) => path === may || (may.endsWith('/') && path.startsWith(may))),
  );
  if (stray.length > 0) throw new Error(`the package would contain ${stray.join(', ')}`);
}

if (import.meta.main) {
  writeManifest();
  await bundle();
  const { path, bytes, files } = await packageExtension(join(root, 'dist'), root);
  process.stdout.write(`${files.join('\n')}\n${path}: ${Math.round(bytes / 1024)} KB, ${files.length} files\n`);
}
