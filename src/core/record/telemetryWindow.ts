import { refuse } from '../domain/errors.ts';
import { formatTimestamp } from '../domain/timestamps.ts';

/** A stretch of time that ends now. Both ends belong to it. */
export interface TelemetryWindow {
  readonly label: string;
  readonly seconds: number;
  readonly start: string;
  readonly end: string;
}

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
/** Ten thousand days: no ledger is older, and a date before the epoch of timestamps cannot be written (AT-1). */
const longestSeconds = 864_000_000;

/** `90m`, `24h`, `7d` back from now. Throws `invalid_value`. */
export function parseWindow(text: string, now: number): TelemetryWindow {
  const [, digits = '', unit = ''] = /^\s*(\d+)([smhdw])\s*$/i.exec(text) ?? [];
  const seconds = Number(digits) * (units[unit.toLowerCase()] ?? 0);
  if (!(seconds > 0) || seconds > longestSeconds) {
    throw refuse('invalid_value', '--window must be a positive duration of at most 10000d, such as 90m, 24h or 7d');
  }
  return {
    label: text.trim(),
    seconds,
    start: formatTimestamp(now - seconds * 1000),
    end: formatTimestamp(now),
  };
}
