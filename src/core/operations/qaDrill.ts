import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConveyorError, refuse } from '../domain/errors.ts';
import { folderConfirmations } from '../ports/confirmations.ts';
import { type Arguments, parseInput } from './argument.ts';
import { commandLine } from './commandLine.ts';
import { createDisposableBinding } from './createDisposableBinding.ts';
import type { Operation } from './operation.ts';
import { HostedContext, type OperationContext } from './operationContext.ts';
import { tasks } from './tasks.ts';
import { makeFolder } from '../ports/makeFolder.ts';

/** What was seen while something was checked; it stands in the receipt whether or not it was what was expected. */
export type Seen = Record<string, unknown>;

/** A task that a drill made. The sessions are on paper only; without them it is unbound. */
export interface QaTask {
  readonly suffix: string;
  readonly task_id: string;
  readonly task_name: string;
  readonly worker_id: string | null;
  readonly worker_name: string | null;
  readonly manager_id: string | null;
  readonly manager_name: string | null;
  readonly binding_id: string | null;
}

export interface QaCheck extends Seen {
  readonly name: string;
  readonly status: 'passed' | 'failed';
}

export interface DrillOptions {
  readonly scenario: string;
  /** Eight hexadecimal digits that tell this run from others. */
  readonly slug: string;
  readonly dispatcherId: string;
  readonly ledgerFile: string;
  /** The folder that the folder of artifacts is made in. */
  readonly besides: string;
  /** For what must be neither in the ledger's folder nor beside the receipt. */
  readonly scratch: string;
}

/**
 * One run of a QA harness: a ledger of its own, and a record of what was really seen.
 *
 * Everything goes through operations, as a person's own command line would. Owns the ledger connection; `close` ends it.
 */
export class QaDrill {
  readonly scenario: string;
  readonly slug: string;
  readonly dispatcherId: string;
  readonly scratch: string;
  readonly context: HostedContext;
  readonly checks: QaCheck[] = [];
  readonly tasks: QaTask[] = [];
  readonly artifacts: Record<string, string> = {};
  /** Further keys of the receipt. */
  readonly notes: Seen = {};
  readonly commands: string[] = [];
  readonly #besides: string;
  readonly #placeholders = new Map<string, string>();
  #folder: string | null = null;

  constructor(outer: OperationContext, options: DrillOptions) {
    this.scenario = options.scenario;
    this.slug = options.slug;
    this.dispatcherId = options.dispatcherId;
    this.scratch = options.scratch;
    this.#besides = options.besides;
    const { surface, cwd, variables, program, clock, processes, host, runtime, signal } = outer;
    this.context = new HostedContext({
      surface,
      cwd,
      variables,
      program,
      clock,
      processes,
      host,
      runtime,
      signal,
      stateRoot: dirname(options.ledgerFile),
      ledgerFile: options.ledgerFile,
      // What is bound here is bound on paper: nothing of it belongs into the person's own folder.
      confirmations: folderConfirmations(() => join(options.scratch, 'confirmed')),
      warn: (line) => outer.warn(line),
    });
  }

  /** Runs an operation as every host does, and puts it on the list of what to type to do the same. */
  async run<Inputs extends Arguments, Output>(
    operation: Operation<Inputs, Output>,
    given: Readonly<Record<string, unknown>>,
  ): Promise<Output> {
    this.commands.push(this.line(operation, given));
    return this.look(operation, given);
  }

  /** Runs an operation that only looks at what the last one did. */
  async look<Inputs extends Arguments, Output>(
    operation: Operation<Inputs, Output>,
    given: Readonly<Record<string, unknown>>,
  ): Promise<Output> {
    if (this.context.signal.aborted) throw refuse('interrupted', 'interrupted');
    return operation.run(this.context, parseInput(operation.inputs, given));
  }

  line(operation: { readonly name: string; readonly inputs: Arguments }, given: Readonly<Record<string, unknown>>) {
    const { program, ledgerFile } = this.context;
    const where = commandLine('--path', { name: ledgerFile, inputs: {} }, {});
    return `${commandLine(program, operation, given, this.#placeholders)} ${where}`;
  }

  /** Passes when `body` comes back; what it saw until then is on record in any case. */
  async check(name: string, body: (seen: Seen) => Promise<void>): Promise<void> {
    const seen: Seen = {};
    try {
      await body(seen);
    } catch (error) {
      const told = error instanceof Error ? error.message : String(error);
      this.checks.push({ ...seen, name, status: 'failed', error: told });
      throw ConveyorError.is(error) ? refuse(error.code, `${name}: ${error.message}`, { cause: error }) : error;
    }
    this.checks.push({ ...seen, name, status: 'passed' });
  }

  /** A managed task with a worker and a manager on paper. */
  async bindTask(suffix: string): Promise<QaTask> {
    const name = `qa-${suffix}-${this.slug}`;
    this.#placeholders.set(name, '<task>');
    const goal = `Drill ${this.scenario}: ${suffix}`;
    const { task, worker, manager, binding } = await this.run(createDisposableBinding, { task: name, goal });
    const made: QaTask = {
      suffix,
      task_id: task.id,
      task_name: task.name,
      worker_id: worker.id,
      worker_name: worker.name,
      manager_id: manager.id,
      manager_name: manager.name,
      binding_id: binding.id,
    };
    this.tasks.push(made);
    return made;
  }

  async createTask(suffix: string): Promise<QaTask> {
    const name = `qa-${suffix}-${this.slug}`;
    this.#placeholders.set(name, '<task>');
    const made = await this.run(tasks, { create: name, goal: `Drill ${this.scenario}: ${suffix}` });
    if (Array.isArray(made)) throw refuse('internal', 'tasks --create answered with a list');
    const nobody = { worker_id: null, worker_name: null, manager_id: null, manager_name: null, binding_id: null };
    const task: QaTask = { suffix, task_id: made.id, task_name: made.name, ...nobody };
    this.tasks.push(task);
    return task;
  }

  /** The loop that the artifacts belong to; they go into a folder of its name. */
  follow(runId: string): void {
    this.#placeholders.set(runId, '<run-id>');
    this.#folder ??= join(this.#besides, `${this.scenario}-artifacts`, `${this.slug}-${runId}`);
  }

  /** The place of an artifact that somebody else writes. */
  place(fileName: string): string {
    const folder = this.#folder ?? join(this.#besides, `${this.scenario}-artifacts`, this.slug);
    try {
      makeFolder(folder);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'error';
      throw refuse('file_unreadable', `cannot create the folder of artifacts ${folder} (${code})`, { cause: error });
    }
    return join(folder, fileName);
  }

  /** Writes an artifact and names it in the receipt. */
  keep(key: string, fileName: string, bytes: Buffer | string): string {
    const path = this.place(fileName);
    writeFileSync(path, bytes, { mode: 0o600 });
    this.artifacts[key] = path;
    return path;
  }

  close(): void {
    this.context.close();
  }
}

/** Throws `gate_failed`: the drill has shown that something does not hold. */
export function expect(holds: boolean, what: string): asserts holds {
  if (!holds) throw refuse('gate_failed', what);
}
