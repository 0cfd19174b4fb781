import { fstatSync, readSync } from 'node:fs';
import { constants, zstdDecompressSync } from 'node:zlib';
import { openRolloutFile } from './rolloutFile.ts';

/** What Codex appends to the name of a rollout that it has compressed; taken up again, it is unpacked under its old name. */
export const packedSuffix = '.zst';

/** Far beyond any rollout that was seen to be packed; what would become longer is not unpacked at once. */
const longest = 256 * 1024 * 1024;

export interface OpenedRollout {
  /** The caller closes it. */
  readonly descriptor: number;
  readonly isPacked: boolean;
}

/** A rollout as it is by now, packed or not, whichever of its names is known. Throws what opening throws. */
export function openPlainOrPacked(path: string): OpenedRollout {
  const plain = path.endsWith(packedSuffix) ? path.slice(0, -packedSuffix.length) : path;
  try {
    return { descriptor: openRolloutFile(plain), isPacked: false };
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    return { descriptor: openRolloutFile(`${plain}${packedSuffix}`), isPacked: true };
  }
}

/** All that a packed rollout holds; also of one that is cut off. Throws what zlib throws. */
export function unpack(descriptor: number): Buffer {
  const packed = Buffer.alloc(fstatSync(descriptor).size);
  const read = readSync(descriptor, packed, 0, packed.length, 0);
  return zstdDecompressSync(packed.subarray(0, read), {
    finishFlush: constants.ZSTD_e_continue,
    maxOutputLength: longest,
  });
}
