import * as z from 'zod/mini';
import { ledgerJson } from '../domain/json.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import type { Connection } from './connection.ts';
import { type LeaseHost, momentOf } from './leaseStore.ts';
import { query } from './query.ts';

const busyWait = z.object({ pattern: z.string(), reason: z.string(), recommended_action: z.string() });
const patternByAge = z.object({
  fresh: z.nullable(busyWait),
  old: z.nullable(busyWait),
  unknown: z.nullable(busyWait),
});

const openQuestion = z.object({
  text: z.string(),
  options: z.array(z.object({ number: z.number(), label: z.string() })),
  /** Tells whether it is still the same when it is answered. */
  fingerprint: z.string(),
});

/** What can be said about a pane without keeping its words, but those of a question that waits for an answer. */
const paneView = z.object({
  captured: z.boolean(),
  /** Why there is no picture of the pane; null when there is one. */
  problem: z.nullable(z.string()),
  /** False when the session never had a pane: nothing is wrong then. */
  expected: z.boolean(),
  screen: z.nullable(z.string()),
  dialog: z.nullable(z.string()),
  question: z.optional(z.nullable(openQuestion)),
  notice: z.nullable(z.object({ kind: z.string(), text: z.string() })),
  /** Busy-wait pattern by what is known of the state's age: fresh, older than anybody's patience, unknown. */
  pattern: patternByAge,
});

const observation = z.object({
  /** Null: nobody can tell, because the session has no process of its own. */
  alive: z.nullable(z.boolean()),
  /** One line on what `alive` rests on. */
  reason: z.string(),
  pane: paneView,
});

/** One look at a session from outside every sandbox. */
export type Observation = z.infer<typeof observation>;
export type PaneView = Observation['pane'];
export type BusyWaitView = z.infer<typeof busyWait>;

export interface StoredObservation extends Observation {
  readonly observed_at: string;
  readonly observed_by: string;
  /** Since it was made; null when it was made before the machine was started anew. */
  readonly age_seconds: number | null;
}

const observationRow = z.object({
  observed_at: z.string(),
  observed_by: z.string(),
  boot_id: z.string(),
  observed_monotonic: z.number(),
  state_json: z.string(),
});
const ofSession = query(
  observationRow,
  'SELECT observed_at, observed_by, boot_id, observed_monotonic, state_json FROM panel_observations WHERE session_id = ?',
);

/** The newest look at a session, with its age; null when there is none, or none that can be read. */
export function readObservation(ledger: Connection, sessionId: string, at: LeaseHost): StoredObservation | null {
  const row = ofSession.first(ledger, [sessionId]);
  if (row === null) return null;
  const parsed = observation.safeParse(parseJson(row.state_json));
  if (!parsed.success) return null;
  return {
    ...parsed.data,
    observed_at: row.observed_at,
    observed_by: row.observed_by,
    age_seconds: ageOf(row, momentOf(at)),
  };
}

/** Seconds; null when it was made in another boot. */
function ageOf(row: z.infer<typeof observationRow>, { bootId, monotonic }: ReturnType<typeof momentOf>): number | null {
  const isComparable = row.boot_id === bootId && row.observed_monotonic <= monotonic;
  return isComparable ? (monotonic - row.observed_monotonic) / 1000 : null;
}

/** An unchanged observation is written again only this often: each write wakes whoever watches the ledger's folder. */
const refreshSeconds = 5;

export interface StoredLook {
  /** It differs from what was seen before, and was written. */
  readonly differs: boolean;
  /** Writes anew when it was seen, which is due; null when it is not. Whoever looks at many writes these at once. */
  readonly refresh: (() => void) | null;
}

/**
 * Keeps what was seen, when it differs from what was seen before. An unchanged one is refreshed now and then, so that
 * readers can trust its age.
 */
export function storeObservation(
  ledger: Connection,
  sessionId: string,
  seen: Observation,
  { observedBy, at }: { readonly observedBy: string; readonly at: LeaseHost },
): StoredLook {
  const before = ofSession.first(ledger, [sessionId]);
  const state = ledgerJson(seen);
  const { bootId, monotonic } = momentOf(at);
  const alive = seen.alive === null ? null : Number(seen.alive);
  const values = [sessionId, formatTimestamp(at.clock.now()), observedBy, bootId, monotonic, alive, state];
  const write = () => {
    ledger.write(() => ledger.run(insertion, values));
  };
  if (before?.state_json !== state) {
    write();
    return { differs: true, refresh: null };
  }
  const age = before.observed_by === observedBy ? ageOf(before, { bootId, monotonic }) : null;
  return { differs: false, refresh: age !== null && age < refreshSeconds ? null : write };
}

const insertion = `INSERT OR REPLACE INTO panel_observations
  (session_id, observed_at, observed_by, boot_id, observed_monotonic, alive, state_json) VALUES (?, ?, ?, ?, ?, ?, ?)`;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
