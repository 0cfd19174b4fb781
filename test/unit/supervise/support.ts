import assert from 'node:assert/strict';
import { ConveyorError, type ErrorCode } from '../../../src/core/domain/errors.ts';
import { isBusy, type Connection } from '../../../src/core/ledger/connection.ts';
import { openSqlite } from '../../../src/core/ledger/sqliteDriver.ts';
import { bind } from '../../../src/core/operations/bind.ts';
import type { Arguments } from '../../../src/core/operations/argument.ts';
import type { Operation } from '../../../src/core/operations/operation.ts';
import { recordSession, type SessionFacts } from '../../../src/core/operations/register.ts';
import { parseInput } from '../../../src/core/operations/argument.ts';
import { tasks } from '../../../src/core/operations/tasks.ts';
import { temporaryContext, type TemporaryContext } from '../support/temporaryContext.ts';

/** A task, and two sessions that are bound to it, on a ledger of its own. */
export interface Supervised extends TemporaryContext {
  /** Runs an operation and checks its output against the schema that it declares. */
  run<Inputs extends Arguments, Output>(operation: Operation<Inputs, Output>, input?: object): Promise<Output>;
  refuses<Inputs extends Arguments, Output>(
    operation: Operation<Inputs, Output>,
    input: object,
    code: ErrorCode,
    words?: RegExp,
  ): Promise<ConveyorError>;
  /** What operations remarked on standard error. */
  readonly warnings: readonly string[];
  /** What the next operation finds on standard input. */
  pipe(text: string): void;
  addSession(facts: Partial<SessionFacts> & Pick<SessionFacts, 'name' | 'role'>): void;
  events(type: string): readonly Record<string, unknown>[];
  telemetry(type: string): readonly Record<string, unknown>[];
}

export async function supervised({ isBound = true, variables = {} } = {}): Promise<Supervised> {
  let piped = '';
  const warnings: string[] = [];
  const warn = (line: string) => void warnings.push(line);
  const fixture = temporaryContext({ readStdin: () => Promise.resolve(piped), variables, warn });
  const { context } = fixture;
  const helper: Supervised = {
    ...fixture,
    warnings,
    pipe: (text) => {
      piped = text;
    },
    async run(operation, input = {}) {
      const output = await operation.run(context, parseInput(operation.inputs, { ...input }));
      assert.deepEqual(operation.output().parse(output), output);
      return output;
    },
    async refuses(operation, input, code, words = /./) {
      try {
        await operation.run(context, parseInput(operation.inputs, { ...input }));
      } catch (error) {
        assert.ok(ConveyorError.is(error, code), `expected ${code}, got ${String(error)}`);
        assert.match(error.message, words);
        return error;
      }
      return assert.fail(`expected a refusal with ${code}`);
    },
    addSession: (facts) => {
      recordSession(context, {
        tmuxSession: undefined,
        codexSessionPath: `/r/${facts.name}.jsonl`,
        codexSessionId: `thread-${facts.name}`,
        pid: 7,
        cwd: '/srv',
        codexVersion: null,
        ...facts,
      });
    },
    events: (type) =>
      payloads(context.ledger, 'SELECT payload_json AS payload FROM events WHERE type = ? ORDER BY id', type),
    telemetry: (type) =>
      payloads(
        context.ledger,
        'SELECT attributes_json AS payload FROM telemetry_events WHERE event_type = ? ORDER BY rowid',
        type,
      ),
  };
  await helper.run(tasks, { create: 'alpha', goal: 'Ship it' });
  helper.addSession({ name: 'w1', role: 'worker' });
  helper.addSession({ name: 'm1', role: 'manager' });
  if (isBound) await helper.run(bind, { task: 'alpha', worker: 'w1', manager: 'm1' });
  return helper;
}

function payloads(ledger: Connection, sql: string, type: string): readonly Record<string, unknown>[] {
  return ledger.all(sql, [type]).map((row) => {
    assert.ok(typeof row === 'object' && row !== null && 'payload' in row);
    const payload: unknown = JSON.parse(String(row.payload));
    assert.ok(typeof payload === 'object' && payload !== null);
    return { ...payload };
  });
}

/**
 * True when, at the moment that a statement matching `sql` reads, no other program can write to the ledger: what is
 * computed from that read cannot be overtaken.
 */
export async function isReadUnderLock(ledger: Connection, sql: RegExp, act: () => Promise<unknown>): Promise<boolean> {
  const read = ledger.get.bind(ledger);
  const seen: boolean[] = [];
  ledger.get = (statement, parameters) => {
    if (sql.test(statement)) seen.push(isLocked(ledger.file));
    return read(statement, parameters);
  };
  try {
    await act();
  } finally {
    ledger.get = read;
  }
  assert.ok(seen.length > 0, `nothing read ${String(sql)}`);
  // The last read is the one that the new row is made from.
  return seen.at(-1) ?? false;
}

function isLocked(file: string): boolean {
  const other = openSqlite(file, { readonly: false, busyMilliseconds: 0 });
  try {
    other.exec('BEGIN IMMEDIATE');
    other.exec('ROLLBACK');
    return false;
  } catch (error) {
    if (isBusy(error)) return true;
    throw error;
  } finally {
    other.close();
  }
}
