import { createHash } from 'node:crypto';
import { closeSync, fstatSync, readSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { createZstdDecompress } from 'node:zlib';
import { refuse, type ConveyorError } from '../domain/errors.ts';
import { openPlainOrPacked, type OpenedRollout, packedSuffix } from '../codex/packedRollout.ts';
import type { RolloutLine } from '../codex/rolloutLines.ts';

const chunkSize = 256 * 1024;
const firstChunkSize = 16 * 1024;
/** More than any first line that was seen; enough to tell two files apart when one is longer. */
const headLimit = 8 * 1024 * 1024;
/** How much of the last line before an offset is remembered to recognise the file by. */
export const anchorSize = 4096;

/**
 * The bytes of one opened rollout, decompressed. One file for its whole life: a replacement under the same path while
 * it is read does not show. Owns a file descriptor; `close` it.
 */
export interface RolloutSource {
  /**
   * The path without `.zst`: Codex compresses old rollouts in place, and offsets stay what they were. Behind links, as a
   * Codex home may be one: the same file by another name is not another file.
   */
  readonly path: string;
  /** The first line; null while it is unfinished. */
  readonly head: RolloutLine | null;
  readonly headSha256: string | null;
  /** Which file on this machine it is; null for a compressed one. */
  readonly inode: string | null;
  /** Bytes in the file by now; null for a compressed one, whose length nobody knows before it is read. */
  size(): number | null;
  /** Everything from an offset on, in chunks that are only valid until the next one is asked for. */
  chunks(offset: number): AsyncGenerator<Buffer>;
  /** The digest of the end of the line that ends right before the offset; null when no line ends there. */
  anchorAt(offset: number): Promise<string | null>;
  close(): void;
}

/** What was seen of a file when it was last opened. */
export type KnownHead = Pick<RolloutSource, 'inode' | 'head' | 'headSha256'>;

/**
 * Throws `rollout_missing`, naming the file. A `.jsonl` that Codex compressed since is found under its new name. The
 * first line of a file that is known is not read again.
 */
export async function openRollout(path: string, known?: KnownHead): Promise<RolloutSource> {
  const plain = path.endsWith(packedSuffix) ? path.slice(0, -packedSuffix.length) : path;
  const { descriptor, isPacked } = openEither(path);
  try {
    const stream = isPacked ? compressedBytes(descriptor, path) : plainBytes(descriptor, path);
    const inode = isPacked ? null : inodeOf(descriptor);
    const isKnown = known !== undefined && inode !== null && known.inode === inode;
    const { head, headSha256 } = isKnown ? known : await readHead(stream);
    return {
      path: isKnown ? plain : behindLinks(plain),
      head,
      headSha256,
      inode,
      size: () => (isPacked ? null : fstatSync(descriptor).size),
      chunks: stream,
      anchorAt: (offset) => readAnchor(stream, offset),
      close: () => closeSync(descriptor),
    };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function behindLinks(path: string): string {
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch {
    return path;
  }
}

type Bytes = (offset: number) => AsyncGenerator<Buffer>;

function openEither(path: string): OpenedRollout {
  try {
    return openPlainOrPacked(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw unreadable(path, error);
    throw refuse(
      'rollout_missing',
      `rollout file does not exist: ${path}; register the session again with its new file`,
    );
  }
}

/**
 * Read without a thread in between: a few hundred bytes from the page cache take microseconds, handing them to the pool and
 * back many times that, and two hundred sessions are read from all the time.
 */
function plainBytes(descriptor: number, path: string): Bytes {
  return async function* chunks(offset) {
    // Mostly a line or two are new: large buffers by the hundred a second keep the collector busy.
    let buffer = Buffer.allocUnsafe(firstChunkSize);
    for (let position = offset; ;) {
      const bytesRead = readOrRefuse(descriptor, buffer, position, path);
      if (bytesRead === 0) return;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
      if (bytesRead < buffer.length) continue;
      if (buffer.length < chunkSize) buffer = Buffer.allocUnsafe(chunkSize);
      // A long file is read in turns with everything else.
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
}

function readOrRefuse(descriptor: number, buffer: Buffer, position: number, path: string): number {
  try {
    return readSync(descriptor, buffer, 0, buffer.length, position);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function compressedBytes(descriptor: number, path: string): Bytes {
  return async function* chunks(offset) {
    // Not a stream of the file's own: closing it would wait forever for one that was left early.
    const file = Readable.from(copies(plainBytes(descriptor, path)(0)));
    const plain: Readable = file.pipe(createZstdDecompress());
    file.once('error', (error) => plain.destroy(error));
    let position = 0;
    try {
      for await (const chunk of plain) {
        if (!Buffer.isBuffer(chunk)) continue;
        const skipped = Math.max(0, offset - position);
        position += chunk.length;
        if (skipped < chunk.length) yield chunk.subarray(skipped);
      }
    } catch (error) {
      throw unreadable(path, error);
    } finally {
      plain.destroy();
      file.destroy();
    }
  };
}

async function* copies(chunks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) yield Buffer.from(chunk);
}

function inodeOf(descriptor: number): string {
  const { dev, ino } = fstatSync(descriptor, { bigint: true });
  return `${dev}:${ino}`;
}

async function readHead(chunks: Bytes): Promise<Pick<RolloutSource, 'head' | 'headSha256'>> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks(0)) {
    const end = chunk.indexOf(0x0a);
    parts.push(Buffer.from(end >= 0 ? chunk.subarray(0, end) : chunk));
    length += end >= 0 ? end : chunk.length;
    if (end >= 0 || length >= headLimit) {
      const bytes = Buffer.concat(parts);
      const head = { byteOffset: 0, endOffset: length + 1, bytes: length >= headLimit ? null : bytes };
      return { head, headSha256: sha256(bytes.subarray(0, headLimit)) };
    }
  }
  return { head: null, headSha256: null };
}

async function readAnchor(chunks: Bytes, offset: number): Promise<string | null> {
  if (offset === 0) return null;
  const from = Math.max(0, offset - 1 - anchorSize);
  const parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks(from)) {
    const part = Buffer.from(chunk.subarray(0, offset - from - length));
    parts.push(part);
    length += part.length;
    if (length === offset - from) break;
  }
  const bytes = Buffer.concat(parts);
  if (length < offset - from || bytes.at(-1) !== 0x0a) return null;
  const end = bytes.subarray(0, -1);
  return anchorOf(end.subarray(end.lastIndexOf(0x0a) + 1));
}

/** The digest by which a line is recognised again. */
export function anchorOf(line: Buffer): string {
  return sha256(line.subarray(-anchorSize));
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function unreadable(path: string, error: unknown): ConveyorError {
  return refuse('rollout_missing', `cannot read the rollout file ${path} (${codeOf(error)})`, { cause: error });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'error';
}
