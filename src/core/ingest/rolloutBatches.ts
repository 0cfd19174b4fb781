import { detectRolloutGrammar, parseRolloutLine, type RolloutGrammar } from '../codex/parseRolloutLine.ts';
import { createRolloutLineSplitter, type RolloutLine } from '../codex/rolloutLines.ts';
import { parseTimestamp } from '../domain/timestamps.ts';
import type { NewCodexEvent } from '../ledger/codexEventStore.ts';
import { anchorOf, anchorSize, type RolloutSource } from './rolloutSource.ts';

/** Lines that are stored together: few enough that other writers hardly wait, many enough to be quick. */
export interface RolloutBatch {
  readonly events: readonly NewCodexEvent[];
  readonly skippedLines: number;
  /** Just past the last line, whether it was stored or skipped: no line is counted twice (OD-4). */
  readonly endOffset: number;
  readonly anchorSha256: string | null;
  /** Nothing complete follows. The last batch may be empty. */
  readonly isLast: boolean;
}

export interface BatchLimits {
  readonly lines: number;
  readonly bytes: number;
  readonly lineBytes: number;
}

/**
 * Larger batches are hardly quicker and cost memory: of each one its objects stay until the next collection. 16 MiB is far above any line that Codex was seen to write. A longer one is passed over, so that memory stays
 * bounded whatever the file holds.
 */
export const defaultLimits: BatchLimits = { lines: 500, bytes: 1024 * 1024, lineBytes: 16 * 1024 * 1024 };

/** Reads and parses from an offset to the end of the file. An unfinished line is left for the next time. */
export async function* readBatches(
  source: RolloutSource,
  { offset, knownBefore }: { readonly offset: number; readonly knownBefore: number },
  ingestedAt: string,
  limits: BatchLimits = defaultLimits,
): AsyncGenerator<RolloutBatch> {
  const splitter = createRolloutLineSplitter({ startOffset: offset, maxLineBytes: limits.lineBytes });
  const grammar = source.head === null ? 'envelope' : detectRolloutGrammar(source.head);
  let batch = emptyBatch(offset);
  for await (const chunk of source.chunks(offset)) {
    for (const line of splitter.push(chunk)) {
      addLine(batch, line, { grammar, ingestedAt, knownBefore });
      if (batch.lines < limits.lines && batch.bytes < limits.bytes) continue;
      yield finished(batch, line, false);
      batch = emptyBatch(line.endOffset);
    }
    // The chunk's memory is about to be used again.
    if (batch.last?.bytes) batch.last = { ...batch.last, bytes: Buffer.from(batch.last.bytes.subarray(-anchorSize)) };
  }
  yield finished(batch, batch.last, true);
}

interface OpenBatch {
  readonly events: NewCodexEvent[];
  skippedLines: number;
  lines: number;
  bytes: number;
  endOffset: number;
  last: RolloutLine | null;
}

function emptyBatch(endOffset: number): OpenBatch {
  return { events: [], skippedLines: 0, lines: 0, bytes: 0, endOffset, last: null };
}

interface Reading {
  readonly grammar: RolloutGrammar;
  readonly ingestedAt: string;
  readonly knownBefore: number;
}

function addLine(batch: OpenBatch, line: RolloutLine, { grammar, ingestedAt, knownBefore }: Reading): void {
  batch.endOffset = line.endOffset;
  batch.last = line;
  if (line.byteOffset < knownBefore) return;
  batch.lines += 1;
  batch.bytes += line.endOffset - line.byteOffset;
  const record = parseRolloutLine(line, grammar);
  if (record.kind === 'skip') {
    batch.skippedLines += 1;
    return;
  }
  const { timestamp, type, subtype, payload, byteOffset } = record;
  batch.events.push({
    // A time that nobody can read would fail every later look at the state (OD-6).
    timestamp: timestamp !== null && parseTimestamp(timestamp) !== null ? timestamp : ingestedAt,
    type,
    subtype,
    payload: JSON.stringify(payload),
    byteOffset,
  });
}

function finished(batch: OpenBatch, last: RolloutLine | null, isLast: boolean): RolloutBatch {
  const { events, skippedLines, endOffset } = batch;
  return { events, skippedLines, endOffset, anchorSha256: last?.bytes ? anchorOf(last.bytes) : null, isLast };
}
