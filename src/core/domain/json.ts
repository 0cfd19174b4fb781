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
  return serialize(value, null);
}

/** `margin`: of the lines after the first, for what becomes part of something larger. */
export function printedJson(value: unknown, margin = ''): string {
  return serialize(value, margin);
}

/** On one line when there is no margin. Long records are printed through this: it makes no more strings than it must. */
function serialize(value: unknown, margin: string | null): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : 'null';
  if (typeof value === 'boolean') return String(value);
  if (typeof value !== 'object' || value === null) return 'null';
  const inner = margin === null ? null : `${margin}  `;
  const between = inner === null ? ', ' : `,\n${inner}`;
  let parts = '';
  if (Array.isArray(value)) {
    for (const item of value) parts += (parts === '' ? '' : between) + serialize(item, inner);
    return wrap('[', parts, ']', margin);
  }
  const object: Readonly<Record<string, unknown>> = { ...value };
  for (const key of Object.keys(object).sort(compareCodePoints)) {
    const item = object[key];
    if (item !== undefined) parts += `${parts === '' ? '' : between}${quotedKey(key)}: ${serialize(item, inner)}`;
  }
  return wrap('{', parts, '}', margin);
}

function wrap(open: string, parts: string, close: string, margin: string | null): string {
  return parts === '' || margin === null ? open + parts + close : `${open}\n${margin}  ${parts}\n${margin}${close}`;
}

/** The same few names come with every row. */
const quotedKeys = new Map<string, string>();
const mostQuotedKeys = 1000;
const longestQuotedKey = 64;

function quotedKey(key: string): string {
  const known = quotedKeys.get(key);
  if (known !== undefined) return known;
  const quoted = quote(key);
  if (key.length <= longestQuotedKey && quotedKeys.size < mostQuotedKeys) quotedKeys.set(key, quoted);
  return quoted;
}

const plain = /^[ !#-[\]-~]*$/;

function quote(text: string): string {
  if (plain.test(text)) return `"${text}"`;
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
