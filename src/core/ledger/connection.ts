import type { Statement } from 'better-sqlite3';
import { ConveyorError, refuse } from '../domain/errors.ts';
import type { SqliteDatabase } from './sqliteDriver.ts';

export type SqlValue = string | number | bigint | Buffer | null;
export type SqlParameters = readonly SqlValue[] | Readonly<Record<string, SqlValue>>;

/** How long a statement waits for another writer before the retry loop takes over. */
export const busyMilliseconds = 5000;
const busyAttempts = 12;

/**
 * One open SQLite file: prepared statements by text, and the two kinds of transaction.
 *
 * Owns the handle; `close` ends it. Not shared between threads.
 */
export class Connection {
  readonly file: string;
  /** On whose behalf is written: stands in the audit log unless an event names its own actor. */
  readonly actor: string;
  readonly #database: SqliteDatabase;
  readonly #statements: Map<string, Statement>;

  constructor(file: string, database: SqliteDatabase, actor = 'workerctl', statements = new Map<string, Statement>()) {
    this.file = file;
    this.actor = actor;
    this.#database = database;
    this.#statements = statements;
  }

  /** The same open file, written on behalf of somebody. */
  as(actor: string): Connection {
    return new Connection(this.file, this.#database, actor, this.#statements);
  }

  all(sql: string, parameters: SqlParameters = []): unknown[] {
    return this.#guard(() => this.#prepare(sql).all(...bind(parameters)));
  }

  get(sql: string, parameters: SqlParameters = []): unknown {
    return this.#guard(() => this.#prepare(sql).get(...bind(parameters)));
  }

  /** Runs a statement that changes rows; returns how many, and the last inserted integer key. */
  run(sql: string, parameters: SqlParameters = []): { changes: number; lastId: number } {
    const { changes, lastInsertRowid } = this.#guard(() => this.#prepare(sql).run(...bind(parameters)));
    return { changes, lastId: Number(lastInsertRowid) };
  }

  /** Several statements without parameters, as in a migration. */
  script(sql: string): void {
    this.#guard(() => this.#database.exec(sql));
  }

  pragma(text: string): unknown {
    return this.#guard(() => this.#database.pragma(text, { simple: true }));
  }

  /**
   * A short IMMEDIATE transaction. Never call out to a process, a file or a pane from inside.
   *
   * "database is locked" never reaches a user: the start of the transaction is retried for about a minute.
   */
  write<T>(work: () => T): T {
    if (this.#database.inTransaction) return work();
    this.#beginImmediate();
    try {
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
      throw translate(error, this.file);
    }
  }

  /** A snapshot for several reads; takes no write lock. */
  read<T>(work: () => T): T {
    if (this.#database.inTransaction) return work();
    this.#database.exec('BEGIN');
    try {
      return work();
    } finally {
      if (this.#database.inTransaction) this.#database.exec('COMMIT');
    }
  }

  /** Changes whenever another connection commits. */
  dataVersion(): number {
    return Number(this.pragma('data_version'));
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  #prepare(sql: string): Statement {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #beginImmediate(): void {
    for (let attempt = 1; ; attempt += 1) {
      try {
        this.#database.exec('BEGIN IMMEDIATE');
        return;
      } catch (error) {
        if (!isBusy(error) || attempt >= busyAttempts) throw translate(error, this.file);
      }
    }
  }

  #guard<T>(work: () => T): T {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return work();
      } catch (error) {
        // A read can meet SQLITE_BUSY while the last connection checkpoints and removes the WAL.
        if (!isBusy(error) || this.#database.inTransaction || attempt >= busyAttempts)
          throw translate(error, this.file);
      }
    }
  }
}

function bind(parameters: SqlParameters): unknown[] {
  return Array.isArray(parameters) ? parameters : [parameters];
}

export function sqliteCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

export function isBusy(error: unknown): boolean {
  return /^SQLITE_(?:BUSY|LOCKED)/.test(sqliteCode(error) ?? '');
}

/** What a driver error means for a user. Constraint violations stay what they are: a bug, or a race that the caller handles. */
export function translate(error: unknown, file: string): unknown {
  const code = sqliteCode(error);
  if (code === null || error instanceof ConveyorError) return error;
  if (isBusy(error)) {
    return refuse(
      'ledger_busy',
      `another program has held the ledger ${file} for over a minute; end it and try again`,
      { cause: error },
    );
  }
  if (/^SQLITE_(?:NOTADB|CORRUPT)/.test(code)) {
    return refuse(
      'ledger_invalid',
      `${file} is not a usable SQLite database; move it away or give another state root`,
      { cause: error },
    );
  }
  // SQLite has no code of its own for it.
  if (code === 'SQLITE_ERROR' && error instanceof Error && error.message === 'malformed JSON') {
    return refuse(
      'ledger_invalid',
      `the ledger ${file} holds JSON that can't be read: some program wrote what does not belong there; restore the file, or mend that row`,
      { cause: error },
    );
  }
  if (/^SQLITE_(?:READONLY|CANTOPEN|PERM|IOERR|FULL)/.test(code)) {
    return refuse(
      'state_root_unwritable',
      `cannot write the ledger ${file} (${code}); check the folder's permissions and free space`,
      {
        cause: error,
      },
    );
  }
  return error;
}
