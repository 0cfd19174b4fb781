import { refuse } from '../domain/errors.ts';
import { quoteForShell } from '../domain/shellQuote.ts';
import { readAuditTables } from '../ledger/auditQueryStore.ts';
import type { Connection } from '../ledger/connection.ts';
import { findSessionById } from '../ledger/sessionStore.ts';
import type { Task } from '../ledger/taskStore.ts';
import { entriesOf } from './replayEntries.ts';
import { shownTask } from './hideColumns.ts';
import { compareEntries, cursorOf, type ReplayEntry } from './replayEntry.ts';
import { captureEntries, segmentEntries } from './replayTerminals.ts';

export const replayFormats = ['compact', 'timeline', 'transcript', 'full-transcript'] as const;
export const replayRoles = ['all', 'worker', 'manager', 'reviewer', 'workerctl'] as const;
export type ReplayFormat = (typeof replayFormats)[number];
export type ReplayRole = (typeof replayRoles)[number];

export interface ReplayRequest {
  readonly format: ReplayFormat;
  readonly role: ReplayRole;
  /** Only entries before the one that this cursor names. */
  readonly before: string | null;
  /** The newest so many; all when null or negative. */
  readonly limit: number | null;
  readonly includeContent: boolean;
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
  const entries = ledger
    .read(() => gather(ledger, task, request))
    .filter((entry) => isInFormat(entry, request.format) && isSeenBy(entry, request.role, ledger))
    .toSorted(compareEntries);
  const { before, limit, format: mode, role, includeContent } = request;
  const until = before === null ? entries.length : entries.findIndex((entry) => cursorOf(entry) === before);
  if (until === -1)
    throw refuse('invalid_value', `--before: ${before} is no entry of this replay; take it from older_cursor`);
  const from = limit === null || limit < 0 ? 0 : Math.max(0, until - limit);
  const shown = entries.slice(from, until);
  const isPage = before !== null || limit !== null;
  const oldest = entries[from];
  const older = isPage ? { older_cursor: from > 0 && oldest !== undefined ? cursorOf(oldest) : null } : {};
  return { task: shownTask(task, includeContent), mode, role, entries: shown, entry_count: shown.length, ...older };
}

function gather(ledger: Connection, task: Task, { format, includeContent }: ReplayRequest): ReplayEntry[] {
  return [
    ...entriesOf(readAuditTables(ledger, task.id), task, includeContent),
    ...(format === 'transcript' ? captureEntries(ledger, task.id, includeContent) : []),
    ...(format === 'full-transcript' ? segmentEntries(ledger, task.id, includeContent) : []),
  ];
}

function isInFormat({ kind }: ReplayEntry, format: ReplayFormat): boolean {
  return format !== 'compact' || (kind !== 'observe' && kind !== 'manager_cycle_span');
}

/** Dispatch, decisions and criteria are the manager's business; what was delivered to the worker is the worker's too (AT-5). */
function isSeenBy({ kind, actor, details }: ReplayEntry, role: ReplayRole, ledger: Connection): boolean {
  if (role === 'all') return true;
  switch (kind) {
    case 'command':
    case 'finish':
      if (role === 'manager') return ['manager', 'manager -> worker', 'workerctl', 'system'].includes(actor);
      return actor === role || actor === `manager -> ${role}`;
    case 'routed_notification':
      return role === 'manager' || isAddressedTo(role, details.target_session_id, ledger);
    case 'acknowledgement':
    case 'continuation':
    case 'capture':
    case 'transcript_segment':
      return actor === role;
    case 'continuation_review':
      return role === 'manager' || role === 'reviewer' || role === 'workerctl';
    case 'epilogue':
      return role === 'manager' || role === 'workerctl';
    default:
      return role === 'manager';
  }
}

function isAddressedTo(role: ReplayRole, sessionId: unknown, ledger: Connection): boolean {
  return role === 'worker' && typeof sessionId === 'string' && findSessionById(ledger, sessionId)?.role === 'worker';
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
