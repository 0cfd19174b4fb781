import type { TimelineEntry } from '../../../src/protocol/timeline.ts';

/** What the list draws: days, and in them entries and the pauses between. */
export interface DayGroup {
  readonly key: string;
  readonly label: string;
  readonly rows: readonly ListRow[];
}

export type ListRow =
  | { readonly kind: 'entry'; readonly key: string; readonly entry: TimelineEntry }
  | { readonly kind: 'pause'; readonly key: string; readonly label: string };

const pauseMs = 5 * 60_000;

export function dayGroups(entries: readonly TimelineEntry[], now: Date): readonly DayGroup[] {
  const days: { key: string; label: string; rows: ListRow[] }[] = [];
  let last: Date | null = null;
  for (const entry of entries) {
    const at = new Date(entry.at);
    const isSameDay = last?.toDateString() === at.toDateString();
    if (!isSameDay) days.push({ key: at.toDateString(), label: dayLabel(at, now), rows: [] });
    const rows = days.at(-1)?.rows ?? [];
    const passedMs = last === null ? 0 : at.getTime() - last.getTime();
    if (isSameDay && passedMs >= pauseMs)
      rows.push({ kind: 'pause', key: `pause ${entry.id}`, label: `${duration(passedMs)} later` });
    rows.push({ kind: 'entry', key: entry.id, entry });
    last = at;
  }
  return days;
}

export function timeLabel(at: string): string {
  return new Date(at).toLocaleTimeString(undefined, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hour12: false,
  });
}

export function fullTimeLabel(at: string): string {
  return new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' });
}

function dayLabel(at: Date, now: Date): string {
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  if (at.toDateString() === now.toDateString()) return 'Today';
  if (at.toDateString() === yesterday.toDateString()) return 'Yesterday';
  return at.toLocaleDateString(undefined, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
}

function duration(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  return rest === 0 ? `${hours} h` : `${hours} h ${rest} min`;
}
