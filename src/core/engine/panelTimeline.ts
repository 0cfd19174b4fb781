import type { Connection } from '../ledger/connection.ts';
import { findTask } from '../ledger/taskStore.ts';
import { readTimeline, type TimelineEntry } from '../record/timeline.ts';

/** One entry as the panel shows it: `toward` is whom a message is carried to. */
export interface PanelTimelineEntry extends Omit<TimelineEntry, 'severity' | 'details'> {
  readonly toward: 'worker' | 'manager' | null;
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
  const { entries, olderCursor, total } = readTimeline(ledger, task.id, { before, limit });
  return { entries: entries.map(entryOf), olderCursor, total };
}

function entryOf({ severity: _severity, details, ...entry }: TimelineEntry): PanelTimelineEntry {
  return { ...entry, toward: towardOf(entry), details: [...details] };
}

const towardWorker = /^(?:nudge|continue)/;

function towardOf({ kind, summary }: Pick<TimelineEntry, 'kind' | 'summary'>): 'worker' | 'manager' | null {
  if (kind !== 'command' && kind !== 'routed_notification') return null;
  if (towardWorker.test(summary)) return 'worker';
  return kind === 'routed_notification' ? 'manager' : null;
}
