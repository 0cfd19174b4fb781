import type { AppServer, ConnectAppServer, ServerThreadStatus } from '../codex/appServer.ts';
import type { SignalKind } from '../domain/attentionEvidence.ts';
import { backoffDelay, type BackoffPolicy, jittered } from '../domain/backoff.ts';
import { ConveyorError } from '../domain/errors.ts';
import type { Connection } from '../ledger/connection.ts';
import { findSessionOfThread, listWatchedSessions } from '../ledger/sessionStore.ts';
import { recordSignal } from '../ledger/signalStore.ts';
import { type Clock, systemClock } from '../ports/clock.ts';
import type { EngineWatch } from './engine.ts';

export interface ServerSignalOptions {
  readonly ledger: Connection;
  readonly clock: Clock;
  readonly connect: ConnectAppServer;
  readonly codexHome: string;
  readonly onSignal: () => void;
  readonly onError: (error: unknown) => void;
  /** Between two attempts. Real time, whatever the clock of the engine says; a test's own otherwise. */
  readonly sleep?: Clock['sleep'];
  /** From 0 to below 1. */
  readonly random?: () => number;
}

/**
 * A server comes with the first TUI and may be stopped at any time. Asking for its socket costs next to nothing; the limit
 * is what a server that has come may go unheard.
 */
const reconnectPolicy: BackoffPolicy = { firstMilliseconds: 500, longestMilliseconds: 10_000 };

/**
 * Listens to what Codex's shared server says of our sessions' threads: idle within 25 ms of the end of a turn, waiting for
 * an approval as soon as it waits. It subscribes to nothing and answers nothing.
 */
export function watchServerSignals(options: ServerSignalOptions): EngineWatch {
  const link = new ServerLink(options);
  void link.run();
  return { close: () => link.close() };
}

class ServerLink {
  readonly #options: ServerSignalOptions;
  readonly #stop = new AbortController();
  #server: AppServer | null = null;

  constructor(options: ServerSignalOptions) {
    this.#options = options;
  }

  /** Listens, and comes back when the server is gone: later with every failure, and not with all other windows at once. */
  async run(): Promise<void> {
    const { clock, onError, sleep = systemClock.sleep, random = Math.random } = this.#options;
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      const since = clock.monotonic();
      try {
        await this.#listen();
      } catch (error) {
        if (!ConveyorError.is(error, 'app_server_missing', 'app_server_failed')) onError(error);
      }
      // One that was heard for a while is begun with anew; one that lets us in and drops us is not.
      failures = clock.monotonic() - since >= reconnectPolicy.longestMilliseconds ? 1 : failures + 1;
      await sleep(jittered(backoffDelay(failures, reconnectPolicy), random()), this.#stop.signal);
    }
  }

  close(): void {
    this.#stop.abort();
    this.#server?.close();
  }

  /** Until the connection ends, however it does. */
  async #listen(): Promise<void> {
    const { connect, codexHome, ledger } = this.#options;
    let closed = (): void => {};
    const end = new Promise<void>((resolve) => (closed = resolve));
    const server = await connect(codexHome, {
      onStatus: (threadId, status) => this.#heard(threadId, status),
      onClosed: () => closed(),
    });
    this.#server = server;
    try {
      if (this.#stop.signal.aborted) return;
      // What they are at by now, at rest too: changes are told from here on.
      const loaded = new Set(await server.loadedThreads());
      for (const { codex_session_id: threadId } of listWatchedSessions(ledger)) {
        const thread = threadId !== null && loaded.has(threadId) ? await server.readThread(threadId) : null;
        if (thread !== null) this.#heard(thread.threadId, thread.status);
      }
      await end;
    } finally {
      this.#server = null;
      server.close();
    }
  }

  /** A failed write is told, and the next change comes all the same. */
  #heard(threadId: string, status: ServerThreadStatus): void {
    const { ledger, clock, onSignal, onError } = this.#options;
    try {
      const kind = kindOf(status);
      const session = kind === null ? null : findSessionOfThread(ledger, threadId);
      if (kind === null || session === null) return;
      const signal = { source: 'app_server', kind, at: clock.now() } as const;
      if (ledger.write(() => recordSignal(ledger, session.id, signal))) onSignal();
    } catch (error) {
      onError(error);
    }
  }
}

function kindOf(status: ServerThreadStatus): SignalKind | null {
  switch (status.kind) {
    case 'idle':
      return 'turn_ended';
    case 'active':
      if (status.waitsFor === null) return 'turn_started';
      return status.waitsFor === 'approval' ? 'approval_requested' : 'input_requested';
    case 'error':
      return 'model_failed';
    case 'not_loaded':
      return null;
    default:
      return status satisfies never;
  }
}
