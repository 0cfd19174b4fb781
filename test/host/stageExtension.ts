import { cpSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { build } from 'esbuild';

import { extensionBundle, timelineBundle } from '../../src/build/panelBundles.ts';

const root = resolve(import.meta.dirname, '../..');

export interface StagedExtension {
  readonly folder: string;
  /** Path of the mocha bundle that runs inside the extension host. */
  readonly tests: string;
}

/** The extension as it is built, with a fake engine in its supervisor thread and the host suite beside it. */
export async function stageExtension(): Promise<StagedExtension> {
  const folder = mkdtempSync(join(tmpdir(), 'conveyor-extension-'));
  const dist = join(folder, 'dist');
  mkdirSync(dist);
  for (const name of ['package.json', 'media']) cpSync(join(root, name), join(folder, name), { recursive: true });
  writeFileSync(join(dist, 'package.json'), '{ "type": "commonjs" }\n');
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const node = { bundle: true, platform: 'node', format: 'cjs', target: 'node22', absWorkingDir: root } as const;
  await Promise.all([
    build(extensionBundle(dist)),
    build(timelineBundle(dist)),
    build({ ...node, entryPoints: ['test/host/fakeSupervisor.ts'], outfile: join(dist, 'supervisor.cjs') }),
    build({
      ...node,
      entryPoints: ['test/host/suite/index.ts'],
      outfile: join(dist, 'test', 'index.js'),
      external: ['vscode', 'mocha'],
    }),
  ]);
  return { folder, tests: join(dist, 'test', 'index.js') };
}
