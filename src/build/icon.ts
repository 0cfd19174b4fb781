import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { chromium } from 'playwright-core';

const media = resolve(import.meta.dirname, '../../media');

/** Draws `media/icon.png` from its SVG: the Marketplace takes no SVG. Run by hand when the drawing changes. */
async function drawIcon(): Promise<void> {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage({ viewport: { width: 256, height: 256 } });
    await page.setContent(`<style>body { margin: 0 }</style>${readFileSync(join(media, 'source/icon.svg'), 'utf8')}`);
    writeFileSync(join(media, 'icon.png'), await page.screenshot({ omitBackground: true }));
  } finally {
    await browser.close();
  }
}

await drawIcon();
