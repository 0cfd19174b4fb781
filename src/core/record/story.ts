import { maskValue } from '../domain/maskSecrets.ts';
import { auditTables } from '../ledger/auditTables.ts';
import type { Connection } from '../ledger/connection.ts';
import type { Direction, PagedTable } from '../ledger/pagedTable.ts';
import { measuredCaptures, measuredSegments, wholeCaptures, wholeSegments } from '../ledger/screenTables.ts';
import { findSessionById } from '../ledger/sessionStore.ts';
import { commandChains, signalChains } from './auditChains.ts';
import { hideRow } from './hideRow.ts';
import {
  acknowledgementEntry,
  attemptEntry,
  chainEntry,
  commandEntry,
  continuationEntry,
  eventEntry,
  handoffEntry,
  cycleEntry,
  decisionEntry,
  epilogueEntry,
  notificationEntry,
  reviewEntry,
  spanEntry,
} from './replayEntries.ts';
import { compareEntries, type ReplayEntry } from './replayEntry.ts';
import { measuredCaptureEntry, segmentEntry, wholeCaptureEntry, wholeSegmentEntry } from './replayTerminals.ts';

export const replayFormats = ['compact', 'timeline', 'transcript', 'full-transcript'] as const;
export const replayRoles = ['all', 'worker', 'manager', 'reviewer', 'workerctl'] as const;
export type ReplayFormat = (typeof replayFormats)[number];
export type ReplayRole = (typeof replayRoles)[number];

export interface StoryRequest {
  readonly format: ReplayFormat;
  readonly role: ReplayRole;
  readonly includeContent: boolean;
  /** With content: also what looks like a secret. */
  readonly raw: boolean;
  /** Of transcript segments: their text, whatever else is shown. */
  readonly includeSegments?: boolean;
  /** Oldest first when left out. */
  readonly direction?: Direction;
  /** A timestamp: what is beyond it in the direction of the walk, and of that second. All when left out. */
  readonly from?: string;
}

/**
 * What happened to a task, one entry at a time, out of every table that tells of it. However much there is, a few rows of
 * each table are in memory. Read it inside one snapshot of the ledger.
 */
export function* story(ledger: Connection, taskId: string, request: StoryRequest): Generator<ReplayEntry> {
  const { role, direction = 'oldest-first' } = request;
  const heads: { entry: ReplayEntry; rest: Iterator<ReplayEntry> }[] = [];
  for (const rest of sources(ledger, taskId, request)) {
    const { done, value } = rest.next();
    if (!done) heads.push({ entry: value, rest });
  }
  const sign = direction === 'oldest-first' ? 1 : -1;
  for (;;) {
    const [first, ...others] = heads;
    if (first === undefined) return;
    const next = others.reduce(
      (best, head) => (sign * compareEntries(head.entry, best.entry) < 0 ? head : best),
      first,
    );
    if (isSeenBy(next.entry, role, ledger)) yield next.entry;
    const { done, value } = next.rest.next();
    if (done) heads.splice(heads.indexOf(next), 1);
    else next.entry = value;
  }
}

/** Each in the order of the story. */
function sources(ledger: Connection, taskId: string, request: StoryRequest): Iterator<ReplayEntry>[] {
  const { format, direction = 'oldest-first', from = null } = request;
  const walk = { direction, from };
  const of = function* <Row, Order extends string>(
    table: PagedTable<Row, Order>,
    order: NoInfer<Order>,
    tell: (row: Row) => ReplayEntry,
  ): Generator<ReplayEntry> {
    for (const { row } of table.each(ledger, taskId, { ...walk, order })) yield tell(row);
  };
  const shown = <Row extends Shown, Shown, Order extends string>(
    table: PagedTable<Row, Order>,
    order: NoInfer<Order>,
    hide: (row: NoInfer<Row>) => Shown,
    tell: (row: Shown) => ReplayEntry,
  ) => of(table, order, (row) => tell(request.includeContent ? maskedRow(row, request) : hide(row)));
  const { events, routed_notifications: notifications } = auditTables;
  const always = [
    shown(auditTables.commands, 'story', hideRow.commands, commandEntry),
    shown(notifications, 'signals', hideRow.routed_notifications, notificationEntry),
    shown(notifications, 'messages', hideRow.routed_notifications, notificationEntry),
    shown(auditTables.task_acknowledgements, 'story', hideRow.task_acknowledgements, acknowledgementEntry),
    // Of their payloads only the names of the fields are told, which hiding would replace by those of measures.
    shown(auditTables.task_continuations, 'story', (row) => row, continuationEntry),
    shown(auditTables.continuation_reviews, 'story', hideRow.continuation_reviews, reviewEntry),
    shown(
      auditTables.worker_handoffs,
      'story',
      (row) => ({ ...hideRow.worker_handoffs(row), payload: row.payload }),
      handoffEntry,
    ),
    shown(auditTables.epilogue_runs, 'story', hideRow.epilogue_runs, epilogueEntry),
    ...screens(request, of),
  ];
  if (!seesManagersBusiness(request.role)) return always;
  const telling = [
    ...always,
    shown(auditTables.command_attempts, 'story', hideRow.command_attempts, attemptEntry),
    mapped(commandChains(ledger, taskId, { ...walk, order: 'story' })),
    mapped(signalChains(ledger, taskId, walk)),
    shown(auditTables.manager_decisions, 'story', hideRow.manager_decisions, decisionEntry),
    shown(events, 'criteria', hideRow.events, eventEntry),
    shown(events, 'actions', hideRow.events, eventEntry),
  ];
  if (format === 'compact') return telling;
  return [
    ...telling,
    shown(auditTables.manager_cycles, 'story', hideRow.manager_cycles, cycleEntry),
    shown(auditTables.manager_cycle_spans, 'story', hideRow.manager_cycle_spans, spanEntry),
  ];
}

type Source = <Row>(
  table: PagedTable<Row, 'story'>,
  order: 'story',
  tell: (row: Row) => ReplayEntry,
) => Generator<ReplayEntry>;

function screens(request: StoryRequest, of: Source) {
  const { format, includeContent, includeSegments = includeContent } = request;
  if (format === 'transcript') {
    const whole = () => of(wholeCaptures, 'story', (row) => wholeCaptureEntry(maskedRow(row, request)));
    return [includeContent ? whole() : of(measuredCaptures, 'story', measuredCaptureEntry)];
  }
  if (format !== 'full-transcript') return [];
  return [
    includeSegments ? of(wholeSegments, 'story', wholeSegmentEntry) : of(measuredSegments, 'story', segmentEntry),
  ];
}

/** Before anything is cut to the length of a line, or to the last of many: half a secret has no shape any more. */
function maskedRow<Row>(row: Row, { raw }: StoryRequest): Row {
  return raw ? row : maskValue(row);
}

function* mapped(chains: Generator<Parameters<typeof chainEntry>[0]>): Generator<ReplayEntry> {
  for (const chain of chains) yield chainEntry(chain);
}

/** Dispatch, decisions, criteria and cycles are the manager's business. */
function seesManagersBusiness(role: ReplayRole): boolean {
  return role === 'all' || role === 'manager';
}

/** What was delivered to the worker is the worker's business too (AT-5). */
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
    case 'handoff':
      return role === 'worker' || role === 'manager';
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
