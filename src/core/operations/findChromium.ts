import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { refuse } from '../domain/errors.ts';
import { findOnPath, isExecutable } from './findTools.ts';
import { expandHome, type Variables } from './operationContext.ts';

const programs = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'chrome',
  'chrome-headless-shell',
  'microsoft-edge',
];
const macApplications = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];
/** Where a Playwright that somebody installed keeps its browsers, below a folder for each. */
const playwrightFolders = ['~/.cache/ms-playwright', '~/Library/Caches/ms-playwright'];
const playwrightPrograms = [
  'chrome-linux/chrome',
  'chrome-linux64/chrome',
  'chrome-linux/headless_shell',
  'chrome-mac/Chromium.app/Contents/MacOS/Chromium',
];

/** The Chromium of this machine: `$CONVEYOR_CHROMIUM`, else one on PATH, else one of Playwright. Throws `browser_missing`. */
export function findChromium(variables: Variables): string {
  const given = variables.CONVEYOR_CHROMIUM;
  if (given) {
    const path = expandHome(given, variables);
    if (isExecutable(path)) return path;
    throw missing(`CONVEYOR_CHROMIUM is ${given}, and that is no program`);
  }
  const onPath = programs.flatMap((program) => findOnPath(program, variables.PATH) ?? [])[0];
  const found = onPath ?? [...macApplications, ...playwrightBrowsers(variables)].find(isExecutable);
  if (found === undefined) throw missing('no Chromium is on PATH, and none is installed by Playwright');
  return found;
}

function missing(why: string) {
  return refuse(
    'browser_missing',
    `browser-backed QA requires Playwright/Chromium: ${why}; install Chromium, or name one with CONVEYOR_CHROMIUM`,
  );
}

function playwrightBrowsers(variables: Variables): readonly string[] {
  const folders = [variables.PLAYWRIGHT_BROWSERS_PATH, ...playwrightFolders].flatMap((folder) =>
    folder ? [expandHome(folder, variables)] : [],
  );
  return folders.flatMap((folder) =>
    listFolder(folder)
      .filter((name) => name.startsWith('chromium'))
      .toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true }))
      .flatMap((name) => playwrightPrograms.map((program) => join(folder, name, program))),
  );
}

function listFolder(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
