import type { Connection } from '../ledger/connection.ts';
import { findTask } from '../ledger/taskStore.ts';
import { readTimeline, type TimelinePage } from '../record/timeline.ts';

/**
 * A page of a task's story for the panel, oldest entry first: the newest, or the one before a cursor. An unknown task,
 * or a folder without a ledger, has an empty page.
 */
export function readPanelTimeline(
  ledger: Connection | null,
  reference: string,
  range: { readonly before: string | null; readonly limit: number },
): TimelinePage {
  const task = ledger === null ? null : findTask(ledger, reference);
  if (ledger === null || task === null) return { entries: [], olderCursor: null, newerCursor: null, total: 0 };
  return readTimeline(ledger, task.id, range);
}
