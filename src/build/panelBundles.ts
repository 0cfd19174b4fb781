import { join, resolve } from 'node:path';

import type { BuildOptions } from 'esbuild';

const root = resolve(import.meta.dirname, '../..');

/** The extension's main thread: CommonJS, because that is what VS Code's module cache speeds up. */
export function extensionBundle(folder: string): BuildOptions {
  return {
    absWorkingDir: root,
    entryPoints: ['src/extension/extension.ts'],
    outfile: join(folder, 'extension.cjs'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    minify: true,
    keepNames: true,
    external: ['vscode'],
    logLevel: 'warning',
  };
}

/** The timeline page: one script and one style sheet, for the panel and the dashboard alike. */
export function timelineBundle(folder: string): BuildOptions {
  return {
    absWorkingDir: root,
    entryPoints: { timeline: 'webview/timeline/main.ts' },
    outdir: join(folder, 'webview'),
    bundle: true,
    platform: 'browser',
    format: 'iife',
    target: 'chrome120',
    minify: true,
    logLevel: 'warning',
  };
}

/** What the dashboard puts around the timeline page: its own page, and the host behind the timeline's frame. */
export function dashboardBundle(folder: string): BuildOptions {
  return {
    ...timelineBundle(folder),
    entryPoints: { dashboard: 'webview/dashboard/main.ts', timelineFrame: 'webview/dashboard/timelineFrame.ts' },
  };
}
