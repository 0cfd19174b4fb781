import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { PNG } from 'pngjs';
import { refuse } from '../domain/errors.ts';
import { checkPng, readSize, type Size } from './pngLayout.ts';

/** A decoded picture: four bytes a pixel, red, green, blue and alpha, row by row. */
export interface Picture extends Size {
  readonly pixels: Uint8Array;
  /** Of the file it was read from. */
  readonly sha256: string;
}

const maximumBytes = 200_000_000;

/** Throws `file_unreadable` in one line for whatever is no picture of ours. */
export async function readPicture(path: string): Promise<Picture> {
  return decodePicture(path, await readBytes(path));
}

/**
 * Two pictures that can be compared. Throws `invalid_value` for different sizes before either is decoded: that takes
 * memory, and the headers say it already.
 */
export async function readPair(reference: string, candidate: string): Promise<readonly [Picture, Picture]> {
  const [left, right] = [await readBytes(reference), await readBytes(candidate)];
  requireSameSize(readSize(reference, left), readSize(candidate, right));
  return [decodePicture(reference, left), decodePicture(candidate, right)];
}

/** Throws `invalid_value`, naming both. */
export function requireSameSize(reference: Size, candidate: Size): void {
  if (reference.width === candidate.width && reference.height === candidate.height) return;
  const sizes = `reference=${sizeOf(reference)} candidate=${sizeOf(candidate)}`;
  throw refuse('invalid_value', `reference and candidate must have matching dimensions: ${sizes}`);
}

export function sizeOf({ width, height }: Size): string {
  return `${width}x${height}`;
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
  // Made small and given its pixels: a second copy of them would take as much memory again.
  const png = new PNG({ width: 1, height: 1 });
  const data = Buffer.from(pixels.buffer, pixels.byteOffset, pixels.byteLength);
  return PNG.sync.write(Object.assign(png, { width, height, data }), { filterType: 0 });
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
