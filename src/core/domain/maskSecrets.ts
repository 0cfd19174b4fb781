import { isJsonObject } from './json.ts';
import { labelledShapes, secretName, tokenShapes } from './secretShapes.ts';

/** What stands where a secret was. As the reference writes for an identity token. */
export const mask = '[REDACTED]';

const tokens = Object.values(tokenShapes).join('|');
const everyToken = new RegExp(tokens, 'g');
const anyToken = new RegExp(tokens);
const encodedRun = /[A-Za-z0-9+/_-]{32,}={0,2}/g;
/** Nothing shorter is a secret that is known by its shape. */
const shortestSecret = 8;

/** The text without what looks like a key, a token, a password or a cookie. Takes time in proportion to the text. */
export function maskSecrets(text: string): string {
  if (text.length < shortestSecret || isPlainFact(text)) return text;
  if (text.length > longestRepeated) return maskText(text);
  const known = repeated.get(text);
  if (known !== undefined) return known;
  const masked = maskText(text);
  if (repeated.size >= mostRepeated) repeated.clear();
  repeated.set(text, masked);
  return masked;
}

/** A time, or `command-…`: what nearly every row begins with. */
function isPlainFact(text: string): boolean {
  return text.length === timeLength ? isTime.test(text) : isOwnIdentifier(text);
}

const timeLength = 20;
const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const uuidLength = 36;
/** From the end of a UUID, with the one before it. */
const dashPlaces = [13, 18, 23, 28, 37];
const dash = 45;

/** Three to twelve letters, a dash and a UUID. By hand: a pattern takes as long as all else that is done to a short row. */
function isOwnIdentifier(text: string): boolean {
  const letters = text.length - uuidLength - 1;
  if (letters < 3 || letters > 12) return false;
  for (const place of dashPlaces) if (text.charCodeAt(text.length - place) !== dash) return false;
  let dashes = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === dash) dashes += 1;
    else if (index < letters ? !isLetter(code) : !isHex(code)) return false;
  }
  return dashes === dashPlaces.length;
}

function isLetter(code: number): boolean {
  return code >= 97 && code <= 122;
}

function isHex(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 97 && code <= 102);
}

/** States, kinds and names come a thousand times in a long list. */
const repeated = new Map<string, string>();
const longestRepeated = 48;
const mostRepeated = 256;

function maskText(text: string): string {
  let masked = maskWrapped(maskPrivateKeys(text)).replace(everyToken, mask);
  for (const shape of labelledShapes) masked = masked.replace(shape, `$1${mask}`);
  return masked.replace(encodedRun, (run) => (hidesSecret(run) ? mask : run));
}

