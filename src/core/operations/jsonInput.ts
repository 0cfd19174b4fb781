import { refuse } from '../domain/errors.ts';
import { deepestJson, isDeeperThan, isJsonObject, type JsonObject, type JsonValue } from '../domain/json.ts';

/** The object that a flag holds. Throws `invalid_json`, naming the flag. */
export function parseObject(flag: string, text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw refuse('invalid_json', `${flag} must be valid JSON`, { cause: error });
  }
  if (!isJsonObject(value)) throw refuse('invalid_json', `${flag} must be a JSON object`);
  if (isTooDeep(value)) throw refuse('invalid_json', `${flag} is nested too deeply`);
  if (!holdsFiniteNumbers(value))
    throw refuse('invalid_json', `${flag} must be valid JSON: a number in it is too large`);
  return value;
}

/** The object that was piped in. Throws `invalid_json`. */
export async function readObject(context: { readStdin(): Promise<string> }): Promise<JsonObject> {
  const text = await context.readStdin();
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    if (isJsonObject(value) && !isTooDeep(value) && holdsFiniteNumbers(value)) return value;
  } catch {
    // Said below: broken JSON and JSON of another kind need the same remedy.
  }
  throw refuse('invalid_json', '--from-stdin requires a JSON object on standard input, such as {"ready": true}');
}

/** False when it holds a number that is too large to be one: that would be stored as null. Call when it is not too deep. */
function holdsFiniteNumbers(value: JsonValue): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value !== 'object' || value === null || Object.values(value).every(holdsFiniteNumbers);
}

/** It is stored below a few levels of ours, and SQLite would refuse it there. */
function isTooDeep(value: JsonObject): boolean {
  return isDeeperThan(value, deepestJson - 10);
}
