import { refuse } from '../domain/errors.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import { findBindingOfSession, settleUnreadHistory } from '../ledger/bindingStore.ts';
import { insertCodexEvents } from '../ledger/codexEventStore.ts';
import type { Connection } from '../ledger/connection.ts';
import { advanceRollout, insertRollout, markEventRange, readStanding } from '../ledger/rolloutStore.ts';
import { findSessionById, type Session, setSessionIngested, touchSession } from '../ledger/sessionStore.ts';
import { recordTelemetry } from '../ledger/telemetryStore.ts';
import type { Clock } from '../ports/clock.ts';
import { type BatchLimits, defaultLimits, readBatches, type RolloutBatch } from './rolloutBatches.ts';
import { locateCursor, type RolloutCursor } from './rolloutCursor.ts';
import { type Bookmarks, leaveBookmark, openBookmark, type ReadSession } from './bookmarks.ts';
import { openRollout, type RolloutSource } from './rolloutSource.ts';

export interface IngestDependencies {
  readonly ledger: Connection;
  readonly clock: Clock;
}

export interface IngestOptions {
  /** Leave no trace when there was nothing to read: for whoever looks many times a minute. */
  readonly quiet?: boolean;
  /** What telemetry is told of it, if anything; all of it when left out. Called inside a write transaction. */
  readonly tally?: (total: IngestTotal) => IngestTotal | null;
  readonly limits?: BatchLimits;
  /** Kept from one time to the next by whoever reads the same sessions all the time. */
  readonly bookmarks?: Bookmarks;
}

export interface IngestResult {
  readonly new_events: number;
  /** Where reading goes on the next time. */
  readonly new_offset: number;
  readonly skipped_lines: number;
}

/**
 * Brings what Codex wrote since the last time into the ledger: each line of a rollout exactly once, whoever reads it
 * and however many do so at once.
 *
 * Lines are read and parsed outside of any transaction. A batch is stored in one short transaction that first compares
 * where the ledger stands with where the reader began; who comes second throws its batch away and goes on from there.
 *
 * Throws `session_state`, `rollout_missing`, `rollout_shrank`.
 */
export async function ingestSession(
  dependencies: IngestDependencies,
  session: ReadSession,
  options: IngestOptions = {},
): Promise<IngestResult> {
  const total: IngestTotal = { startOffset: null, newEvents: 0, skippedLines: 0, offset: 0 };
  for (;;) {
    const { source, locate } = await open(dependencies.ledger, session, options.bookmarks);
    try {
      const start = await locate();
      const end = await readOn(dependencies, source, { id: session.id, start, total }, options);
      if (end === undefined) continue;
      if (options.bookmarks && end !== null) leaveBookmark(options.bookmarks, source, end);
      break;
    } finally {
      source.close();
    }
  }
  return { new_events: total.newEvents, new_offset: total.offset, skipped_lines: total.skippedLines };
}

export interface IngestTotal {
  startOffset: number | null;
  newEvents: number;
  skippedLines: number;
  offset: number;
}

interface Opened {
  readonly source: RolloutSource;
  readonly locate: () => Promise<RolloutCursor | null>;
}

/** At the bookmark if there is one that still fits; it is taken out, so that a second attempt asks the ledger. */
async function open(ledger: Connection, known: ReadSession, bookmarks: Bookmarks | undefined): Promise<Opened> {
  const marked = bookmarks ? await openBookmark(bookmarks, known) : null;
  if (marked !== null) return { source: marked.source, locate: () => Promise.resolve(marked.cursor) };
  const { session, path } = requireReadable(ledger, known.id);
  const source = await openRollout(path);
  return { source, locate: () => locateCursor(ledger, session, source) };
}

interface Reading {
  readonly id: string;
  readonly start: RolloutCursor | null;
  readonly total: IngestTotal;
}

/**
 * Where it ended; null when the file has no first line yet, undefined when somebody else read the same lines first and
 * the cursor must be found anew.
 */
async function readOn(
  dependencies: IngestDependencies,
  source: RolloutSource,
  { id, start, total }: Reading,
  { quiet = false, tally = (all) => all, limits = defaultLimits }: IngestOptions,
): Promise<RolloutCursor | null | undefined> {
  const { ledger, clock } = dependencies;
  if (start === null) {
    if (!quiet) ledger.write(() => report(dependencies, requireReadable(ledger, id).session, tally(total)));
    return null;
  }
  const { session } = start;
  total.startOffset ??= start.offset;
  total.offset = start.offset;
  let cursor = start;
  for await (const batch of readBatches(source, start, formatTimestamp(clock.now()), limits)) {
    const at = cursor;
    const isNothing = isSettled(batch, at);
    if (isNothing && (!batch.isLast || (quiet && total.newEvents + total.skippedLines === 0))) continue;
    const stored = ledger.write(() => {
      const next = isNothing ? at : storeBatch(dependencies, at, batch);
      if (next === null) return null;
      count(total, batch);
      if (batch.isLast) report(dependencies, session, tally(total));
      return next;
    });
    if (stored === null) return undefined;
    cursor = stored;
  }
  return cursor;
}

