import type { Connection, SqlParameters } from './connection.ts';

/** Turns what the driver returns into a typed record; throws when the row is not what the schema says. */
export interface RowParser<Row> {
  parse(value: unknown): Row;
}

/** A statement whose rows are parsed as they leave the ledger. */
export interface Query<Row> {
  all(connection: Connection, parameters?: SqlParameters): Row[];
  first(connection: Connection, parameters?: SqlParameters): Row | null;
}

export function query<Row>(row: RowParser<Row>, sql: string): Query<Row> {
  return {
    all: (connection, parameters) => connection.all(sql, parameters).map((found) => row.parse(found)),
    first: (connection, parameters) => {
      const found = connection.get(sql, parameters);
      return found === undefined ? null : row.parse(found);
    },
  };
}
