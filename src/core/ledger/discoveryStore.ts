import * as z from 'zod/mini';
import { jsonObject } from './columns.ts';
import type { Connection } from './connection.ts';
import { query } from './query.ts';

const boundRow = z.object({
  id: z.string(),
  state: z.string(),
  created_at: z.string(),
  task_id: z.string(),
  task_name: z.string(),
  task_goal: z.string(),
  worker_name: z.string(),
  worker_state: z.string(),
  worker_tmux_session: z.nullable(z.string()),
  manager_name: z.string(),
  manager_state: z.string(),
  manager_tmux_session: z.nullable(z.string()),
});

/** A live binding with the names of what it ties. */
export type BoundNames = z.infer<typeof boundRow>;

const liveBindings = query(
  boundRow,
  `SELECT b.id, b.state, b.created_at, b.task_id, t.name AS task_name, t.goal AS task_goal,
     w.name AS worker_name, w.state AS worker_state, w.tmux_session AS worker_tmux_session,
     m.name AS manager_name, m.state AS manager_state, m.tmux_session AS manager_tmux_session
   FROM bindings b JOIN tasks t ON t.id = b.task_id
     JOIN sessions w ON w.id = b.worker_session_id JOIN sessions m ON m.id = b.manager_session_id
   WHERE b.state IN ('active', 'ending') ORDER BY b.created_at DESC, b.rowid DESC`,
);

/** Newest first. */
export function listBoundNames(ledger: Connection): BoundNames[] {
  return liveBindings.all(ledger);
}

const telemetryRow = z.object({
  id: z.string(),
  run_id: z.nullable(z.string()),
  task_id: z.nullable(z.string()),
  timestamp: z.string(),
  actor: z.string(),
  event_type: z.string(),
  severity: z.string(),
  summary: z.string(),
  correlation: jsonObject,
  attributes: jsonObject,
});

export type FoundTelemetry = z.infer<typeof telemetryRow>;

const newestMatching = query(
  telemetryRow,
  `SELECT id, run_id, task_id, timestamp, actor, event_type, severity, summary, correlation_json AS correlation,
     attributes_json AS attributes
   FROM telemetry_events
   WHERE event_type = $type OR id IN (SELECT event_id FROM telemetry_events_fts WHERE telemetry_events_fts MATCH $match)
   ORDER BY rowid DESC LIMIT $limit`,
);

/**
 * The newest telemetry that holds every word, or is of that very type, oldest of them first (CP-49). Words are quoted, so
 * that nothing in them is an operator of the search language. A limit below zero leaves out so many of the last.
 */
export function searchTelemetry(ledger: Connection, text: string, limit: number): FoundTelemetry[] {
  const words = text.split(/\s+/).filter((word) => word !== '');
  if (words.length === 0 || limit === 0) return [];
  const match = words.map((word) => `"${word.replaceAll('"', '""')}"`).join(' ');
  const found = newestMatching.all(ledger, { type: text, match, limit: Math.max(limit, -1) }).toReversed();
  return limit < 0 ? found.slice(0, limit) : found;
}
