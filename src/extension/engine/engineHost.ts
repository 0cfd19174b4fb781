import {
  type EngineEvents,
  type EngineRpc,
  type EngineStart,
  type WatchOrder,
  watchOrder,
} from '../../protocol/engine.ts';
import { type AttentionItem, type PanelSnapshot, panelSnapshot } from '../../protocol/snapshot.ts';
import { type Disposable, Emitter } from '../disposables.ts';
import type { StartSupervisor, SupervisorThread } from './supervisorThread.ts';
import type { EngineLog } from './engineLog.ts';

/** What the rest of the extension knows of an engine. The last snapshot outlives a failure, marked as old by it. */
export type EngineState =
  | { readonly kind: 'starting'; readonly snapshot: PanelSnapshot | null }
  | { readonly kind: 'ready'; readonly snapshot: PanelSnapshot }
  | {
      readonly kind: 'failed';
      readonly snapshot: PanelSnapshot | null;
      readonly message: string;
      readonly retryInMs: number;
    };

/** Shows a terminal that can only be watched; null, or why not. */
export type WatchTerminal = (order: WatchOrder) => string | null;

/** After the n-th failure in a row: 1 s, 2 s, 4 s … one minute. */
export function retryDelayMs(failures: number): number {
  return Math.min(60_000, 1000 * 2 ** Math.max(0, failures - 1));
}

/** An engine that ran this long was sound: its next failure counts as the first. */
const soundAfterMs = 60_000;

/**
 * Keeps one engine alive for one folder: starts its thread, starts another when it ends by itself, and rebuilds it on
 * demand. Owns the engine-long lifetime; `dispose` waits for nothing but leaves nothing behind.
 */
export class EngineHost implements Disposable {
  readonly #start: () => EngineStart;
  readonly #startThread: StartSupervisor;
  readonly #log: EngineLog;
  readonly #watchTerminal: WatchTerminal;
  readonly #changed = new Emitter<EngineState>();
  readonly #attention = new Emitter<AttentionItem>();
  #thread: SupervisorThread | null = null;
  #goodbye: Promise<void> = Promise.resolve();
  #retry: ReturnType<typeof setTimeout> | null = null;
  #failures = 0;
  #state: EngineState = { kind: 'starting', snapshot: null };
  #isDisposed = false;

  readonly onChanged = this.#changed.on;
  readonly onAttention = this.#attention.on;

  constructor(parts: {
    start: () => EngineStart;
    startThread: StartSupervisor;
    log: EngineLog;
    watchTerminal: WatchTerminal;
  }) {
    this.#start = parts.start;
    this.#startThread = parts.startThread;
    this.#log = parts.log;
    this.#watchTerminal = parts.watchTerminal;
    this.#launch();
  }

  get state(): EngineState {
    return this.#state;
  }

  /** Null while no thread runs. Calls on a thread that ends are rejected. */
  get rpc(): EngineRpc | null {
    return this.#thread?.rpc ?? null;
  }

  /** Ends the engine and starts a new one once the old one has let go of its leases. */
  async restart(): Promise<void> {
    this.#failures = 0;
    await this.#end();
    if (!this.#isDisposed) this.#launch();
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#changed.dispose();
    this.#attention.dispose();
    void this.#end();
  }

  /** Resolves when the last thread is gone. */
  get settled(): Promise<void> {
    return this.#goodbye;
  }

  #launch(): void {
    this.#cancelRetry();
    // Of restarts that came together the first one has started it, with the settings of now.
    if (this.#thread !== null) return;
    this.#set({ kind: 'starting', snapshot: this.#state.snapshot });
    const startedAt = performance.now();
    let thread: SupervisorThread;
    try {
      thread = this.#startThread(
        this.#start(),
        this.#eventsOf(() => this.#thread === thread),
      );
    } catch (error) {
      this.#fail(error, startedAt);
      return;
    }
    this.#thread = thread;
    void this.#watch(thread, startedAt);
    void this.#askFirstSnapshot(thread);
  }

  async #watch(thread: SupervisorThread, startedAt: number): Promise<void> {
    const reason = await thread.ended;
    if (this.#thread !== thread || reason === null) return;
    this.#thread = null;
    this.#fail(reason, startedAt);
  }

  /** Asked for, so that "ready" never waits for something to change. */
  async #askFirstSnapshot(thread: SupervisorThread): Promise<void> {
    try {
      const snapshot = await thread.rpc.snapshot();
      if (this.#thread === thread) this.#show(snapshot);
    } catch (error) {
      this.#log.write('error', `no first snapshot: ${messageOf(error)}`);
    }
  }

  #eventsOf(isCurrent: () => boolean): EngineEvents {
    return {
      snapshotChanged: (snapshot: PanelSnapshot) => {
        if (isCurrent()) this.#show(snapshot);
      },
      attention: (item: AttentionItem) => {
        if (isCurrent()) this.#attention.fire(item);
      },
      log: this.#log.write,
      watchTerminal: (order: WatchOrder) =>
        Promise.resolve(
          isCurrent() ? this.#watchTerminal(watchOrder.parse(order)) : 'the window starts its engine anew',
        ),
    };
  }

  #show(message: unknown): void {
    const parsed = panelSnapshot.safeParse(message);
    if (!parsed.success) {
      this.#log.write('error', `the engine sent a snapshot that can't be read: ${parsed.error.message}`);
      return;
    }
    if (this.#state.kind === 'ready' && this.#state.snapshot.version > parsed.data.version) return;
    this.#set({ kind: 'ready', snapshot: parsed.data });
  }

  #fail(reason: unknown, startedAt: number): void {
    if (this.#isDisposed) return;
    this.#failures = performance.now() - startedAt > soundAfterMs ? 1 : this.#failures + 1;
    const retryInMs = retryDelayMs(this.#failures);
    this.#log.write('error', `the supervisor stopped: ${messageOf(reason)}; next start in ${retryInMs / 1000} s`);
    this.#set({ kind: 'failed', snapshot: this.#state.snapshot, message: messageOf(reason), retryInMs });
    this.#retry = setTimeout(() => this.#launch(), retryInMs);
  }

  #end(): Promise<void> {
    this.#cancelRetry();
    const thread = this.#thread;
    this.#thread = null;
    if (thread) this.#goodbye = bothDone(this.#goodbye, thread.dispose());
    return this.#goodbye;
  }

  #cancelRetry(): void {
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
  }

  #set(state: EngineState): void {
    this.#state = state;
    this.#changed.fire(state);
  }
}

async function bothDone(first: Promise<void>, second: Promise<void>): Promise<void> {
  await Promise.all([first, second]);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
