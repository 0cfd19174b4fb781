export const captureModes = ['metadata', 'excerpt', 'snapshot', 'segment', 'full'] as const;
export type CaptureMode = (typeof captureModes)[number];
type SegmentKind = 'metadata' | 'excerpt' | 'snapshot' | 'segment' | 'reset';

/** What a capture adds to the one before. */
export interface TranscriptSegment {
  readonly kind: SegmentKind;
  /** Null for metadata. */
  readonly text: string | null;
  /** In the capture, counted from 1. */
  readonly startLine: number;
  readonly endLine: number;
  readonly lineCount: number;
  readonly byteCount: number;
}

const excerptLines = 40;

/** The lines of a pane without the empty rows below its text: they say nothing, and hide that two captures overlap (AT-13). */
export function paneLines(text: string): readonly string[] {
  const lines = text.split('\n').map((line) => line.trimEnd());
  return lines.slice(0, lines.findLastIndex((line) => line !== '') + 1);
}

/** The new part of a capture; null when there is nothing new, or nothing at all. */
export function segmentOf(previous: string | null, current: string, mode: CaptureMode): TranscriptSegment | null {
  const lines = paneLines(current);
  const delta = newLines(previous === null ? null : paneLines(previous), lines);
  if (mode === 'metadata') {
    return { ...describe('metadata', delta?.lines ?? [], delta?.start ?? 1), text: null };
  }
  if (delta === null || delta.lines.length === 0) return null;
  if (mode === 'snapshot') return describe('snapshot', lines, 1);
  if (mode === 'excerpt') {
    const kept = delta.lines.slice(-excerptLines);
    return describe('excerpt', kept, delta.start + delta.lines.length - kept.length);
  }
  return describe(delta.start === 1 ? 'reset' : 'segment', delta.lines, delta.start);
}

/** Null when nothing is new. */
function newLines(
  previous: readonly string[] | null,
  lines: readonly string[],
): { readonly start: number; readonly lines: readonly string[] } | null {
  if (previous === null) return { start: 1, lines };
  const overlap = overlapOf(previous, lines);
  return overlap === lines.length ? null : { start: overlap + 1, lines: lines.slice(overlap) };
}

/** The largest k such that the last k lines of one are the first k of the other. */
function overlapOf(previous: readonly string[], lines: readonly string[]): number {
  for (let size = Math.min(previous.length, lines.length); size > 0; size -= 1) {
    const offset = previous.length - size;
    if (lines.slice(0, size).every((line, index) => line === previous[offset + index])) return size;
  }
  return 0;
}

function describe(kind: SegmentKind, lines: readonly string[], startLine: number): TranscriptSegment {
  const text = lines.join('\n');
  return {
    kind,
    text,
    startLine,
    endLine: startLine + lines.length - 1,
    lineCount: lines.length,
    byteCount: Buffer.byteLength(text),
  };
}
