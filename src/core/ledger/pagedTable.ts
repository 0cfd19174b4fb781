import * as z from 'zod/mini';
import type { Connection, SqlValue } from './connection.ts';
import { query, type RowParser } from './query.ts';

/** How many rows are read at a time: few at first, for who wants a page, then more, for who goes through all. */
const firstChunk = 16;
const largestChunk = 64;

export type Direction = 'oldest-first' | 'newest-first';

/** Where a row stands in an order: the values of what it is ordered by. */
export type RowKey = readonly (string | number)[];

export interface TableParts<Row, Order extends string> {
  readonly row: RowParser<Row>;
  readonly columns: string;
  /** The table with its alias, and with what is needed to tell which task a row is of. */
  readonly from: string;
  /** What is shown beside it. */
  readonly joins?: string;
  /** Which rows: of `$taskId`. */
  readonly where: string;
  /** The column that tells rows apart. */
  readonly id: string;
  readonly orders: Readonly<Record<Order, RowOrder>>;
}

export interface RowOrder {
  /** One or two expressions that are never null; the last tells rows apart. */
  readonly by: readonly [string] | readonly [string, string];
  /** In place of the table's own condition: fewer rows, or the same in words that have another index chosen. */
  readonly where?: string;
}

export interface KeyedRow<Row> {
  readonly row: Row;
  readonly key: RowKey;
}

/** A task's rows of one table, however many there are. */
export interface PagedTable<Row, Order extends string> {
  /** One after the other, a few in memory at a time. From a first value on, itself included, when one is given. */
  each(ledger: Connection, taskId: string, walk: Walk<Order>): Generator<KeyedRow<Row>>;
  /** The next so many after a key. */
  page(ledger: Connection, taskId: string, page: Page<Order>): KeyedRow<Row>[];
}

export type RowOf<Table> = Table extends PagedTable<infer Row, never> ? Row : never;

interface Walk<Order> {
  readonly order: Order;
  readonly direction: Direction;
  readonly from?: string | null;
}

interface Page<Order> extends Walk<Order> {
  readonly after: RowKey | null;
  readonly limit: number;
}

const keyRow = z.object({ first_key: z.union([z.string(), z.number()]), last_key: z.union([z.string(), z.number()]) });

export function pagedTable<Row, Order extends string>(parts: TableParts<Row, Order>): PagedTable<Row, Order> {
  const keyed: RowParser<KeyedRow<Row>> = {
    parse: (value) => {
      const { first_key, last_key } = keyRow.parse(value);
      return { row: parts.row.parse(value), key: [first_key, last_key] };
    },
  };
  const page: PagedTable<Row, Order>['page'] = (ledger, taskId, { order, direction, from = null, after, limit }) => {
    const sql = statement(parts, parts.orders[order], { direction, isBounded: from !== null, isAfter: after !== null });
    const [first = null, last = null] = after ?? [];
    const parameters: Record<string, SqlValue> = { taskId, limit };
    if (from !== null) parameters['from'] = from;
    if (after !== null) Object.assign(parameters, { first, last });
    return query(keyed, sql).all(ledger, parameters);
  };
  return {
    page,
    *each(ledger, taskId, walk) {
      let after: RowKey | null = null;
      for (let limit = firstChunk; ; limit = Math.min(limit * 2, largestChunk)) {
        const rows: KeyedRow<Row>[] = page(ledger, taskId, { ...walk, after, limit });
        yield* rows;
        const last = rows.at(-1);
        if (last === undefined || rows.length < limit) return;
        after = last.key;
      }
    },
  };
}

interface Shape {
  readonly direction: Direction;
  readonly isBounded: boolean;
  readonly isAfter: boolean;
}

/** Chosen by what an index has, so that whole rows are read of those only that are shown. */
function statement<Row>(parts: TableParts<Row, string>, { by, where = parts.where }: RowOrder, shape: Shape): string {
  const { columns, from, joins = '', id } = parts;
  const [first, last = first] = by;
  const [beyond, way] = shape.direction === 'newest-first' ? ['<', 'DESC'] : ['>', 'ASC'];
  const order = [...new Set([first, last])].map((key) => `${key} ${way}`).join(', ');
  const bound = shape.isBounded ? `AND ${first} ${beyond}= $from` : '';
  const after = shape.isAfter
    ? `AND ${first} ${beyond}= $first AND (${first} ${beyond} $first OR ${last} ${beyond} $last)`
    : '';
  const chosen = `SELECT ${id} FROM ${from} WHERE ${where} ${bound} ${after} ORDER BY ${order} LIMIT $limit`;
  return `SELECT ${columns}, ${first} AS first_key, ${last} AS last_key FROM ${from} ${joins}
    WHERE ${id} IN (${chosen}) ORDER BY ${order}`;
}
