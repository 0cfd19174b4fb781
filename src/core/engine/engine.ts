import type { ProcessedItem } from '../dispatch/dependencies.ts';
import type { LeaseKind } from '../domain/lease.ts';
import type { Connection } from '../ledger/connection.ts';
import type { LeaseHost } from '../ledger/leaseStore.ts';
import { LedgerFile } from '../ledger/ledgerFile.ts';
import { readWorkSignature } from '../ledger/panelStateStore.ts';
import { Leadership, leadershipRenewal } from './leadership.ts';
import { SerialLoop } from './serialLoop.ts';

/** What the engine does when it leads; each is plain core code and knows nothing of loops. */
export interface EngineSteps {
  /** Reads what these rollouts (all, when null) have got since the last time; the sessions for which something came. */
  ingest(sessionIds: ReadonlySet<string> | null, signal: AbortSignal): Promise<ReadonlySet<string>>;
  /** Looks at the processes and panes of these (all, when null); true when something differs from before. */
  observe(sessionIds: ReadonlySet<string> | null, signal: AbortSignal): Promise<boolean>;
  /** Those that must be looked at again soon: in their turn Codex may ask something, and no rollout says so. */
  mayAsk(): ReadonlySet<string>;
  /** Routes completions and executes what is queued. */
  dispatch(signal: AbortSignal): Promise<readonly ProcessedItem[]>;
  /** Tells the ledger that the dispatcher lives: at most every few seconds. */
  heartbeat(iteration: number, processedCount: number): void;
  /** Calls back with the sessions whose rollout grew (null: may be any). */
  watchRollouts(onGrown: (sessionIds: ReadonlySet<string> | null) => void): EngineWatch;
  /** Calls back when Codex itself reported something of a session: its server, its hooks. */
  watchSignals(onSignal: () => void): EngineWatch;
  /** Calls back when another process committed to the ledger. */
  watchLedger(onCommitted: () => void): EngineWatch;
}

export interface EngineWatch {
  close(): Promise<void> | void;
}

export interface EngineOptions {
  readonly ledger: Connection;
  readonly at: LeaseHost;
  readonly dispatcherId: string;
  readonly kind: Extract<LeaseKind, 'window' | 'headless'>;
  readonly steps: EngineSteps;
  /** Told after everything that may have changed what people see. */
  readonly onChanged: () => void;
  readonly onError: (error: unknown) => void;
  /** Told once when the ledger's file was deleted or replaced: what this engine has open is nobody's any more. Stop it. */
  readonly onLedgerGone: () => void;
  readonly pace?: Partial<EnginePace>;
}

/** Milliseconds. The first two are what people wait for when a wake-up is lost; nothing else waits for them. */
export interface EnginePace {
  readonly ingestIdle: number;
  readonly dispatchIdle: number;
  readonly observe: number;
  readonly heartbeat: number;
}

/** Each look starts a process; nobody reads screens faster than this. Milliseconds. */
const observeDistance = 250;

const defaultPace: EnginePace = { ingestIdle: 2000, dispatchIdle: 2000, observe: 1000, heartbeat: 10_000 };

export interface EngineStatus {
  readonly isLeader: boolean;
  readonly iteration: number;
  readonly processedCount: number;
}

/**
 * The loop: watch → ingest → observe → dispatch, while this engine leads its ledger. One that does not lead stands by
 * and takes over when the leader's term ends.
 *
 * Owns its watches, timers and leadership; `stop` releases all of them. The ledger stays its caller's.
 */
