import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { refuse } from '../core/domain/errors.ts';

export interface BundleFile {
  readonly type: string;
  readonly content: Buffer;
}

const types = { js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8' } as const;

const names = [
  'dashboard.js',
  'dashboard.css',
  'timelineFrame.js',
  'timelineFrame.css',
  'timeline.js',
  'timeline.css',
] as const;

/** Everything that is served, by path, read once. Throws `file_unreadable` for an installation that lacks a file. */
export function readBundle(folder: string): ReadonlyMap<string, BundleFile> {
  return new Map(names.map((name) => [`/${name}`, { type: typeOf(name), content: read(join(folder, name)) }]));
}

function typeOf(name: (typeof names)[number]): string {
  return name.endsWith('.css') ? types.css : types.js;
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw refuse('file_unreadable', `${file} of this installation is missing; install the extension again`, { cause });
  }
}
