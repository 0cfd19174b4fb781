import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { PNG } from 'pngjs';
import { refuse } from '../domain/errors.ts';
import { checkPng } from './pngLayout.ts';

/** A decoded picture: four bytes a pixel, red, green, blue and alpha, row by row. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
  /** Of the file it was read from. */
  readonly sha256: string;
}

const maximumBytes = 200_000_000;

/** Throws `file_unreadable` in one line for whatever is no picture of ours. */
export async function readPicture(path: string): Promise<Picture> {
  return decodePicture(path, await readBytes(path));
}

export function decodePicture(name: string, file: Buffer): Picture {
  const checked = checkPng(name, file);
  try {
    const { width, height, data } = PNG.sync.read(checked);
    return { width, height, pixels: data, sha256: createHash('sha256').update(file).digest('hex') };
  } catch (error) {
    // The decoder throws plain errors, some over several lines: a palette that is missing or too short, for one.
    throw refuse('file_unreadable', `${name}: is no PNG that can be decoded`, { cause: error });
  }
}

/** An 8-bit RGBA picture as a file. */
export function encodePicture(width: number, height: number, pixels: Uint8Array): Buffer {
  const png = new PNG({ width, height });
  png.data.set(pixels);
  return PNG.sync.write(png, { filterType: 0 });
}

async function readBytes(path: string): Promise<Buffer> {
  try {
    const facts = await stat(path);
    if (facts.isFile() && facts.size <= maximumBytes) return await readFile(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'error';
    throw refuse('file_unreadable', `unable to read visual diff PNG ${path} (${code})`, { cause: error });
  }
  const limit = `${maximumBytes / 1e6} MB`;
  throw refuse('file_unreadable', `unable to read visual diff PNG ${path}: it is no file, or larger than ${limit}`);
}
