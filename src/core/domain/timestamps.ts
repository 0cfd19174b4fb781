/** Timestamps of the ledger: UTC, whole seconds, `2026-11-26T01:02:03Z`. They are compared as text. */
export function formatTimestamp(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

/** Milliseconds since the epoch, or null when the text is no ISO date. A naive time is read as UTC. */
export function parseTimestamp(text: string): number | null {
  if (!/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/.test(text)) return null;
  const zoned = /(?:Z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text}Z`;
  const milliseconds = Date.parse(zoned);
  return Number.isNaN(milliseconds) ? null : milliseconds;
}

/** Whole seconds since a moment; null when there was none, or when it can't be read. A moment to come is no age. */
export function ageSeconds(timestamp: string | null, now: number): number | null {
  const moment = timestamp === null ? null : parseTimestamp(timestamp);
  return moment === null ? null : Math.max(0, Math.floor((now - moment) / 1000));
}