function requireReadable(ledger: Connection, id: string): { session: Session; path: string } {
  const session = findSessionById(ledger, id);
  if (session === null) throw refuse('unknown_session', `no session with id ${id} is registered`);
  const { name, role, state, codex_session_path: path } = session;
  const again = `register it again with "register-${role} --name ${name}"`;
  if (state !== 'active') throw refuse('session_state', `session '${name}' is in state '${state}'; ${again}`);
  if (path === null) throw refuse('rollout_missing', `session '${name}' has no rollout file yet; ${again}`);
  return { session, path };
}

/** Nothing was read, and the reference would go on from the right place. */
function isSettled(batch: RolloutBatch, { session, offset, rollout }: RolloutCursor): boolean {
  return batch.endOffset === offset && (session.last_ingest_offset === offset || rollout === null);
}

/** Null when the ledger has moved on since the cursor was found. */
function storeBatch(
  { ledger, clock }: IngestDependencies,
  cursor: RolloutCursor,
  batch: RolloutBatch,
): RolloutCursor | null {
  if (!isStillThere(ledger, cursor)) return null;
  const now = clock.now();
  const { session, panel, path, headSha256, generation, threadId } = cursor;
  const rolloutId =
    cursor.rollout?.id ?? insertRollout(ledger, { sessionId: session.id, path, headSha256, generation, threadId }, now);
  const firstEventId = insertCodexEvents(ledger, session.id, batch.events, now);
  const offsets = batch.events.map(({ byteOffset }) => byteOffset);
  settleUnreadHistory(ledger, session.id, { headSha256, firstEventId, offsets, endOffset: batch.endOffset });
  const progress = {
    offset: batch.endOffset,
    anchorSha256: batch.anchorSha256,
    skippedLines: batch.skippedLines,
    registrations: panel?.registrations ?? 0,
  };
  if (batch.endOffset > cursor.offset) advanceRollout(ledger, rolloutId, progress, now);
  setSessionIngested(ledger, session.id, batch.endOffset);
  if (batch.events.length > 0 || cursor.adoptedFromEvent !== null) {
    markEventRange(ledger, session.id, {
      rolloutId,
      incarnation: panel?.incarnation ?? 1,
      firstEventId: cursor.adoptedFromEvent ?? firstEventId,
    });
  }
  return {
    ...cursor,
    session: { ...session, last_ingest_offset: batch.endOffset },
    rollout:
      batch.endOffset > cursor.offset
        ? { id: rolloutId, ingested_offset: batch.endOffset, anchor_sha256: batch.anchorSha256 }
        : (cursor.rollout ?? { id: rolloutId, ingested_offset: 0, anchor_sha256: null }),
    offset: batch.endOffset,
    knownBefore: batch.endOffset,
    adoptedFromEvent: null,
  };
}

/** Compare-and-set over all that says how far the file was read: our row, the reference's offset, the registration. */
function isStillThere(ledger: Connection, cursor: RolloutCursor): boolean {
  const { session, panel, path, headSha256, rollout, generation } = cursor;
  const now = readStanding(ledger, session.id, path, headSha256);
  if (now?.session_state !== 'active' || now.session_path !== session.codex_session_path) return false;
  if (now.session_offset !== session.last_ingest_offset) return false;
  if (now.registrations !== (panel?.registrations ?? 0) || now.incarnation !== (panel?.incarnation ?? 1)) return false;
  if (rollout === null) return (now.generation ?? 0) === generation - 1;
  return now.rollout_id === rollout.id && now.ingested_offset === rollout.ingested_offset;
}

function count(total: IngestTotal, batch: RolloutBatch): void {
  total.newEvents += batch.events.length;
  total.skippedLines += batch.skippedLines;
  total.offset = batch.endOffset;
}

/** Call inside a write transaction. */
function report({ ledger, clock }: IngestDependencies, session: Session, total: IngestTotal | null): void {
  const now = clock.now();
  touchSession(ledger, session.id, now);
  if (total === null) return;
  recordTelemetry(
    ledger,
    {
      type: 'codex_events_ingested',
      summary: `Ingested ${total.newEvents} event(s) from ${session.name}.`,
      taskId: findBindingOfSession(ledger, session.id)?.task_id ?? null,
      correlation: { session: session.name, session_id: session.id },
      attributes: {
        new_events: total.newEvents,
        new_offset: total.offset,
        skipped_lines: total.skippedLines,
        start_offset: total.startOffset ?? total.offset,
      },
    },
    now,
  );
}
