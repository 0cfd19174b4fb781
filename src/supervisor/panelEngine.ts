import { existsSync } from 'node:fs';
import { delimiter, dirname } from 'node:path';
import * as z from 'zod/mini';
import { ConveyorError } from '../core/domain/errors.ts';
import type { Engine } from '../core/engine/engine.ts';
import { finishObstacles, unregisteredCodexes } from '../core/engine/panelQuestions.ts';
import { PanelReader, type PanelState } from '../core/engine/panelState.ts';
import { readPanelTimeline } from '../core/engine/panelTimeline.ts';
import { engineOf, type EngineOrder } from '../core/operations/engineOf.ts';
import { findOnPath } from '../core/operations/findTools.ts';
import { unconfirmedSessions } from '../core/operations/confirmations.ts';
import { HostedContext } from '../core/operations/operationContext.ts';
import { socketOf, tmuxOf } from '../core/operations/panes.ts';
import { loadOperation } from '../core/operations/registry.ts';
import { runOperation } from '../core/operations/runOperation.ts';
import { showRequested } from '../core/operations/showRequested.ts';
import { watchTarget } from '../core/operations/watchTarget.ts';
import { writeShim } from '../core/operations/shim.ts';
import type { EngineEvents, EngineRpc, EngineStart, TimelineRequest } from '../protocol/engine.ts';
import {
  type OperationResult,
  type PanelOperation,
  type PanelOperationInput,
  threadChoice,
} from '../protocol/operations.ts';
import type { PanelSnapshot, Problem } from '../protocol/snapshot.ts';
import { LedgerArrival } from './ledgerArrival.ts';
import { panelSnapshot } from './panelSnapshot.ts';
import { operationCall } from './panelOperation.ts';
import { problemOf } from './panelProblems.ts';

/** Changes within this time make one snapshot. Milliseconds. */
const gather = 25;

/** Looks for requests that no wake-up told of. Milliseconds. */
const requestPoll = 2000;

/** Where a test ends the process. */
type PanelEngineOptions = Pick<EngineOrder, 'checkpoint'>;

/**
 * The engine behind the panel: the real core for one workspace folder.
 *
 * Owns the ledger's connection, the engine and its watches; `dispose` leaves nothing. A folder without a ledger is only
 * looked at: the first operation that writes makes one.
 */
export class PanelEngine implements EngineRpc {
  readonly #start: EngineStart;
  readonly #events: EngineEvents;
  readonly #checkpoint: EngineOrder['checkpoint'];
  readonly #context: HostedContext;
  readonly #arrival: LedgerArrival;
  readonly #told = new Set<string>();
  readonly #troubles = new Map<string, Problem>();
  #shimFolder: string | null = null;
  readonly #repeated = new Map<string, { readonly since: number; count: number }>();
  #engine: Engine | null = null;
  #reader: PanelReader | null = null;
  #version = 0;
  #gathering: NodeJS.Timeout | null = null;
  readonly #requestPoll: NodeJS.Timeout;
  #requested: Promise<void> = Promise.resolve();
  #leaving: Promise<void> | null = null;
  #isDisposed = false;

