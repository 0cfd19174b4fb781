const NEWLINE = 0x0a;

/** 32 MiB: far above any record Codex was seen to write, far below what would hurt the extension host. */
const DEFAULT_MAX_LINE_BYTES = 32 * 1024 * 1024;

/** One newline-terminated line. `endOffset` is just past its newline. */
export interface RolloutLine {
  readonly byteOffset: number;
  readonly endOffset: number;
  /**
   * The bytes without the newline; null when the line was longer than the limit and was not kept.
   * Usually a view into the pushed chunk: use it before that chunk's memory is used again.
   */
  readonly bytes: Buffer | null;
}

export interface RolloutLineSplitter {
  /** Lines that this chunk completed. The unfinished rest is copied, so the chunk's memory may then be used again. */
  push(chunk: Uint8Array): RolloutLine[];
  /** Bytes seen after the last newline: a line that is still being written. */
  readonly unfinishedBytes: number;
}

/**
 * Cuts a stream of bytes into lines with absolute offsets. Holds at most one unfinished line of `maxLineBytes`;
 * a longer one is passed over byte by byte and reported without content, so that reading goes on behind it.
 */
export function createRolloutLineSplitter({
  startOffset = 0,
  maxLineBytes = DEFAULT_MAX_LINE_BYTES,
}: { startOffset?: number; maxLineBytes?: number } = {}): RolloutLineSplitter {
  let lineStart = startOffset;
  let held: Buffer[] = [];
  let seen = 0;

  function finish(tail: Buffer): RolloutLine {
    const length = seen + tail.length;
    const line: RolloutLine = {
      byteOffset: lineStart,
      endOffset: lineStart + length + 1,
      bytes: length > maxLineBytes ? null : held.length === 0 ? tail : Buffer.concat([...held, tail], length),
    };
    lineStart = line.endOffset;
    held = [];
    seen = 0;
    return line;
  }

  return {
    push(chunk) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      const lines: RolloutLine[] = [];
      let from = 0;
      for (let to = bytes.indexOf(NEWLINE); to !== -1; to = bytes.indexOf(NEWLINE, from)) {
        lines.push(finish(bytes.subarray(from, to)));
        from = to + 1;
      }
      if (from < bytes.length) {
        seen += bytes.length - from;
        if (seen > maxLineBytes) held = [];
        else held.push(Buffer.from(bytes.subarray(from)));
      }
      return lines;
    },
    get unfinishedBytes() {
      return seen;
    },
  };
}
