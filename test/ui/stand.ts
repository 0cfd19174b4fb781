import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { build } from 'esbuild';
import type { Browser } from 'playwright-core';

import { bundle } from '../../src/build/bundle.ts';
import { packageExtension } from '../../src/build/package.ts';
import type { FakeWorld } from '../host/fakeEngine.ts';
import { privateEnvironment } from '../host/privateEnvironment.ts';
import { startVscodeServer, type VscodeServer } from '../host/vscodeServer.ts';
import { launchBrowser } from './browser.ts';
import { themes, Workbench } from './workbench.ts';

const root = resolve(import.meta.dirname, '../..');

/** Screenshots are kept: people look at them. */
export const screenshots = join(root, 'artifacts', 'screenshots');

/** A VS Code with the packaged extension installed, as a user has it, but with a fake engine in its thread. */
export class Stand {
  readonly server: VscodeServer;
  readonly folder: string;
  readonly #browser: Browser;
  readonly #scratch: string;

  private constructor(parts: { server: VscodeServer; browser: Browser; scratch: string; folder: string }) {
    this.server = parts.server;
    this.folder = parts.folder;
    this.#browser = parts.browser;
    this.#scratch = parts.scratch;
  }

  static async build({ vsix, trusted = true }: { vsix: string; trusted?: boolean }): Promise<Stand> {
    const scratch = mkdtempSync(join(tmpdir(), 'conveyor-ui-'));
    const folder = join(scratch, 'demo');
    mkdirSync(folder);
    const server = await startVscodeServer({
      install: [vsix],
      trusted,
      settings: {
        'workbench.colorTheme': themes.dark,
        'window.autoDetectHighContrast': false,
        'workbench.secondarySideBar.defaultVisibility': 'hidden',
        // The server gives its extensions the PATH of a login shell, not ours.
        'conveyor.codex.path': join(root, 'node_modules', '.bin', 'codex'),
      },
      env: privateEnvironment(scratch),
    });
    return new Stand({ server, browser: await launchBrowser(), scratch, folder });
  }

  open(size?: { width: number; height: number }): Promise<Workbench> {
    return Workbench.open(this.#browser, this.server.url(this.folder), size);
  }

  /** As another process would commit it. */
  setWorld(world: FakeWorld): void {
    const stateRoot = join(this.folder, '.codex-workers');
    mkdirSync(stateRoot, { recursive: true });
    writeFileSync(join(stateRoot, 'draft'), JSON.stringify(world));
    renameSync(join(stateRoot, 'draft'), join(stateRoot, 'fake.json'));
  }

  calls(): readonly unknown[] {
    const path = join(this.folder, '.codex-workers', 'calls.jsonl');
    if (!existsSync(path)) return [];
    return readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
  }

  forgetCalls(): void {
    rmSync(join(this.folder, '.codex-workers', 'calls.jsonl'), { force: true });
  }

  async end(): Promise<void> {
    await this.#browser.close();
    await this.server.stop();
    rmSync(this.#scratch, { recursive: true, force: true });
  }
}

export interface Packed {
  readonly vsix: string;
  readonly cli: string;
  remove(): void;
}

/** Packs the extension once for a run; with `fake`, its supervisor thread has the fake engine. */
export async function pack(engine: 'fake' | 'real'): Promise<Packed> {
  const folder = mkdtempSync(join(tmpdir(), 'conveyor-vsix-'));
  const dist = join(folder, 'dist');
  await bundle(dist);
  if (engine === 'fake') {
    await build({
      absWorkingDir: root,
      entryPoints: ['test/host/fakeSupervisor.ts'],
      outfile: join(dist, 'supervisor.cjs'),
      bundle: true,
      platform: 'node',
      format: 'cjs',
      target: 'node22',
    });
  }
  const { path } = await packageExtension(dist, folder);
  return { vsix: path, cli: join(dist, 'cli.js'), remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Polls until the check passes; its last failure is the answer when it never does. */
export async function eventually<T>(check: () => T | Promise<T>, deadlineMs = 30_000): Promise<T> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((done) => setTimeout(done, 50));
    }
  }
}

export function assertIncludes(texts: readonly string[], wanted: string): void {
  assert.ok(
    texts.some((text) => text.includes(wanted)),
    `${JSON.stringify(texts)} has no “${wanted}”`,
  );
}
