import { existsSync } from 'node:fs';

import { type Browser, chromium } from 'playwright-core';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const quietArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The system's Chromium, headless unless `$CONVEYOR_HEADED` is set. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = process.env['CONVEYOR_CHROMIUM'] ?? places.find((path) => existsSync(path));
  if (!executablePath) throw new Error('Chromium was not found: install the system package "chromium"');
  return chromium.launch({ executablePath, headless: !process.env['CONVEYOR_HEADED'], args: quietArguments });
}
