/**
 * Our entries in Codex's `hooks.json`: added, recognised and taken out again in place, so that everything else keeps its
 * very bytes. Pure: texts in, texts out. Throws `file_unreadable` for a text that is not what Codex would read.
 */
import { isDeepStrictEqual } from 'node:util';
import {
  applyEdits,
  type EditResult,
  findNodeAtLocation,
  type FormattingOptions,
  type JSONPath,
  modify,
  parseTree,
} from 'jsonc-parser';
import * as z from 'zod/mini';
import { type ConveyorError, refuse } from '../domain/errors.ts';

const handler = z.looseObject({ type: z.optional(z.string()), command: z.optional(z.string()) });
const group = z.looseObject({ hooks: z.array(handler) });
const hooksFile = z.looseObject({ hooks: z.optional(z.record(z.string(), z.array(group))) });
type HooksFile = z.infer<typeof hooksFile>;

/** With our command at each of these events, once. `before` null: there is no such file. The same text when it is so. */
export function addHooks(before: string | null, command: string, events: readonly string[]): string {
  const ours = { hooks: [{ type: 'command', command, timeout: 10 }] };
  const content = readHooks(before);
  if (before !== null && isThere(content, command, events)) return before;
  if (before === null || before.trim() === '') {
    return `${JSON.stringify({ hooks: Object.fromEntries(events.map((event) => [event, [ours]])) }, null, 2)}\n`;
  }
  let text = withoutCommand(before, command);
  const expected = readHooks(text);
  const hooks = { ...expected.hooks };
  for (const event of events) {
    const path = hooks[event] === undefined ? ['hooks', event] : ['hooks', event, -1];
    text = edit(text, path, hooks[event] === undefined ? [ours] : ours);
    hooks[event] = [...(hooks[event] ?? []), ours];
  }
  return checked(text, { ...expected, hooks });
}

/** Null when nothing else is in it: the file was ours alone. The same text when nothing of ours is in it. */
export function removeHooks(before: string, command: string): string | null {
  const after = withoutCommand(before, command);
  return after !== before && Object.keys(readHooks(after)).length === 0 ? null : after;
}

/** The events at which our command stands, in their order. */
export function eventsWith(text: string, command: string): readonly string[] {
  return Object.entries(readHooks(text).hooks ?? {}).flatMap(([event, groups]) =>
    groups.some(({ hooks }) => hooks.some((known) => known.command === command)) ? [event] : [],
  );
}

function isThere(content: HooksFile, command: string, events: readonly string[]): boolean {
  const found = Object.entries(content.hooks ?? {}).flatMap(([event, groups]) =>
    groups.flatMap(({ hooks }) => hooks.filter((known) => known.command === command).map(() => event)),
  );
  return isDeepStrictEqual(found.toSorted(), events.toSorted());
}

function withoutCommand(before: string, command: string): string {
  let text = before;
  for (;;) {
    const content = readHooks(text);
    const at = placeOf(content, command);
    if (at === null) return text;
    text = checked(edit(text, at, undefined), without(content, at));
  }
}

/** Of the first entry of ours: with the group and the event around it, where it is alone in there. */
function placeOf({ hooks = {} }: HooksFile, command: string): JSONPath | null {
  for (const [event, groups] of Object.entries(hooks)) {
    for (const [number, one] of groups.entries()) {
      const at = one.hooks.findIndex((known) => known.command === command);
      if (at < 0) continue;
      if (one.hooks.length > 1) return ['hooks', event, number, 'hooks', at];
      if (groups.length > 1) return ['hooks', event, number];
      return Object.keys(hooks).length > 1 ? ['hooks', event] : ['hooks'];
    }
  }
  return null;
}

/** The same done to the content: what the text must say afterwards. */
function without(content: HooksFile, path: JSONPath): HooksFile {
  const copy = structuredClone(content);
  const [, event, number, , at] = path;
  const groups = typeof event === 'string' ? (copy.hooks?.[event] ?? []) : [];
  if (typeof at === 'number' && typeof number === 'number') groups[number]?.hooks.splice(at, 1);
  else if (typeof number === 'number') groups.splice(number, 1);
  else if (typeof event === 'string') delete copy.hooks?.[event];
  else delete copy.hooks;
  return copy;
}

/** In the style of the text: a compact one stays compact, an indented one gets its own indentation. */
function edit(text: string, path: JSONPath, value: unknown): string {
  const formattingOptions = styleOf(text);
  const edits =
    (value === undefined ? removalOfLast(text, path) : null) ??
    modify(text, path, value, {
      isArrayInsertion: path.at(-1) === -1,
      ...(formattingOptions === null ? {} : { formattingOptions }),
    });
  const isTight = formattingOptions === null && !/":\s/.test(text);
  return applyEdits(
    text,
    edits.map((one) => (isTight ? { ...one, content: one.content.replace(/^(,?"[^"]*"): /, '$1:') } : one)),
  );
}

/**
 * Of the last of several elements: `modify` takes the closing bracket along when no space stands before it (3.3.1).
 * Null for anything else.
 */
function removalOfLast(text: string, path: JSONPath): EditResult | null {
  const at = path.at(-1);
  const list = findNodeAtLocation(parseTree(text) ?? { type: 'null', offset: 0, length: 0 }, path.slice(0, -1));
  if (typeof at !== 'number' || at === 0 || list?.type !== 'array' || list.children?.length !== at + 1) return null;
  const [previous, last] = list.children.slice(-2);
  if (previous === undefined || last === undefined) return null;
  const offset = previous.offset + previous.length;
  return [{ offset, length: last.offset + last.length - offset, content: '' }];
}

/** Null for a text in one line. */
function styleOf(text: string): FormattingOptions | null {
  if (!text.trim().includes('\n')) return null;
  const indent = /^([ \t]+)\S/m.exec(text)?.[1] ?? '  ';
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  return { insertSpaces: !indent.startsWith('\t'), tabSize: indent.startsWith('\t') ? 1 : indent.length, eol };
}

/** Nothing but our entries may differ: a key that stands twice, for one, would have the wrong one changed. */
function checked(text: string, expected: HooksFile): string {
  if (isDeepStrictEqual(readHooks(text), expected)) return text;
  throw unreadable('it could not be changed without touching something else; add the hooks by hand');
}

function readHooks(text: string | null): HooksFile {
  if (text === null || text.trim() === '') return {};
  const parsed = hooksFile.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw unreadable('it is no JSON of the form {"hooks": {"Stop": [{"hooks": [...]}]}}');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function unreadable(why: string): ConveyorError {
  return refuse('file_unreadable', `Codex's hooks.json was left as it is: ${why}`);
}
