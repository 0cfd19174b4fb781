import { crc32, deflateSync } from 'node:zlib';

export const pngSignature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

export function chunk(type: string, body: Buffer = Buffer.alloc(0)): Buffer {
  const framed = Buffer.concat([Buffer.from(type, 'latin1'), body]);
  const file = Buffer.alloc(framed.length + 8);
  file.writeUInt32BE(body.length, 0);
  framed.copy(file, 4);
  file.writeUInt32BE(crc32(framed), framed.length + 4);
  return file;
}

export interface PngShape {
  readonly size: readonly [width: number, height: number];
  readonly depth?: number;
  readonly colour?: number;
  readonly interlace?: number;
  /** Rows as they are deflated: each begins with its filter. */
  readonly rows: Buffer;
  /** Chunks between the header and the rows. */
  readonly between?: readonly Buffer[];
}

export function pngFile({ size, depth = 8, colour = 6, interlace = 0, rows, between = [] }: PngShape): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size[0], 0);
  header.writeUInt32BE(size[1], 4);
  header.set([depth, colour, 0, 0, interlace], 8);
  return Buffer.concat([
    pngSignature,
    chunk('IHDR', header),
    ...between,
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND'),
  ]);
}

/** A row of 8-bit samples without a filter. */
export const row = (...samples: readonly number[]): Buffer => Buffer.from([0, ...samples]);
