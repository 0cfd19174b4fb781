import { join, resolve } from 'node:path';
import type { Connection } from '../ledger/connection.ts';
import { ledgerFileName, openLedger } from '../ledger/openLedger.ts';
import { findRoleOfThread } from '../ledger/sessionStore.ts';
import { type Clock, systemClock } from '../ports/clock.ts';
import { type Confirmations, folderConfirmations } from '../ports/confirmations.ts';
import { type HostFacts, systemHostFacts } from '../ports/hostFacts.ts';
import { type ProcessRunner, systemProcessRunner } from '../ports/processRunner.ts';
import { shimFolder } from './shimFolder.ts';
import type { ShimRuntime } from './shim.ts';

export type Variables = Readonly<Record<string, string | undefined>>;

/** Who calls: it decides which effects are done here and what counts as the person's own word. */
export type Surface = 'cli' | 'panel' | 'engine';

/**
 * Everything an operation may touch. The ledger is opened when it is first asked for.
 *
 * Owns the ledger connection; `close` ends it.
 */
export interface OperationContext {
  readonly surface: Surface;
  readonly program: string;
  readonly cwd: string;
  readonly variables: Variables;
  readonly stateRoot: string;
  readonly ledgerFile: string;
  readonly ledger: Connection;
  readonly clock: Clock;
  readonly processes: ProcessRunner;
  readonly host: HostFacts;
  /** What was said of sessions and bindings from outside every sandbox. */
  readonly confirmations: Confirmations;
  /** What runs this command line: the shim of a session that is started names it. */
  readonly runtime: ShimRuntime;
  /** Ends long waits. */
  readonly signal: AbortSignal;
  readStdin(): Promise<string>;
  /** One line that is worth knowing while something long runs. */
  warn(line: string): void;
  /** Asks on the terminal; null at the end of input. Only the command line can. */
  ask(question: string): Promise<string | null>;
  /** Called once the output has been written and flushed, or when that failed. */
  onOutputSettled(listener: (written: boolean) => void): void;
  /** The same caller on another ledger file (`--path`). */
  withLedger(file: string): OperationContext;
}

export interface ContextOptions {
  readonly surface: Surface;
  readonly cwd: string;
  readonly variables: Variables;
  readonly program?: string;
  readonly stateRoot?: string;
  readonly ledgerFile?: string;
  readonly ledger?: Connection;
  readonly clock?: Clock;
  readonly processes?: ProcessRunner;
  readonly host?: HostFacts;
  readonly confirmations?: Confirmations;
  readonly runtime?: ShimRuntime;
  readonly signal?: AbortSignal;
  readonly readStdin?: () => Promise<string>;
  readonly ask?: (question: string) => Promise<string | null>;
  readonly warn?: (line: string) => void;
}

export class HostedContext implements OperationContext {
  readonly surface: Surface;
  readonly program: string;
  readonly cwd: string;
  readonly variables: Variables;
  readonly stateRoot: string;
  readonly ledgerFile: string;
  readonly clock: Clock;
  readonly processes: ProcessRunner;
  readonly host: HostFacts;
  readonly confirmations: Confirmations;
  readonly runtime: ShimRuntime;
  readonly signal: AbortSignal;
  readonly #options: ContextOptions;
  readonly #settled: ((written: boolean) => void)[];
  #ledger: Connection | null;
  #lender: HostedContext | null = null;

  constructor(options: ContextOptions, settled: ((written: boolean) => void)[] = []) {
    this.#options = options;
    this.#settled = settled;
    this.surface = options.surface;
    this.program = options.program ?? 'conveyor';
    this.cwd = options.cwd;
    this.variables = options.variables;
    this.stateRoot = options.stateRoot ?? resolveStateRoot(options.cwd, options.variables);
    this.ledgerFile = options.ledgerFile ?? join(this.stateRoot, ledgerFileName);
    this.clock = options.clock ?? systemClock;
    this.processes = options.processes ?? systemProcessRunner;
    this.host = options.host ?? systemHostFacts;
    this.confirmations =
      options.confirmations ??
      folderConfirmations(() => join(shimFolder(this.ledgerFile, this.variables), 'confirmed'));
    this.runtime = options.runtime ?? {
      executable: process.execPath,
      isElectron: false,
      cli: resolve(process.argv[1] ?? 'cli.js'),
    };
    this.signal = options.signal ?? new AbortController().signal;
    this.#ledger = options.ledger ?? null;
  }

  get ledger(): Connection {
    this.#ledger ??= this.#openLedger();
    return this.#ledger;
  }

  #openLedger(): Connection {
    if (this.#lender !== null) return this.#lender.ledger.as('operator');
    const { connection } = openLedger(this.ledgerFile, this.clock.now());
    const threadId = this.variables.CODEX_THREAD_ID;
    // A Codex tells its tools which thread runs them: who asks is then known, for the record and not as an authority.
    const role = this.surface === 'cli' && threadId ? findRoleOfThread(connection, threadId) : null;
    return role === null ? connection : connection.as(role);
  }

  readStdin(): Promise<string> {
    return this.#options.readStdin?.() ?? Promise.resolve('');
  }

  warn(line: string): void {
    this.#options.warn?.(line);
  }

  ask(question: string): Promise<string | null> {
    return this.#options.ask?.(question) ?? Promise.resolve(null);
  }

  onOutputSettled(listener: (written: boolean) => void): void {
    this.#settled.push(listener);
  }

  withLedger(file: string): HostedContext {
    const { ledger: _, ...options } = this.#options;
    return new HostedContext({ ...options, stateRoot: this.stateRoot, ledgerFile: file }, this.#settled);
  }

  /** For one request of the person in the panel: the same ledger, written on their behalf, and an output of its own. */
  sharing(): HostedContext {
    const shared = new HostedContext({ ...this.#options, stateRoot: this.stateRoot, ledgerFile: this.ledgerFile });
    shared.#lender = this;
    return shared;
  }

  /** Tells those who wait for it what became of the output. */
  settleOutput(written: boolean): void {
    for (const listener of this.#settled.splice(0)) listener(written);
  }

  close(): void {
    if (this.#ledger !== null && this.#options.ledger === undefined && this.#lender === null) this.#ledger.close();
    this.#ledger = null;
  }
}

/** `$WORKERCTL_STATE_ROOT` (`~` is the home folder), else `.codex-workers` of the current folder. */
export function resolveStateRoot(cwd: string, variables: Variables): string {
  const given = variables.WORKERCTL_STATE_ROOT;
  return resolve(cwd, given ? expandHome(given, variables) : '.codex-workers');
}

export function expandHome(path: string, variables: Variables): string {
  const home = variables.HOME;
  return home !== undefined && /^~(?=\/|$)/.test(path) ? home + path.slice(1) : path;
}
