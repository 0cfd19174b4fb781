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
  if (text.length < shortestSecret) return text;
  let masked = maskPrivateKeys(text).replace(everyToken, mask);
  for (const shape of labelledShapes) masked = masked.replace(shape, `$1${mask}`);
  return masked.replace(encodedRun, (run) => (hidesSecret(run) ? mask : run));
}

/** The same for all text in a value, names of fields included. What has nothing to hide is returned as it is. */
export function maskValue(value: unknown): unknown {
  if (typeof value === 'string') return maskSecrets(value);
  if (Array.isArray(value)) {
    const items = value.map(maskValue);
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  return isJsonObject(value) ? maskObject(value) : value;
}

function maskObject(object: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  let isSame = true;
  const entries = Object.entries(object).map(([key, value]): [string, unknown] => {
    const shown: [string, unknown] = [maskSecrets(key), secretName.test(key) ? blank(value) : maskValue(value)];
    isSame &&= shown[0] === key && shown[1] === value;
    return shown;
  });
  return isSame ? object : Object.fromEntries(entries);
}

/** All text under the name of a secret. */
function blank(value: unknown): unknown {
  if (typeof value === 'string') return value === '' ? value : mask;
  return Array.isArray(value) ? value.map(blank) : maskValue(value);
}

const keyHead = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/y;
const keyTail = /-----END [A-Z0-9 ]{0,60}-----/y;

/** From its first line to its last; of one that was cut off, whatever follows up to the next one. */
function maskPrivateKeys(text: string): string {
  let shown = '';
  let from = 0;
  for (let dashes = text.indexOf('-----BEGIN '); dashes >= 0; dashes = text.indexOf('-----BEGIN ', dashes + 1)) {
    keyHead.lastIndex = dashes;
    if (!keyHead.test(text)) continue;
    const next = text.indexOf('-----', keyHead.lastIndex);
    keyTail.lastIndex = next < 0 ? text.length : next;
    const end = keyTail.test(text) ? keyTail.lastIndex : next < 0 ? text.length : next;
    shown += text.slice(from, dashes) + mask;
    from = end;
    dashes = end - 1;
  }
  return from === 0 ? text : shown + text.slice(from);
}

function hidesSecret(run: string): boolean {
  const decoded = Buffer.from(run, 'base64').toString('latin1');
  return anyToken.test(decoded) || decoded.includes('PRIVATE KEY-----');
}
