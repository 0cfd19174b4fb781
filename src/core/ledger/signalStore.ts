import * as z from 'zod/mini';
import type { SignalEvidence } from '../domain/attentionEvidence.ts';
import type { Connection } from './connection.ts';
import { query } from './query.ts';

const signalRow = z.object({
  source: z.enum(['app_server', 'hook']),
  kind: z.enum(['turn_started', 'turn_ended', 'approval_requested', 'input_requested', 'model_failed']),
  at: z.string(),
});
const ofSession = query(signalRow, 'SELECT source, kind, at FROM panel_signals WHERE session_id = ?');
const lookRow = z.object({ looked_at: z.string() });
const lookOf = query(lookRow, 'SELECT looked_at FROM panel_looks WHERE session_id = ?');

/** What Codex reported of a session, the newest of each kind. Times are wall-clock milliseconds. */
export function listSignals(ledger: Connection, sessionId: string): SignalEvidence[] {
  return ofSession.all(ledger, [sessionId]).flatMap(({ source, kind, at }) => {
    const moment = Date.parse(at);
    return Number.isFinite(moment) ? [{ source, kind, at: moment }] : [];
  });
}

/** Keeps a report; one that comes late or twice changes nothing. True when it is news. */
export function recordSignal(ledger: Connection, sessionId: string, { source, kind, at }: SignalEvidence): boolean {
  const { changes } = ledger.run(
    `INSERT INTO panel_signals (session_id, source, kind, at) VALUES (?, ?, ?, ?)
     ON CONFLICT (session_id, source, kind) DO UPDATE SET at = excluded.at
     WHERE excluded.at > panel_signals.at OR panel_signals.at > ?`,
    // What was noted further ahead than a minute was noted before the clock was set back.
    [sessionId, source, kind, new Date(at).toISOString(), new Date(at + 60_000).toISOString()],
  );
  return changes > 0;
}

/** The person has seen what the session had to say until then. */
export function recordLook(ledger: Connection, sessionId: string, at: number): void {
  ledger.run(
    `INSERT INTO panel_looks (session_id, looked_at) VALUES (?, ?)
     ON CONFLICT (session_id) DO UPDATE SET looked_at = excluded.looked_at
     WHERE excluded.looked_at > looked_at OR looked_at > ?`,
    [sessionId, new Date(at).toISOString(), new Date(at + 60_000).toISOString()],
  );
}

export function findLook(ledger: Connection, sessionId: string): string | null {
  return lookOf.first(ledger, [sessionId])?.looked_at ?? null;
}
