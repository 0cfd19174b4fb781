import * as z from 'zod/mini';
import { refuse } from '../domain/errors.ts';
import { auditTables } from '../ledger/auditTables.ts';
import type { Connection } from '../ledger/connection.ts';
import type { RowKey } from '../ledger/pagedTable.ts';
import type { Task } from '../ledger/taskStore.ts';
import { chainsOfCommands, chainsOfSignals, type CorrelationChain, correlationChains } from './auditChains.ts';
import { type AuditSectionName, auditSections } from './auditSections.ts';
import { shownTask } from './hideColumns.ts';

/** Everything that the ledger knows of a task, table by table. */
export interface TaskAudit extends Readonly<Record<AuditSectionName, readonly object[]>> {
  readonly task: Task;
  readonly correlation_chains: readonly CorrelationChain[];
  /** Of a page: what `before` takes for the one before it; null when nothing is older. */
  readonly older_cursor?: string | null;
}

/** Without content unless it is asked for (AT-2). */
export function auditTask(ledger: Connection, task: Task, includeContent: boolean): TaskAudit {
  return ledger.read(() => {
    const sections = auditSections(ledger, task.id, includeContent);
    const chains = [...correlationChains(ledger, task.id)];
    return {
      task: shownTask(task, includeContent),
      ...mapValues(sections, (section) => [...section.all()]),
      correlation_chains: chains,
    };
  });
}

export interface AuditPageRequest {
  readonly includeContent: boolean;
  /** How many rows of each table, the newest of what is left. */
  readonly limit: number;
  readonly before: string | null;
}

/** What an earlier page came to in each table: the key of its oldest row, null where nothing is left. */
type Cursor = Readonly<Partial<Record<string, RowKey | null>>>;

/** A page of the same: of each table the newest rows, oldest first. Throws `invalid_value` for a cursor that is none. */
export function auditPage(ledger: Connection, task: Task, request: AuditPageRequest): TaskAudit {
  const cursor = request.before === null ? {} : parseCursor(request.before);
  return ledger.read(() => {
    const left: Record<string, RowKey | null> = {};
    const sections = auditSections(ledger, task.id, request.includeContent);
    const lists = mapValues(sections, (section, name) => {
      const after = cursor[name];
      const rows = after === null ? [] : section.page(after ?? null, request.limit + 1);
      const kept = rows.slice(0, request.limit);
      left[name] = rows.length > kept.length ? (kept.at(-1)?.key ?? null) : null;
      return kept.map(({ shown }) => shown).toReversed();
    });
    const chains = chainsOfPage(ledger, task.id, cursor, request.limit);
    const hasMore = Object.values(left).some((key) => key !== null);
    return {
      task: shownTask(task, request.includeContent),
      ...lists,
      correlation_chains: chains,
      older_cursor: hasMore ? writeCursor(left) : null,
    };
  });
}

/** Of the commands and notifications that the page shows. */
function chainsOfPage(ledger: Connection, taskId: string, cursor: Cursor, limit: number): CorrelationChain[] {
  const page = { order: 'page', direction: 'newest-first', limit } as const;
  const { commands, routed_notifications: notifications } = auditTables;
  const after = { commands: cursor['commands'], notifications: cursor['routed_notifications'] };
  const shownCommands =
    after.commands === null ? [] : commands.page(ledger, taskId, { ...page, after: after.commands ?? null });
  const shownNotifications =
    after.notifications === null
      ? []
      : notifications.page(ledger, taskId, { ...page, after: after.notifications ?? null });
  const chains = [
    ...chainsOfSignals(ledger, taskId, shownNotifications.map(rowOf).toReversed()),
    ...chainsOfCommands(ledger, taskId, shownCommands.map(rowOf).toReversed()),
  ];
  return chains.toSorted((left, right) =>
    left.created_at < right.created_at ? -1 : Number(left.created_at !== right.created_at),
  );
}

function rowOf<Row>({ row }: { readonly row: Row }): Row {
  return row;
}

const cursorShape = z.record(z.string(), z.nullable(z.array(z.union([z.string(), z.number()])).check(z.length(2))));

function writeCursor(left: Cursor): string {
  return Buffer.from(JSON.stringify(left)).toString('base64url');
}

function parseCursor(text: string): Cursor {
  try {
    return cursorShape.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
  } catch (error) {
    throw refuse('invalid_value', '--before: this is no cursor of an audit; take it from older_cursor', {
      cause: error,
    });
  }
}

function mapValues<Key extends string, Value, Result>(
  record: Readonly<Record<Key, Value>>,
  map: (value: Value, key: string) => Result,
): Record<Key, Result> {
  const result: Partial<Record<Key, Result>> = {};
  for (const key in record) result[key] = map(record[key], key);
  return result as Record<Key, Result>;
}