/** The same for all text in a value, names of fields included. What has nothing to hide is returned as it is. */
export function maskValue<Value>(value: Value): Value;
export function maskValue(value: unknown): unknown {
  if (typeof value === 'string') return maskSecrets(value);
  if (Array.isArray(value)) {
    const items = value.map(maskValue);
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  return isJsonObject(value) ? maskObject(value) : value;
}

function maskObject(object: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const keys = Object.keys(object);
  let changed: [string, unknown][] | null = null;
  for (const key of keys) {
    const value = object[key];
    const name = fieldName(key);
    const shown = name.isSecret ? blank(value) : maskValue(value);
    // Hardly any object has anything to hide: none is copied before that is known.
    if (changed === null && (name.shown !== key || shown !== value))
      changed = keys.slice(0, keys.indexOf(key)).map((before) => [before, object[before]]);
    changed?.push([name.shown, shown]);
  }
  return changed === null ? object : Object.fromEntries(changed);
}

interface FieldName {
  readonly shown: string;
  readonly isSecret: boolean;
}

/** The same few names come with every row. */
const fieldNames = new Map<string, FieldName>();
const mostFieldNames = 1000;

function fieldName(key: string): FieldName {
  const known = fieldNames.get(key);
  if (known !== undefined) return known;
  const name = { shown: maskSecrets(key), isSecret: secretName.test(key) };
  if (key.length <= longestRepeated && fieldNames.size < mostFieldNames) fieldNames.set(key, name);
  return name;
}

/** All text under the name of a secret. */
function blank(value: unknown): unknown {
  if (typeof value === 'string') return value === '' ? value : mask;
  return Array.isArray(value) ? value.map(blank) : maskValue(value);
}

const keyHead = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/y;
const keyTail = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/y;

/**
 * From its first line to its last. Of one that was cut off: whatever follows its first line up to the next dashes, or
 * what comes before its last line and is of the letters of a key.
 */
function maskPrivateKeys(text: string): string {
  let shown = '';
  let from = 0;
  for (let at = text.indexOf('-----'); at >= 0; at = text.indexOf('-----', Math.max(at + 1, from))) {
    keyHead.lastIndex = at;
    keyTail.lastIndex = at;
    if (keyHead.test(text)) {
      const next = text.indexOf('-----', keyHead.lastIndex);
      keyTail.lastIndex = next < 0 ? text.length : next;
      const end = keyTail.test(text) ? keyTail.lastIndex : next < 0 ? text.length : next;
      shown += text.slice(from, at) + mask;
      from = end;
    } else if (keyTail.test(text)) {
      let start = at;
      while (start > from && isOfKey(text, start - 1)) start -= 1;
      shown += text.slice(from, start) + mask;
      from = keyTail.lastIndex;
    }
  }
  return from === 0 ? text : shown + text.slice(from);
}

/** A letter of base64, or what breaks its lines: in JSON, escaped. */
function isOfKey(text: string, index: number): boolean {
  return /[A-Za-z0-9+/=\r\n\\]/.test(text.charAt(index));
}

const lineBreak = /(?<=[\w-])[ \t│|]{0,4}\r?\n[ \t│|]{0,8}(?=[\w-])/g;
/** In a narrower terminal nobody works. */
const narrowestLine = 40;
/** So much of its width may a program leave empty. */
const margin = 6;

/** A token that a terminal broke at its edge goes on in the next line. */
function maskWrapped(text: string): string {
  const edge = longestLine(text) - margin;
  if (edge < narrowestLine - margin) return text;
  const breaks = [...text.matchAll(lineBreak)].filter(
    ({ index, 0: gap }) => index + gap.indexOf('\n') - text.lastIndexOf('\n', index - 1) > edge,
  );
  if (breaks.length === 0) return text;
  const joined = joinLines(text, breaks);
  const found = [...joined.text.matchAll(everyToken)].flatMap(({ index, 0: token }) => {
    const [start, end] = [joined.placeOf(index), joined.placeOf(index + token.length - 1) + 1];
    return end - start > token.length ? [{ start, end }] : [];
  });
  let shown = '';
  let from = 0;
  for (const { start, end } of found) {
    shown += text.slice(from, start) + mask;
    from = end;
  }
  return shown + text.slice(from);
}

function longestLine(text: string): number {
  let longest = 0;
  for (let from = 0; from <= text.length && from >= 0;) {
    const end = text.indexOf('\n', from);
    longest = Math.max(longest, (end < 0 ? text.length : end) - from);
    from = end < 0 ? -1 : end + 1;
  }
  return longest;
}

/** The text without these breaks, and where each of its letters stands in the whole. */
function joinLines(text: string, breaks: readonly RegExpExecArray[]) {
  const pieces: { readonly at: number; readonly from: number }[] = [];
  let joined = '';
  let from = 0;
  for (const { index, 0: gap } of breaks) {
    pieces.push({ at: joined.length, from });
    joined += text.slice(from, index);
    from = index + gap.length;
  }
  pieces.push({ at: joined.length, from });
  joined += text.slice(from);
  const placeOf = (index: number): number => {
    const piece = pieces[lastAtMost(pieces, index)];
    return piece === undefined ? index : piece.from + index - piece.at;
  };
  return { text: joined, placeOf };
}

function lastAtMost(pieces: readonly { readonly at: number }[], index: number): number {
  let [low, high] = [0, pieces.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((pieces[middle]?.at ?? 0) <= index) low = middle;
    else high = middle - 1;
  }
  return low;
}

function hidesSecret(run: string): boolean {
  const decoded = Buffer.from(run, 'base64').toString('latin1');
  return anyToken.test(decoded) || decoded.includes('PRIVATE KEY-----');
}
