export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };
export type JsonObject = { readonly [key: string]: JsonValue };

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** SQLite refuses to store what is nested deeper (`json_valid`). */
export const deepestJson = 1000;

/** True when something lies deeper than that many levels. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) return value.some((item) => isDeeperThan(item, levels - 1));
  for (const key in value) if (isDeeperThan((value as JsonObject)[key], levels - 1)) return true;
  return false;
}

/**
 * JSON as the ledger's columns and the command line print it: keys sorted, non-ASCII escaped.
 *
 * Columns: `, ` and `: ` on one line, because the reference compares some of them as text. Output: two-space indent.
 */
export function ledgerJson(value: unknown): string {
  return serialize(value, null, '');
}

export function printedJson(value: unknown): string {
  return serialize(value, 2, '');
}

function serialize(value: unknown, indent: number | null, margin: string): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : 'null';
  if (typeof value === 'boolean') return String(value);
  const inner = indent === null ? '' : margin + ' '.repeat(indent);
  if (Array.isArray(value)) {
    return wrap(
      ['[', ']'],
      value.map((item: unknown) => serialize(item, indent, inner)),
      indent === null ? null : { inner, margin },
    );
  }
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .toSorted(([left], [right]) => compareCodePoints(left, right));
  return wrap(
    ['{', '}'],
    entries.map(([key, item]) => `${quote(key)}: ${serialize(item, indent, inner)}`),
    indent === null ? null : { inner, margin },
  );
}

interface Layout {
  readonly inner: string;
  readonly margin: string;
}

function wrap([open, close]: readonly [string, string], parts: readonly string[], layout: Layout | null): string {
  if (parts.length === 0) return open + close;
  if (layout === null) return open + parts.join(', ') + close;
  const { inner, margin } = layout;
  return `${open}\n${inner}${parts.join(`,\n${inner}`)}\n${margin}${close}`;
}

function quote(text: string): string {
  const quoted = JSON.stringify(text);
  return needsEscape.test(quoted) ? escaped(quoted) : quoted;
}

const needsEscape = /[\u007f-\uffff]/;

function escaped(quoted: string): string {
  return quoted.replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function compareCodePoints(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