export class Engine {
  readonly #options: EngineOptions;
  readonly #pace: EnginePace;
  readonly #leadership: Leadership;
  readonly #ingest: SerialLoop;
  readonly #observe: SerialLoop;
  readonly #dispatch: SerialLoop;
  readonly #file: LedgerFile;
  readonly #renewal: SerialLoop;
  #grown: Set<string> | null = null;
  #watches: EngineWatch[] = [];
  #signature = '';
  #iteration = 0;
  #processedCount = 0;
  #heartbeatAt = -Infinity;
  #processedSinceHeartbeat = 0;
  #isLedgerGone = false;
  /** Null: everybody. */
  #toLookAt: Set<string> | null = null;
  #roundAt = -Infinity;
  #ingestRoundAt = -Infinity;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#file = new LedgerFile(options.ledger);
    this.#pace = { ...defaultPace, ...options.pace };
    this.#leadership = new Leadership(options.ledger, options.at, options.dispatcherId, options.kind);
    const loop = (idleMilliseconds: number, job: (signal: AbortSignal) => Promise<void>, distanceMilliseconds = 0) =>
      new SerialLoop(job, {
        clock: options.at.clock,
        idleMilliseconds,
        distanceMilliseconds,
        onError: options.onError,
      });
    this.#renewal = loop(leadershipRenewal, () => this.#renew());
    this.#ingest = loop(this.#pace.ingestIdle, (signal) => this.#ingestOnce(signal));
    this.#observe = loop(this.#pace.observe, (signal) => this.#observeOnce(signal), observeDistance);
    this.#dispatch = loop(this.#pace.dispatchIdle, (signal) => this.#dispatchOnce(signal));
  }

  get status(): EngineStatus {
    return { isLeader: this.#leadership.isLeader, iteration: this.#iteration, processedCount: this.#processedCount };
  }

  start(): void {
    const { steps } = this.#options;
    this.#leadership.tick();
    this.#watches = [
      steps.watchRollouts((sessionIds) => this.#rolloutsGrew(sessionIds)),
      steps.watchSignals(() => this.#signalled()),
      steps.watchLedger(() => this.#looked()),
    ];
    for (const loop of this.#loops) loop.start();
  }

  /** Something was written to the ledger: look at once whether there is work. */
  wake(): void {
    const signature = readWorkSignature(this.#options.ledger);
    if (signature === this.#signature) return;
    this.#signature = signature;
    this.#dispatch.wake();
    this.#options.onChanged();
  }

  /** Nobody waits for a watch: what goes wrong in it must not end the process. */
  #looked(): void {
    try {
      this.wake();
    } catch (error) {
      this.#options.onError(error);
    }
  }

  /** Resolves when nothing of the engine runs any more and somebody else may lead. */
  async stop(): Promise<void> {
    await Promise.all(this.#watches.map((watch) => watch.close()));
    this.#watches = [];
    await Promise.all(this.#loops.map((loop) => loop.stop()));
    this.#leadership.release();
  }

  get #loops(): readonly SerialLoop[] {
    return [this.#renewal, this.#ingest, this.#observe, this.#dispatch];
  }

  #renew(): Promise<void> {
    if (this.#isLedgerGone || !this.#file.isThere()) return this.#leaveLedger();
    const wasLeader = this.#leadership.isLeader;
    const isLeader = this.#leadership.tick();
    if (isLeader && !wasLeader) for (const loop of [this.#ingest, this.#observe, this.#dispatch]) loop.wake();
    if (isLeader !== wasLeader) this.#options.onChanged();
    return Promise.resolve();
  }

  #leaveLedger(): Promise<void> {
    if (!this.#isLedgerGone) this.#options.onLedgerGone();
    this.#isLedgerGone = true;
    return Promise.resolve();
  }

  #rolloutsGrew(sessionIds: ReadonlySet<string> | null): void {
    if (sessionIds?.size === 0) return;
    this.#grown = sessionIds === null || this.#grown === null ? null : new Set([...this.#grown, ...sessionIds]);
    this.#ingest.wake();
  }

  #lookAt(sessionIds: ReadonlySet<string> | null): void {
    this.#toLookAt =
      sessionIds === null || this.#toLookAt === null ? null : new Set([...this.#toLookAt, ...sessionIds]);
    this.#observe.wake();
  }

  /** A report is no proof: the rollout and the screen are looked at once. */
  #signalled(): void {
    this.#ingest.wake();
    this.#lookAt(null);
    this.#options.onChanged();
  }

  async #ingestOnce(signal: AbortSignal): Promise<void> {
    if (!this.#leadership.isLeader) return;
    const grown = this.#grown;
    this.#grown = new Set();
    // Every rollout is looked at now and then, however busy a few are: a lost wake-up costs time, never a line.
    const now = this.#options.at.clock.monotonic();
    const isRound = grown === null || grown.size === 0 || now - this.#ingestRoundAt >= 2 * this.#pace.ingestIdle;
    if (isRound) this.#ingestRoundAt = now;
    const came = await this.#options.steps.ingest(isRound ? null : grown, signal);
    if (came.size === 0) return;
    this.#dispatch.wake();
    this.#lookAt(came);
    this.#options.onChanged();
  }

  async #observeOnce(signal: AbortSignal): Promise<void> {
    if (!this.#leadership.isLeader) return;
    const now = this.#options.at.clock.monotonic();
    // Everybody is looked at once in a while; who wrote something, as soon as it was read.
    const isRound = this.#toLookAt === null || now - this.#roundAt >= this.#pace.observe;
    const sessionIds = isRound ? null : this.#toLookAt;
    this.#toLookAt = new Set();
    if (isRound) this.#roundAt = now;
    const { steps } = this.#options;
    const differs = await steps.observe(sessionIds, signal);
    const mayAsk = steps.mayAsk();
    if (mayAsk.size > 0) this.#lookAt(mayAsk);
    if (!differs) return;
    this.#dispatch.wake();
    this.#options.onChanged();
  }

  async #dispatchOnce(signal: AbortSignal): Promise<void> {
    if (!this.#leadership.isLeader) return;
    const processed = await this.#options.steps.dispatch(signal);
    this.#iteration += 1;
    this.#processedCount += processed.length;
    this.#processedSinceHeartbeat += processed.length;
    this.#beat();
    if (processed.length > 0) this.#options.onChanged();
  }

  #beat(): void {
    const now = this.#options.at.clock.monotonic();
    if (now - this.#heartbeatAt < this.#pace.heartbeat) return;
    this.#heartbeatAt = now;
    this.#options.steps.heartbeat(this.#iteration, this.#processedSinceHeartbeat);
    this.#processedSinceHeartbeat = 0;
    this.#options.onChanged();
  }
}
