import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { refuse } from '../domain/errors.ts';
import { readPicture } from '../loops/picture.ts';
import { findChromium } from './findChromium.ts';
import type { QaDrill } from './qaDrill.ts';

/** Four blocks of one pixel each: red, green, blue, white. */
export const qaPage = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>QA drill</title>
    <style>
      html, body { margin: 0; background: #000; overflow: hidden }
      i { position: absolute; width: 1px; height: 1px }
    </style>
  </head>
  <body>
    <i style="left: 0; top: 0; background: #f00"></i>
    <i style="left: 1px; top: 0; background: #0f0"></i>
    <i style="left: 0; top: 1px; background: #00f"></i>
    <i style="left: 1px; top: 1px; background: #fff"></i>
  </body>
</html>
`;

const size = 2;
const timeoutMilliseconds = 60_000;
const outputLimit = 1_000_000;

interface Screenshot {
  readonly backend: 'chromium-headless';
  readonly executable: string;
  readonly path: string;
  readonly viewport: string;
}

/**
 * What the system's Chromium shows of a page of ours, with a profile of its own and without a network. Nothing is ever
 * downloaded. Throws `browser_missing`, `browser_failed`.
 */
export async function takeScreenshot(drill: QaDrill, page: string): Promise<Screenshot> {
  const { processes, variables, signal } = drill.context;
  const executable = findChromium(variables);
  const path = drill.place('candidate.png');
  const profile = mkdtempSync(join(drill.scratch, 'profile-'));
  try {
    const result = await processes.runGroup(executable, argumentsFor(profile, path, page), {
      outputLimit,
      timeoutMilliseconds,
      signal,
    });
    if (result.ended === 'interrupted') throw refuse('interrupted', 'interrupted while the browser was running');
    const how = result.ended === null ? `status ${result.status}` : result.ended;
    if (result.status !== 0) throw failed(`${executable} ended with ${how}${lastLine(result.stderr)}`);
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
  }
  if (!existsSync(path)) throw failed(`${executable} made no picture`);
  const { width, height } = await readPicture(path);
  if (width !== size || height !== size) {
    throw failed(`${executable} made a picture of ${width}x${height} instead of ${size}x${size}`);
  }
  return { backend: 'chromium-headless', executable, path, viewport: `${width}x${height}` };
}

function argumentsFor(profile: string, path: string, page: string): readonly string[] {
  return [
    '--headless',
    `--user-data-dir=${profile}`,
    `--screenshot=${path}`,
    `--window-size=${size},${size}`,
    '--force-device-scale-factor=1',
    '--force-color-profile=srgb',
    '--hide-scrollbars',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--disable-extensions',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
    '--no-default-browser-check',
    '--host-resolver-rules=MAP * ~NOTFOUND',
    // Chromium refuses to start as root otherwise; the page is ours and nothing else can be reached.
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    pathToFileURL(page).href,
  ];
}

function failed(what: string) {
  return refuse(
    'browser_failed',
    `browser-backed QA requires Playwright/Chromium that can be launched: ${what}; name another with CONVEYOR_CHROMIUM`,
  );
}

function lastLine(text: string): string {
  const line = text.trimEnd().split('\n').at(-1)?.trim() ?? '';
  return line === '' ? '' : `: ${line.slice(0, 200)}`;
}
