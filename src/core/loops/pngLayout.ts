import { crc32, inflateSync } from 'node:zlib';
import { refuse } from '../domain/errors.ts';

/**
 * The checks that pngjs leaves out. It takes a picture whose rows are missing and fills them with whatever is in memory
 * (seen with 7.0.0 on Node 24), and it inflates an interlaced one without a bound.
 */

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** An 8K screen has 33 million. */
const maximumPixels = 40_000_000;
/** Encoders write some thousand bytes into each; many more of a few bytes would take far more memory than the file. */
const maximumChunks = 100_000;
const channelsOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

export interface Size {
  readonly width: number;
  readonly height: number;
}

interface Header extends Size {
  /** Bytes of one row, with the one that says how it is filtered. */
  readonly rowBytes: number;
}

/** What the header announces, when it is one that can be read. Throws `file_unreadable`; `name` is what to call it. */
export function readSize(name: string, file: Buffer): Size {
  const fail = failureOf(name);
  if (!file.subarray(0, 8).equals(signature)) throw fail('is not a PNG');
  if (file.length < 16) throw fail('truncated chunk header');
  if (file.toString('latin1', 12, 16) !== 'IHDR') throw fail('missing IHDR');
  if (file.length < 33) throw fail('truncated IHDR chunk');
  return readHeader(file.subarray(16, 16 + Math.min(file.readUInt32BE(8), 17)), fail);
}

/** The bytes of the picture itself, without what may follow it. Throws `file_unreadable`; `name` is what to call it. */
export function checkPng(name: string, file: Buffer): Buffer {
  const fail = failureOf(name);
  if (!file.subarray(0, 8).equals(signature)) throw fail('is not a PNG');
  const data: Buffer[] = [];
  let header: Header | null = null;
  for (let at = 8, chunks = 1; ; chunks += 1) {
    if (chunks > maximumChunks) throw fail(`has more than ${maximumChunks} chunks`);
    if (at + 8 > file.length) throw fail(at >= file.length ? 'ends before its IEND chunk' : 'truncated chunk header');
    const length = file.readUInt32BE(at);
    const type = file.toString('latin1', at + 4, at + 8);
    const end = at + 12 + length;
    if (end > file.length) throw fail(`truncated ${printable(type)} chunk`);
    const body = file.subarray(at + 8, end - 4);
    if (crc32(file.subarray(at + 4, end - 4)) !== file.readUInt32BE(end - 4)) {
      throw fail(`the checksum of its ${printable(type)} chunk is wrong`);
    }
    if (type === 'IHDR' && header === null) header = readHeader(body, fail);
    if (header === null) throw fail('missing IHDR');
    if (type === 'IDAT') data.push(body);
    if (type === 'IEND') {
      checkRows(Buffer.concat(data), header, fail);
      return file.subarray(0, end);
    }
    at = end;
  }
}

function failureOf(name: string): (what: string) => Error {
  return (what) => refuse('file_unreadable', `${name}: ${what}`);
}

function readHeader(body: Buffer, fail: (what: string) => Error): Header {
  if (body.length !== 13) throw fail('its IHDR has the wrong length');
  const [width, height] = [body.readUInt32BE(0), body.readUInt32BE(4)];
  const [depth = 0, colour = 0, compression, filter, interlace] = body.subarray(8);
  if (width === 0 || height === 0) throw fail('PNG width and height must be positive');
  if (width * height > maximumPixels) {
    throw fail(`${width}x${height} is too large to compare; at most ${maximumPixels / 1e6} million pixels`);
  }
  const channels = channelsOf[colour];
  const depths = colour === 0 || colour === 3 ? [1, 2, 4, 8] : [8];
  if (channels === undefined || !depths.includes(depth) || compression !== 0 || filter !== 0 || interlace !== 0) {
    throw fail('visual-diff supports non-interlaced 8-bit RGB/RGBA PNG, and palettes and greys of at most 8 bits');
  }
  return { width, height, rowBytes: Math.ceil((width * channels * depth) / 8) + 1 };
}

/** Exactly the announced rows, each filtered in a known way. */
function checkRows(compressed: Buffer, { height, rowBytes }: Header, fail: (what: string) => Error): void {
  const expected = rowBytes * height;
  let rows: Buffer;
  try {
    // One byte more than expected shows that there is too much, without inflating all of it.
    rows = inflateSync(compressed, { maxOutputLength: expected + 1 });
  } catch (error) {
    const isTooLong = error instanceof RangeError;
    throw fail(isTooLong ? 'invalid PNG scanline length' : 'invalid PNG compression');
  }
  if (rows.length !== expected) throw fail('invalid PNG scanline length');
  for (let at = 0; at < expected; at += rowBytes) {
    if ((rows[at] ?? 0) > 4) throw fail(`unsupported PNG filter type ${rows[at]}`);
  }
}

function printable(type: string): string {
  return /^[A-Za-z]{4}$/.test(type) ? type : 'unnamed';
}
