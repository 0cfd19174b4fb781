import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { nativePlatform } from '../core/ledger/sqliteDriver.ts';

const nodePty = resolve(import.meta.dirname, '../../node_modules/node-pty');

/** The native parts of node-pty for this platform, below its folder and below `dist` alike; none where it has none. */
export function ptyFiles(): readonly string[] {
  if (nativePlatform() === 'linuxmusl') return [];
  const folder = `prebuilds/${process.platform}-${process.arch}`;
  return ['pty.node', 'spawn-helper']
    .map((name) => `${folder}/${name}`)
    .filter((file) => existsSync(join(nodePty, file)));
}
