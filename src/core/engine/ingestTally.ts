import type { IngestTotal } from '../ingest/ingestSession.ts';
import type { Clock } from '../ports/clock.ts';

/** Telemetry hears of what was read so often; of lines that could not be read at once. */
const tellEveryMilliseconds = 10_000;

/**
 * Sums up what an engine reads, session by session: a row of telemetry for each line of each rollout would be larger than
 * what it tells of.
 */
export class IngestTally {
  readonly #clock: Clock;
  readonly #open = new Map<string, { readonly since: number; readonly total: IngestTotal }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What is to be told now; null when it is kept for later. */
  add(sessionId: string, read: IngestTotal): IngestTotal | null {
    const known = this.#open.get(sessionId);
    const total: IngestTotal = {
      startOffset: known?.total.startOffset ?? read.startOffset,
      newEvents: (known?.total.newEvents ?? 0) + read.newEvents,
      skippedLines: (known?.total.skippedLines ?? 0) + read.skippedLines,
      offset: read.offset,
    };
    const now = this.#clock.monotonic();
    const isDue = known === undefined || now - known.since >= tellEveryMilliseconds || read.skippedLines > 0;
    const nothing = { startOffset: null, newEvents: 0, skippedLines: 0, offset: read.offset };
    this.#open.set(sessionId, isDue ? { since: now, total: nothing } : { since: known.since, total });
    return isDue ? total : null;
  }
}
