import { closeSync, fstatSync, readSync } from 'node:fs';
import { parseRolloutLine } from '../codex/parseRolloutLine.ts';
import { readTurnEvent } from '../codex/readTurnEvent.ts';
import { openRolloutFile } from '../codex/rolloutFile.ts';
import { createRolloutLineSplitter } from '../codex/rolloutLines.ts';
import { initialTurnState, reduceTurn } from '../domain/turnState.ts';

/** Far more than the lines of a turn's beginning and end take; the start of a very long turn may lie before it. */
const tailBytes = 1024 * 1024;

/**
 * Whether a turn runs, by the end of the rollout alone; null when that doesn't say. The screen of Codex 0.169 hides it
 * while an answer streams.
 */
export function isTurnRunning(path: string | null): boolean | null {
  const tail = path === null ? null : readTail(path);
  if (tail === null) return null;
  // A tail begins in the middle of a line, which is then skipped as no JSON.
  const lines = createRolloutLineSplitter().push(tail);
  const state = lines.reduce((turn, line) => {
    const record = parseRolloutLine(line);
    return record.kind === 'skip' ? turn : reduceTurn(turn, readTurnEvent(record));
  }, initialTurnState);
  return state.turn.phase === 'unknown' ? null : state.turn.phase === 'working';
}

function readTail(path: string): Buffer | null {
  let descriptor: number;
  try {
    descriptor = openRolloutFile(path);
  } catch {
    return null; // not there yet, or replaced at this moment
  }
  try {
    const { size } = fstatSync(descriptor);
    const length = Math.min(size, tailBytes);
    const tail = Buffer.alloc(length);
    return tail.subarray(0, readSync(descriptor, tail, 0, length, size - length));
  } finally {
    closeSync(descriptor);
  }
}
