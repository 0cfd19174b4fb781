import { printedJson } from '../domain/json.ts';

/**
 * What `printedJson` prints, in pieces: of lists, and of lists in an object, one item at a time. A list may be made while
 * it is read, by any iterable. For what is too large to be held as one text. `change` is applied to each of these items.
 */
export function* jsonChunks(value: unknown, change: Change = (item) => item): Generator<string> {
  if (isList(value)) yield* listChunks(value, '', change);
  else if (typeof value === 'object' && value !== null) yield* objectChunks(value, change);
  else yield printedJson(change(value));
}

type Change = (item: unknown) => unknown;

function* objectChunks(value: object, change: Change): Generator<string> {
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .toSorted(([left], [right]) => (left < right ? -1 : 1));
  if (entries.length === 0) return yield '{}';
  yield '{';
  for (const [index, [key, item]] of entries.entries()) {
    yield `${index === 0 ? '' : ','}\n  ${printedJson(key)}: `;
    if (isList(item)) yield* listChunks(item, '  ', change);
    else yield printedJson(change(item), '  ');
  }
  yield '\n}';
}

function isList(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}

function* listChunks(items: Iterable<unknown>, margin: string, change: Change): Generator<string> {
  const inner = `${margin}  `;
  let isEmpty = true;
  for (const item of items) {
    yield `${isEmpty ? '[' : ','}\n${inner}${printedJson(change(item), inner)}`;
    isEmpty = false;
  }
  yield isEmpty ? '[]' : `\n${margin}]`;
}
