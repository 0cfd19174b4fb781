// By its own name: through `z.core` a bundler keeps everything of Zod, a tenth of what every call of `conveyor` loads.
import { $ZodError } from 'zod/v4/core';
import { refuse } from '../domain/errors.ts';
import type { Connection, SqlParameters } from './connection.ts';

/** Turns what the driver returns into a typed record; throws when the row is not what the schema says. */
export interface RowParser<Row> {
  parse(value: unknown): Row;
}

/** A statement whose rows are parsed as they leave the ledger. Throws `ledger_invalid` for a row that can't be. */
export interface Query<Row> {
  all(connection: Connection, parameters?: SqlParameters): Row[];
  first(connection: Connection, parameters?: SqlParameters): Row | null;
  /** Without the rows that can't be parsed: for work on many, where one spoiled row must not keep all others waiting. */
  readable(connection: Connection, parameters?: SqlParameters): Row[];
}

export function query<Row>(row: RowParser<Row>, sql: string): Query<Row> {
  return {
    all: (connection, parameters) => {
      const found = connection.all(sql, parameters);
      return guard(connection, () => found.map((one) => row.parse(one)));
    },
    first: (connection, parameters) => {
      const found = connection.get(sql, parameters);
      return found === undefined ? null : guard(connection, () => row.parse(found));
    },
    readable: (connection, parameters) => connection.all(sql, parameters).flatMap((one) => parsed(row, one)),
  };
}

/** Whoever can write the file can write what no program does; that is the file's fault, and said so. */
function guard<T>({ file }: Connection, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof $ZodError)) throw error;
    const column = error.issues[0]?.path[0];
    const where = column === undefined ? '' : ` (column ${String(column)})`;
    const advice = 'some program wrote what does not belong there; restore the file, or mend that row';
    throw refuse('ledger_invalid', `the ledger ${file} holds a row that can't be read${where}: ${advice}`, {
      cause: error,
    });
  }
}

function parsed<Row>(row: RowParser<Row>, value: unknown): Row[] {
  try {
    return [row.parse(value)];
  } catch (error) {
    if (error instanceof $ZodError) return [];
    throw error;
  }
}
