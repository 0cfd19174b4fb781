import { chmodSync, copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type BuildOptions, type Plugin } from 'esbuild';
import { loadMigrations } from '../core/ledger/migrations.ts';
import { nativePlatform } from '../core/ledger/sqliteDriver.ts';
import { ptyFiles } from './ptyFiles.ts';
import { dashboardBundle, extensionBundle, timelineBundle } from './panelBundles.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** `loadMigrations` with the texts inside, since a bundle has no `migrations/` folder beside it. */
const embedMigrations: Plugin = {
  name: 'embed-migrations',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]core[\\/]ledger[\\/]migrations\.ts$/ }, () => ({
      loader: 'ts',
      contents: `const migrations = ${JSON.stringify(loadMigrations())};\nexport function loadMigrations() { return migrations; }`,
    }));
  },
};

/**
 * Zod's index carries the sentences of forty languages, which every process would set up: a twentieth of the start of
 * `conveyor`. Ours are written here.
 */
const leaveOutLocales: Plugin = {
  name: 'leave-out-locales',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.c?js$/ }, () => ({ contents: 'export {};' }));
  },
};

/**
 * Modules of Node that most calls never need. With what each of them loads, they cost every call one to five
 * milliseconds.
 */
const lateBuiltins = ['node:child_process', 'node:crypto', 'node:readline/promises', 'node:stream', 'node:zlib'];

/** Loads them when something of theirs is first used. */
const loadBuiltinsLate: Plugin = {
  name: 'load-builtins-late',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path, importer }) =>
      lateBuiltins.includes(path) && importer.startsWith(join(root, 'src')) ? { path, namespace: 'late' } : null,
    );
    onLoad({ filter: /.*/, namespace: 'late' }, ({ path }) => ({
      // CommonJS, because a bundle reads what that exports anew at each use.
      contents: Object.keys(process.getBuiltinModule(path) ?? {})
        .map((name) => `Object.defineProperty(exports, '${name}', { enumerable: true, get: () => late().${name} });`)
        .concat(`const late = () => process.getBuiltinModule('${path}');`)
        .join('\n'),
    }));
  },
};

/** For the program of the frequent verbs: the others are in `conveyor.js`, which the launcher takes for them. */
const leaveOutOtherOperations: Plugin = {
  name: 'leave-out-other-operations',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]core[\\/]operations[\\/]otherOperations\.ts$/ }, () => ({
      contents: 'export const otherOperations = {};',
    }));
  },
};

const plugins = [embedMigrations, leaveOutLocales, loadBuiltinsLate];

const node: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node22',
  minify: true,
  keepNames: true,
  sourcemap: process.argv.includes('--sourcemap'),
  logLevel: 'warning',
  plugins,
  external: ['vscode', 'fsevents'],
  // Its CommonJS asks for its parts in a way that no bundler follows: https://github.com/microsoft/node-jsonc-parser/issues/57
  alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
  // CommonJS has no import.meta; nothing that needs it may end up in a bundle.
  logOverride: { 'empty-import-meta': 'silent' },
};

/**
 * Builds what is shipped: `dist/cli.js` with its two programs, the extension, its supervisor thread, the thread
 * that exports, the webview, and the one native binary for this platform.
 */
export async function bundle(dist = join(root, 'dist')): Promise<void> {
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(join(dist, 'native'), { recursive: true });
  // The package is a module; its bundles are CommonJS, which starts faster and loads native code plainly.
  writeFileSync(join(dist, 'package.json'), '{ "type": "commonjs" }\n');
  await Promise.all([
    build({ ...node, entryPoints: { conveyor: 'src/cli/entry.ts' }, outdir: dist }),
    build({
      ...node,
      plugins: [...plugins, leaveOutOtherOperations],
      // Names in stack traces, which nothing here prints but a defect of ours, are a twentieth of what it starts with.
      keepNames: false,
      entryPoints: { frequent: 'src/cli/entry.ts' },
      outdir: dist,
    }),
    build({
      ...node,
      entryPoints: { cli: 'src/cli/launcher.ts' },
      outdir: dist,
      bundle: true,
      external: ['./conveyor.js', './frequent.js'],
    }),
    build(extensionBundle(dist)),
    build(timelineBundle(dist)),
    build(dashboardBundle(dist)),
    build({ ...node, entryPoints: { dashboard: 'src/dashboard/entry.ts' }, outdir: dist }),
    build({ ...node, entryPoints: { exportThread: 'src/core/record/exportThread.ts' }, outdir: dist }),
    ...optional('src/supervisor/supervisor.ts', { ...node, outfile: join(dist, 'supervisor.cjs') }),
  ]);
  const binary = `${nativePlatform()}-${process.arch}.node`;
  copyFileSync(join(root, 'node_modules/better-sqlite3/prebuilds', binary), join(dist, 'native', binary));
  copyPty(dist);
}

/** Where node-pty looks when it is in a bundle. It has no binary for every platform; the dashboard then says so. */
function copyPty(dist: string): void {
  for (const name of ptyFiles()) {
    const target = join(dist, name);
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(join(root, 'node_modules/node-pty', name), target);
    chmodSync(target, 0o755);
  }
}

function optional(entry: string, options: BuildOptions): Promise<unknown>[] {
  return existsSync(join(root, entry)) ? [build({ ...options, entryPoints: [entry] })] : [];
}

if (process.argv[1] !== undefined && basename(process.argv[1]) === 'bundle.ts') await bundle();
