import { printedJson } from '../domain/json.ts';

/**
 * What `printedJson` prints, in pieces: of lists, and of lists in an object, one item at a time. For what is too large to
 * be held as one text.
 */
export function* jsonChunks(value: unknown): Generator<string> {
  if (Array.isArray(value)) yield* listChunks(value, '');
  else if (typeof value === 'object' && value !== null) yield* objectChunks(value);
  else yield printedJson(value);
}

function* objectChunks(value: object): Generator<string> {
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .toSorted(([left], [right]) => (left < right ? -1 : 1));
  if (entries.length === 0) return yield '{}';
  yield '{';
  for (const [index, [key, item]] of entries.entries()) {
    yield `${index === 0 ? '' : ','}\n  ${printedJson(key)}: `;
    if (Array.isArray(item)) yield* listChunks(item, '  ');
    else yield indented(printedJson(item), '  ');
  }
  yield '\n}';
}

function* listChunks(items: readonly unknown[], margin: string): Generator<string> {
  if (items.length === 0) return yield '[]';
  yield '[';
  for (const [index, item] of items.entries()) {
    yield `${index === 0 ? '' : ','}\n${margin}  ${indented(printedJson(item), `${margin}  `)}`;
  }
  yield `\n${margin}]`;
}

/** Line breaks inside of strings are escaped: each one is of the layout. */
function indented(json: string, margin: string): string {
  return json.replaceAll('\n', `\n${margin}`);
}
