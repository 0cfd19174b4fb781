/**
 * Ages for rows: coarse, so that a row changes rarely, and never negative when clocks disagree.
 */
export function ageText(ageMs: number): string {
  const seconds = Math.max(0, Math.round(ageMs / 1000));
  if (seconds < 10) return 'now';
  if (seconds < 60) return `${Math.floor(seconds / 10) * 10} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`;
}

/** As `ageText`, with words around it: "now", "20 s ago". */
export function agoText(ageMs: number): string {
  const age = ageText(ageMs);
  return age === 'now' ? age : `${age} ago`;
}

/** Age of a ledger timestamp, or null for none or an unreadable one. */
export function ageOf(timestamp: string | null, now: number): number | null {
  if (timestamp === null) return null;
  const at = Date.parse(timestamp);
  return Number.isNaN(at) ? null : Math.max(0, now - at);
}
