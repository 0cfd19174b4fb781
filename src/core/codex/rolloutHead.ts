import { createHash } from 'node:crypto';
import { closeSync, fstatSync, readSync } from 'node:fs';
import { refuse } from '../domain/errors.ts';
import { type OpenedRollout, openPlainOrPacked, unpack } from './packedRollout.ts';
import { type RolloutHeader, readRolloutHeader } from './rolloutHeader.ts';

/** More than any session_meta line that was seen (instructions included), and little enough to read for each registration. */
const headLimit = 8 * 1024 * 1024;
const chunkSize = 64 * 1024;

/** The first line of a rollout and what identifies the file: two files at one path differ in the digest of that line. */
export interface RolloutHead {
  readonly header: RolloutHeader;
  readonly sha256: string;
  /** Device and inode, `2049:131`. */
  readonly fileIdentity: string;
  /** Of what stands in it, unpacked. */
  readonly size: number;
}

/**
 * Reads the first line of a rollout file.
 *
 * Throws `rollout_missing` or `rollout_invalid`, naming the file.
 */
export function readRolloutHead(file: string): RolloutHead {
  const { line, fileIdentity, size } = readFirstLine(file);
  if (line.length === 0)
    throw refuse('rollout_invalid', `rollout file is empty: ${file}; type something into Codex so that it writes one`);
  const parsed = readRolloutHeader({
    bytes: line.length >= headLimit ? null : line,
    byteOffset: 0,
    endOffset: line.length + 1,
  });
  if (!parsed.ok)
    throw refuse(
      'rollout_invalid',
      `${file} is not a Codex rollout (${parsed.reason}); its first line must be a session_meta record`,
    );
  return { header: parsed.header, sha256: createHash('sha256').update(line).digest('hex'), fileIdentity, size };
}

function readFirstLine(file: string): { line: Buffer; fileIdentity: string; size: number } {
  const { descriptor, isPacked } = openRollout(file);
  try {
    const { dev, ino, size } = fstatSync(descriptor);
    const fileIdentity = `${dev}:${ino}`;
    if (isPacked) {
      const whole = unpack(descriptor);
      const end = whole.indexOf(0x0a);
      return { line: end >= 0 ? whole.subarray(0, end) : whole, fileIdentity, size: whole.length };
    }
    const chunks: Buffer[] = [];
    for (let position = 0; position < headLimit;) {
      const chunk = Buffer.alloc(chunkSize);
      const count = readSync(descriptor, chunk, 0, chunkSize, position);
      const end = chunk.subarray(0, count).indexOf(0x0a);
      chunks.push(chunk.subarray(0, end >= 0 ? end : count));
      if (end >= 0 || count === 0) break;
      position += count;
    }
    return { line: Buffer.concat(chunks), fileIdentity, size };
  } catch (error) {
    throw unreadable(file, error);
  } finally {
    closeSync(descriptor);
  }
}

function openRollout(file: string): OpenedRollout {
  try {
    return openPlainOrPacked(file);
  } catch (error) {
    throw unreadable(file, error);
  }
}

function unreadable(file: string, error: unknown): Error {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'error';
  if (code === 'ENOENT') return refuse('rollout_missing', `rollout file does not exist: ${file}`, { cause: error });
  return refuse('rollout_missing', `cannot read the rollout file ${file} (${code})`, { cause: error });
}
