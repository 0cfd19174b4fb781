/**
 * The proof that a message arrived: its user turn in the rollout, behind the place where the file ended before the
 * first key was pressed. Reads only what is new at each call, and remembers having seen it.
 */
import { closeSync, fstatSync, readSync, statSync } from 'node:fs';
import { detectRolloutGrammar, parseRolloutLine, type RolloutGrammar } from '../codex/parseRolloutLine.ts';
import { readTurnEvent } from '../codex/readTurnEvent.ts';
import { openRolloutFile } from '../codex/rolloutFile.ts';
import { createRolloutLineSplitter, type RolloutLine } from '../codex/rolloutLines.ts';
import { isSameText } from './messageText.ts';

/** Where a rollout ended. A session without a rollout yet has no path, and whatever it writes is new. */
export interface RolloutWatermark {
  readonly path: string | null;
  readonly offset: number;
}

export interface UserTurnQuestion {
  readonly watermark: RolloutWatermark;
  /** `OutgoingText.recorded` */
  readonly text: string;
  /** Asked until it answers when the watermark has no path: Codex makes the file with the first message. */
  readonly locate?: () => string | null;
  /** `envelope` unless the head of the file said otherwise. */
  readonly grammar?: RolloutGrammar;
}

/** The place behind everything that the rollout holds now; offset 0 when there is no file. */
export function takeWatermark(path: string | null): RolloutWatermark {
  if (path === null) return { path, offset: 0 };
  return { path, offset: statSync(path, { throwIfNoEntry: false })?.size ?? 0 };
}

/** True once the user turn is there; null while there is no rollout to look in, and there may never be one. */
export type DeliveryProof = () => boolean | null;

/** For `DeliveryRequest.proof`. Also right after a crash, with the watermark that was committed before the first key. */
export function userTurnProof({ watermark, text, locate, grammar }: UserTurnQuestion): () => boolean {
  let seen = false;
  let path = watermark.path;
  let offset = watermark.offset;
  let reading = grammar ?? 'envelope';
  let isFirstLine = offset === 0 && grammar === undefined;
  const splitter = createRolloutLineSplitter({ startOffset: offset });

  const saysText = (line: RolloutLine): boolean => {
    if (isFirstLine) reading = detectRolloutGrammar(line);
    isFirstLine = false;
    const record = parseRolloutLine(line, reading);
    if (record.kind === 'skip') return false;
    const event = readTurnEvent(record);
    const isUserText = event.kind === 'userMessageSeen' || (reading === 'flat' && event.kind === 'userItemSeen');
    return isUserText && isSameText(event.text, text);
  };

  return () => {
    path ??= locate?.() ?? null;
    if (seen || path === null) return seen;
    // To the end: what is not found now counts as not arrived when somebody looks after a lost message.
    for (let chunk = readFrom(path, offset); chunk.length > 0 && !seen; chunk = readFrom(path, offset)) {
      offset += chunk.length;
      seen = splitter.push(chunk).some(saysText);
    }
    return seen;
  };
}

/** So much at a time: memory stays bounded whatever was written. */
const CHUNK_BYTES = 4 * 1024 * 1024;

function readFrom(path: string, offset: number): Buffer {
  let descriptor: number;
  try {
    descriptor = openRolloutFile(path);
  } catch {
    return Buffer.alloc(0); // not there yet, or replaced at this moment
  }
  try {
    const length = Math.min(CHUNK_BYTES, fstatSync(descriptor).size - offset);
    if (length <= 0) return Buffer.alloc(0);
    const chunk = Buffer.alloc(length);
    return chunk.subarray(0, readSync(descriptor, chunk, 0, length, offset));
  } finally {
    closeSync(descriptor);
  }
}
