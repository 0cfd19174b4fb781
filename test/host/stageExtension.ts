import { cpSync, mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { build } from 'esbuild';

import { bundle } from '../../src/build/bundle.ts';

const root = resolve(import.meta.dirname, '../..');

export interface StagedExtension {
  readonly folder: string;
  /** Path of the mocha bundle that runs inside the extension host. */
  readonly tests: string;
}

/**
 * The extension as it is built, and the host suite beside it. With `fake`, its supervisor thread has the engine of
 * `fakeEngine.ts`, which a test can tell what to say.
 */
export async function stageExtension(engine: 'fake' | 'real' = 'fake'): Promise<StagedExtension> {
  const folder = mkdtempSync(join(tmpdir(), 'conveyor-extension-'));
  const dist = join(folder, 'dist');
  for (const name of ['package.json', 'media']) cpSync(join(root, name), join(folder, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  await bundle(dist);
  const node = { bundle: true, platform: 'node', format: 'cjs', target: 'node22', absWorkingDir: root } as const;
  const thread = { ...node, entryPoints: ['test/host/fakeSupervisor.ts'], outfile: join(dist, 'supervisor.cjs') };
  if (engine === 'fake') await build(thread);
  const tests = join(dist, 'test', 'index.js');
  await build({ ...node, entryPoints: ['test/host/suite/index.ts'], outfile: tests, external: ['vscode', 'mocha'] });
  return { folder, tests };
}