  constructor(start: EngineStart, events: EngineEvents, { checkpoint }: PanelEngineOptions = {}) {
    this.#start = start;
    this.#events = events;
    this.#checkpoint = checkpoint;
    const { runtime } = start;
    this.#context = new HostedContext({
      surface: 'panel',
      cwd: start.folder,
      variables: variablesOf(start),
      stateRoot: start.stateRoot,
      runtime: { executable: runtime.executable, isElectron: runtime.electron, cli: runtime.cli },
      warn: (line) => events.log('warn', line),
    });
    this.#writeShim();
    this.#arrival = new LedgerArrival(this.#context.ledgerFile, () => this.#openLedger());
    if (existsSync(this.#context.ledgerFile)) this.#openLedger();
    else this.#arrival.wait();
    this.#requestPoll = setInterval(() => this.#showRequested(), requestPoll);
    events.log('info', `supervisor ${start.windowId} looks after ${start.stateRoot}`);
  }

  snapshot(): Promise<PanelSnapshot> {
    return Promise.resolve(this.#snapshot());
  }

  async runOperation<Name extends PanelOperation>(
    name: Name,
    input: PanelOperationInput<Name>,
  ): Promise<OperationResult> {
    const context = this.#context.sharing();
    try {
      const call = operationCall(name, input);
      const operation = await loadOperation(call.name);
      if (operation === null) throw new Error(`the operation ${call.name} is not registered`);
      const output = await runOperation(operation, context, call.input);
      context.settleOutput(true);
      // Through JSON: what crosses to the other thread is data.
      return { ok: true, output: JSON.parse(JSON.stringify(output ?? null)) };
    } catch (error) {
      context.settleOutput(false);
      return { ok: false, error: this.#refusal(name, error) };
    } finally {
      this.#openLedger();
      this.#engine?.wake();
      this.#changed();
    }
  }

  timelinePage({ task, before, limit }: TimelineRequest) {
    const ledger = this.#reader === null ? null : this.#context.ledger;
    return Promise.resolve(readPanelTimeline(ledger, task, { before, limit }));
  }

  finishBlockers(task: string) {
    const state = this.#reader?.read();
    return Promise.resolve(state === undefined ? [] : finishObstacles(this.#context.ledger, task, state));
  }

  async sessionCandidates() {
    const ledger = this.#reader === null ? null : this.#context.ledger;
    return unregisteredCodexes(ledger, tmuxOf(this.#context), this.#context.host);
  }

  watchTarget(sessionId: string) {
    const refused = { ok: false, message: 'there is no ledger in this folder' } as const;
    return this.#reader === null ? Promise.resolve(refused) : watchTarget(this.#context, sessionId);
  }

  async dispose(): Promise<void> {
    this.#isDisposed = true;
    clearInterval(this.#requestPoll);
    this.#arrival.close();
    if (this.#gathering !== null) clearTimeout(this.#gathering);
    await this.#leaving;
    await this.#letGo();
  }

  /** Nothing of the engine runs afterwards, and the ledger is closed. */
  async #letGo(): Promise<void> {
    const engine = this.#engine;
    this.#engine = null;
    this.#reader = null;
    await this.#requested;
    await engine?.stop();
    this.#context.close();
  }

  /** Its file was deleted or replaced: looks after whatever comes in its place. */
  async #leaveLedger(): Promise<void> {
    this.#events.log('warn', `${this.#context.ledgerFile} was deleted or replaced; it is opened anew when it is there`);
    await this.#letGo().catch((error: unknown) => this.#events.log('error', messageOf(error)));
    this.#leaving = null;
    if (this.#isDisposed) return;
    if (existsSync(this.#context.ledgerFile)) this.#openLedger();
    else this.#arrival.wait();
    this.#changed();
  }

  /** Starts the engine once there is a ledger; a ledger that cannot be used becomes a problem that the panel shows. */
  #openLedger(): void {
    if (this.#engine !== null || this.#leaving !== null || this.#isDisposed) return;
    if (!existsSync(this.#context.ledgerFile)) return;
    this.#arrival.close();
    try {
      this.#reader = new PanelReader(this.#context.ledger, this.#context);
      this.#engine = engineOf(this.#context, {
        dispatcherId: this.#start.windowId,
        kind: 'window',
        limit: 10,
        leaseSeconds: 60,
        permissions: new Set(this.#start.permissions),
        onChanged: () => this.#changed(),
        onError: (error) => this.#logOnce(messageOf(error)),
        onLedgerGone: () => (this.#leaving ??= this.#leaveLedger()),
        onTrouble: (session, error) => this.#events.log('warn', `${session.name}: ${error.message}`),
        ...(this.#checkpoint === undefined ? {} : { checkpoint: this.#checkpoint }),
      });
      this.#engine.start();
      this.#troubles.delete('ledger');
    } catch (error) {
      this.#reader = null;
      void this.#engine?.stop().catch(() => {}); // it may have begun to watch
      this.#engine = null;
      this.#troubles.set('ledger', problemOf(error));
      this.#events.log('error', messageOf(error));
    }
    this.#changed();
  }

  /** What repeats each second is one line a minute, with how often it came. */
  #logOnce(message: string): void {
    const now = this.#context.clock.monotonic();
    const known = this.#repeated.get(message);
    if (known !== undefined && now - known.since < 60_000) {
      known.count += 1;
      return;
    }
    this.#repeated.set(message, { since: now, count: 0 });
    const more = known === undefined || known.count === 0 ? '' : ` (${known.count} times more since)`;
    this.#events.log('error', `${message}${more}`);
  }

  #writeShim(): void {
    try {
      this.#shimFolder = writeShim(this.#context.ledgerFile, this.#context.runtime, this.#context.variables).folder;
    } catch (error) {
      this.#troubles.set('shim', { ...problemOf(error), kind: 'shim_unwritable' });
    }
  }

  #changed(): void {
    if (this.#isDisposed) return;
    this.#gathering ??= setTimeout(() => {
      this.#gathering = null;
      const snapshot = this.#snapshot();
      this.#events.snapshotChanged(snapshot);
      for (const item of snapshot.attention.filter(({ id }) => !this.#told.has(id))) this.#events.attention(item);
      this.#told.clear();
      for (const { id } of snapshot.attention) this.#told.add(id);
      this.#showRequested();
    }, gather);
  }

  /** Whoever asked waits for an answer in the ledger; what goes wrong here is for the log. */
  #showRequested(): void {
    if (this.#isDisposed || this.#reader === null) return;
    const { windowId } = this.#start;
    const before = this.#requested;
    this.#requested = showRequested(this.#context, windowId, this.#events.watchTerminal)
      .catch((error: unknown) => this.#logOnce(messageOf(error)))
      .then(() => before);
  }

  #snapshot(): PanelSnapshot {
    const { PATH } = this.#context.variables;
    const state = this.#read();
    this.#version += 1;
    const tmuxPath = findOnPath('tmux', PATH);
    const codexPath = findOnPath('codex', PATH);
    return panelSnapshot(
      {
        version: this.#version,
        takenAt: new Date(this.#context.clock.now()).toISOString(),
        stateRoot: this.#context.stateRoot,
        ledgerPath: this.#context.ledgerFile,
        windowId: this.#start.windowId,
        shimFolder: this.#shimFolder,
        tmuxPath,
        socketOf: (recorded) => socketOf(this.#context, recorded) || null,
        unconfirmed: state === null ? new Map<string, string>() : unconfirmedSessions(this.#context),
        codexPath,
        processed: this.#engine?.status.processedCount ?? 0,
        problems: [...this.#troubles.values(), ...missingTools(tmuxPath, codexPath)],
      },
      state,
    );
  }

  /** Null while there is no ledger, or none that can be read; then it is among the problems. */
  #read(): PanelState | null {
    try {
      const state = this.#reader?.read() ?? null;
      if (state !== null) this.#troubles.delete('reading');
      return state;
    } catch (error) {
      if (!this.#troubles.has('reading')) this.#events.log('error', messageOf(error));
      this.#troubles.set('reading', problemOf(error));
      return null;
    }
  }

  #refusal(name: string, error: unknown) {
    if (error instanceof ConveyorError) {
      const choices = z.array(threadChoice).safeParse(error.facts.candidates);
      const { reason } = error.facts;
      const offered = {
        ...(choices.success ? { choices: choices.data } : {}),
        ...(typeof reason === 'string' ? { reason } : {}),
      };
      return { code: error.code, message: error.message, remedy: null, ...offered };
    }
    this.#events.log('error', `${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return { code: 'internal', message: `${name} failed: ${messageOf(error)}`, remedy: 'See the log.' };
  }
}

/** The editor's environment with the tools that were configured first on PATH. */
function variablesOf({ environment, tmux, codex }: EngineStart): Readonly<Record<string, string>> {
  const folders = [tmux.path, codex.path].flatMap((path) => (path === null ? [] : [dirname(path)]));
  return {
    ...environment,
    PATH: [...folders, environment.PATH ?? ''].filter(Boolean).join(delimiter),
    ...(tmux.socket === null ? {} : { CONVEYOR_TMUX_SOCKET: tmux.socket }),
  };
}

function missingTools(tmuxPath: string | null, codexPath: string | null): Problem[] {
  const problems: Problem[] = [];
  if (tmuxPath === null)
    problems.push({ kind: 'no_tmux', message: 'tmux was not found.', remedy: 'Install tmux 3.1 or newer.' });
  if (codexPath === null)
    problems.push({ kind: 'no_codex', message: 'Codex was not found.', remedy: 'Run: npm install -g @openai/codex' });
  return problems;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
