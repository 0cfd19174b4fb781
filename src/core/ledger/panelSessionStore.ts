import * as z from 'zod/mini';
import { formatTimestamp } from '../domain/timestamps.ts';
import type { Connection } from './connection.ts';
import { query } from './query.ts';

const panelSessionRow = z.object({
  session_id: z.string(),
  incarnation: z.number(),
  kind: z.enum(['codex', 'disposable']),
  /** How often the name was registered; a rollout that shrank is read anew after the next time. */
  registrations: z.number(),
  first_event_id: z.number(),
  tmux_socket: z.nullable(z.string()),
  pane_id: z.nullable(z.string()),
  process_start: z.nullable(z.string()),
  boot_id: z.nullable(z.string()),
  codex_version: z.nullable(z.string()),
  registered_at: z.string(),
});

/** What we know of a session beyond the shared row: incarnation, pane, socket, start of its process. */
export type PanelSession = z.infer<typeof panelSessionRow>;

const bySession = query(panelSessionRow, 'SELECT * FROM panel_sessions WHERE session_id = ?');

export function findPanelSession(ledger: Connection, sessionId: string): PanelSession | null {
  return bySession.first(ledger, [sessionId]);
}

export interface PanelRegistration {
  readonly kind?: PanelSession['kind'];
  readonly tmuxSocket?: string | null;
  readonly paneId?: string | null;
  readonly processStart?: string | null;
  readonly bootId?: string | null;
  readonly codexVersion?: string | null;
  /** True when the name now stands for another Codex than before: state and receipts of the old one stay behind. */
  readonly startsIncarnation: boolean;
}

/** Records the panel's side of a registration. Omitted facts are kept within an incarnation and forgotten with it. */
export function registerPanelSession(
  ledger: Connection,
  sessionId: string,
  facts: PanelRegistration,
  now: number,
): PanelSession {
  const known = findPanelSession(ledger, sessionId);
  const kept = facts.startsIncarnation ? null : known;
  const session: PanelSession = {
    session_id: sessionId,
    incarnation: known === null ? 1 : known.incarnation + (facts.startsIncarnation ? 1 : 0),
    kind: facts.kind ?? kept?.kind ?? 'codex',
    registrations: (known?.registrations ?? 0) + 1,
    first_event_id:
      kept?.first_event_id ?? (known === null && !facts.startsIncarnation ? 0 : newestEventId(ledger) + 1),
    tmux_socket: facts.tmuxSocket === undefined ? (kept?.tmux_socket ?? null) : facts.tmuxSocket,
    pane_id: facts.paneId === undefined ? (kept?.pane_id ?? null) : facts.paneId,
    process_start: facts.processStart === undefined ? (kept?.process_start ?? null) : facts.processStart,
    boot_id: facts.bootId === undefined ? (kept?.boot_id ?? null) : facts.bootId,
    codex_version: facts.codexVersion === undefined ? (kept?.codex_version ?? null) : facts.codexVersion,
    registered_at: formatTimestamp(now),
  };
  ledger.run(
    `INSERT OR REPLACE INTO panel_sessions (session_id, incarnation, kind, registrations, first_event_id, tmux_socket, pane_id, process_start, boot_id, codex_version, registered_at)
     VALUES ($session_id, $incarnation, $kind, $registrations, $first_event_id, $tmux_socket, $pane_id, $process_start, $boot_id, $codex_version, $registered_at)`,
    session,
  );
  return session;
}

/** The greatest id of an ingested event, 0 when there is none. */
export function newestEventId(ledger: Connection): number {
  const row = ledger.get('SELECT coalesce(max(id), 0) AS id FROM codex_events');
  return z.object({ id: z.number() }).parse(row).id;
}
