/**
 * How this Codex reports, and our entry in its `config.toml`: added, recognised and taken out again, everything else
 * left as it is. Pure: texts in, texts out. Throws `file_unreadable` for a text that is not what Codex would read.
 */
import { parse } from 'smol-toml';
import * as z from 'zod/mini';
import { type ConveyorError, refuse } from '../domain/errors.ts';
import { type CodexVersion, isAtLeast } from './codexVersion.ts';

/** Which hooks this Codex has of those that say something; empty where only `notify` is there. */
export function hookEventsOf(version: CodexVersion): readonly string[] {
  if (!isAtLeast(version, 0, 140)) return [];
  return [
    'UserPromptSubmit',
    'Stop',
    'PermissionRequest',
    ...(isAtLeast(version, 0, 155) ? ['Interrupt'] : []),
    ...(isAtLeast(version, 0, 169) ? ['PostModelRequest'] : []),
  ];
}

const mark = '# agent-conveyor';
const formerMark = '# agent-conveyor, before: ';

/**
 * `config.toml` with `notify` going through our program, which calls the former one afterwards. Only that line is
 * touched, and what it said is kept in a comment.
 */
export function addNotify(before: string | null, command: string): string {
  const text = removeNotify(before ?? '', command);
  const lines = text.split('\n');
  const at = findNotify(lines);
  const former = at === null ? [] : notifyOf(text);
  const ours = `notify = ${JSON.stringify([command, 'notify', ...former])} ${mark}`;
  const after =
    at === null
      ? [ours, ...(text === '' ? [''] : lines)]
      : [...lines.slice(0, at), `${formerMark}${lines[at]}`, ours, ...lines.slice(at + 1)];
  return checked(text, after.join('\n'), [command, 'notify', ...former]);
}

/** As it was before; the same text when nothing of ours is in it. */
export function removeNotify(before: string, command: string): string {
  const lines = before.split('\n');
  const at = lines.findIndex(
    (line) => line.startsWith('notify') && line.endsWith(mark) && line.includes(JSON.stringify(command)),
  );
  if (at < 0) return before;
  const former = lines[at - 1]?.startsWith(formerMark) === true ? lines[at - 1]?.slice(formerMark.length) : undefined;
  return former === undefined
    ? [...lines.slice(0, at), ...lines.slice(at + 1)].join('\n')
    : [...lines.slice(0, at - 1), former, ...lines.slice(at + 1)].join('\n');
}

/** The line of the top-level `notify`; null when there is none. One that spans lines is left to the person. */
function findNotify(lines: readonly string[]): number | null {
  const end = lines.findIndex((line) => /^\s*\[/.test(line));
  const at = lines.slice(0, end < 0 ? lines.length : end).findIndex((line) => /^\s*notify\s*=/.test(line));
  if (at < 0) return null;
  if (/\]\s*(?:#.*)?$/.test(lines[at] ?? '')) return at;
  throw unreadable('its "notify" spans several lines; put it on one');
}

function notifyOf(text: string): readonly string[] {
  const parsed = z.object({ notify: z.array(z.string()) }).safeParse(readToml(text));
  if (parsed.success) return parsed.data.notify;
  throw unreadable('its "notify" is no list of words');
}

/** Nothing but `notify` may differ: read both ways, and compared. */
function checked(before: string, after: string, notify: readonly string[]): string {
  const expected = JSON.stringify({ ...readToml(before), notify });
  const found = readToml(after);
  const { notify: now, ...rest } = found;
  if (JSON.stringify({ ...rest, notify: now }) === expected) return after;
  const { notify: _old, ...others } = readToml(before);
  if (JSON.stringify(rest) === JSON.stringify(others) && JSON.stringify(now) === JSON.stringify(notify)) return after;
  throw unreadable('it could not be changed without touching something else; set "notify" by hand');
}

function readToml(text: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (error) {
    throw unreadable(`it is no TOML (${error instanceof Error ? error.message.split('\n')[0] : 'unknown'})`);
  }
}

function unreadable(why: string): ConveyorError {
  return refuse('file_unreadable', `Codex's config.toml was left as it is: ${why}`);
}
