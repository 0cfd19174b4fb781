import { refuse } from '../domain/errors.ts';
import { quoteForShell } from '../domain/shellQuote.ts';
import type { Connection } from '../ledger/connection.ts';
import type { Task } from '../ledger/taskStore.ts';
import { shownTask } from './hideColumns.ts';
import { cursorOf, type ReplayEntry } from './replayEntry.ts';
import { type ReplayFormat, type ReplayRole, story } from './story.ts';

export interface ReplayRequest {
  readonly format: ReplayFormat;
  readonly role: ReplayRole;
  /** Only entries before the one that this cursor names. */
  readonly before: string | null;
  /** The newest so many; all when null or negative. */
  readonly limit: number | null;
  readonly includeContent: boolean;
  /** With content: also what looks like a secret. */
  readonly raw: boolean;
}

/** Wire names. */
export interface Replay {
  readonly task: Task;
  readonly mode: ReplayFormat;
  readonly role: ReplayRole;
  readonly entries: readonly ReplayEntry[];
  readonly entry_count: number;
  /** With a limit only: what `--before` takes to see what comes before; null at the beginning. */
  readonly older_cursor?: string | null | undefined;
}

/** The story of a task, oldest first. Throws `invalid_value` for a cursor that names nothing in it. */
export function replayTask(ledger: Connection, task: Task, request: ReplayRequest): Replay {
  const { limit, format: mode, role } = request;
  const isAll = limit === null || limit < 0;
  const { entries, hasOlder } = ledger.read(() => {
    if (isAll && request.before === null) return { entries: [...story(ledger, task.id, request)], hasOlder: false };
    return newestOf(entriesBefore(ledger, task.id, request), isAll ? Infinity : limit);
  });
  const oldest = entries[0];
  const older = isAll && request.before === null ? {} : { older_cursor: hasOlder && oldest ? cursorOf(oldest) : null };
  return { task: shownTask(task, request.includeContent), mode, role, entries, entry_count: entries.length, ...older };
}

function newestOf(newestFirst: Iterable<ReplayEntry>, limit: number): { entries: ReplayEntry[]; hasOlder: boolean } {
  const entries: ReplayEntry[] = [];
  for (const entry of newestFirst) {
    if (entries.length >= limit) return { entries: entries.toReversed(), hasOlder: true };
    entries.push(entry);
  }
  return { entries: entries.toReversed(), hasOlder: false };
}

/** Newest first. */
function* entriesBefore(ledger: Connection, taskId: string, request: ReplayRequest): Generator<ReplayEntry> {
  const { before } = request;
  const walk = { ...request, direction: 'newest-first' } as const;
  if (before === null) return yield* story(ledger, taskId, walk);
  // All of its second are looked at: it may stand anywhere among them.
  const from = before.slice(0, Math.max(0, before.indexOf('/')));
  let isFound = false;
  for (const entry of story(ledger, taskId, { ...walk, from })) {
    if (isFound) yield entry;
    else if (cursorOf(entry) === before) isFound = true;
    else if (entry.timestamp < from) break;
  }
  if (isFound) return;
  throw refuse('invalid_value', `--before: ${before} is no entry of this replay; take it from older_cursor`);
}

/** The same for people. `program` is how the command line is called. */
export function replayText({ task, mode, entries }: Replay, program: string): string {
  const days = new Set(entries.map(dayOf));
  const lines: string[] = [`Task: ${task.name}`, `State: ${task.state}`, `Mode: ${mode}`, ''];
  const name = quoteForShell(task.name);
  const finish = entries.findLast(({ kind }) => kind === 'finish');
  if (finish !== undefined && (task.state === 'done' || task.state === 'failed')) {
    lines.push('Finished:', `- ${finish.summary}`);
    lines.push(`- Review: ${program} replay ${name} --format compact`);
    lines.push(`- Audit: ${program} mutation-audit ${name} --json`, '');
  }
  let day = '';
  for (const entry of entries) {
    // A time alone misleads once there is a second day (AT-5).
    if (days.size > 1 && dayOf(entry) !== day) lines.push(dayOf(entry));
    day = dayOf(entry);
    lines.push(`${entry.timestamp.slice(11, 19)}  ${entry.actor.padEnd(16)} ${entry.summary}`);
    if (entry.content !== undefined) lines.push(entry.content ?? '[metadata only]');
  }
  return `${lines.join('\n')}\n`;
}

function dayOf({ timestamp }: ReplayEntry): string {
  return timestamp.slice(0, 10);
}
