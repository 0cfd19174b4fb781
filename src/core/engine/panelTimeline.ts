import type { JsonValue } from '../domain/json.ts';
import type { Connection } from '../ledger/connection.ts';
import { findTask } from '../ledger/taskStore.ts';
import { replayTask } from '../record/replay.ts';
import { cursorOf, type ReplayEntry } from '../record/replayEntry.ts';

/** One entry as the timeline shows it. */
export interface PanelTimelineEntry {
  readonly id: string;
  readonly at: string;
  readonly kind: string;
  readonly actor: string;
  readonly toward: 'worker' | 'manager' | null;
  readonly summary: string;
  readonly state: string | null;
  readonly correlationId: string | null;
  readonly details: { readonly label: string; readonly value: string }[];
}

export interface PanelTimelinePage {
  readonly entries: PanelTimelineEntry[];
  readonly olderCursor: string | null;
  readonly total: number;
}

/**
 * A page of a task's story, oldest entry first: the newest, or the one before a cursor. With content: the panel is where
 * the person works. An unknown task, or a folder without a ledger, has an empty page.
 */
export function readPanelTimeline(
  ledger: Connection | null,
  reference: string,
  { before, limit }: { readonly before: string | null; readonly limit: number },
): PanelTimelinePage {
  const task = ledger === null ? null : findTask(ledger, reference);
  if (ledger === null || task === null) return { entries: [], olderCursor: null, total: 0 };
  const all = replayTask(ledger, task, {
    format: 'timeline',
    role: 'all',
    before,
    limit: null,
    includeContent: true,
  }).entries.filter(isShown);
  const shown = all.slice(Math.max(0, all.length - limit));
  const [oldest] = shown;
  const hasOlder = oldest !== undefined && all.length > shown.length;
  return { entries: shown.map(entryOf), olderCursor: hasOlder ? cursorOf(oldest) : null, total: all.length };
}

/** Timings inside a cycle are for telemetry; the chain repeats what its parts say. */
function isShown({ kind }: ReplayEntry): boolean {
  return kind !== 'manager_cycle_span' && kind !== 'correlation_chain';
}

function entryOf(entry: ReplayEntry): PanelTimelineEntry {
  const { details } = entry;
  return {
    id: `${entry.source}:${entry.source_id}`,
    at: entry.timestamp,
    kind: entry.kind,
    actor: entry.actor,
    toward: towardOf(entry),
    summary: entry.summary,
    state: typeof details.state === 'string' ? details.state : null,
    correlationId: typeof details.correlation_id === 'string' ? details.correlation_id : null,
    details: Object.entries(details)
      .filter(([, value]) => value !== null)
      .map(([label, value]) => ({ label: label.replaceAll('_', ' '), value: shownValue(value) })),
  };
}

function towardOf({ kind, actor, details }: ReplayEntry): 'worker' | 'manager' | null {
  if (actor.endsWith('-> worker')) return 'worker';
  if (kind !== 'routed_notification') return null;
  return details.signal_type === 'nudge_worker' || details.signal_type === 'continue_iteration' ? 'worker' : 'manager';
}

function shownValue(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}
