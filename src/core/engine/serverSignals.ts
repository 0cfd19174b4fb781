import type { AppServer, ConnectAppServer, ServerThreadStatus } from '../codex/appServer.ts';
import type { SignalKind } from '../domain/attentionEvidence.ts';
import { ConveyorError } from '../domain/errors.ts';
import type { Connection } from '../ledger/connection.ts';
import { findSessionOfThread, listWatchedSessions } from '../ledger/sessionStore.ts';
import { recordSignal } from '../ledger/signalStore.ts';
import type { Clock } from '../ports/clock.ts';
import type { EngineWatch } from './engine.ts';

export interface ServerSignalOptions {
  readonly ledger: Connection;
  readonly clock: Clock;
  readonly connect: ConnectAppServer;
  readonly codexHome: string;
  readonly onSignal: () => void;
  readonly onError: (error: unknown) => void;
}

/** A server comes with the first TUI and may be stopped at any time; asking for its socket costs next to nothing. */
const retryMilliseconds = 3000;

/**
 * Listens to what Codex's shared server says of our sessions' threads: idle within 25 ms of the end of a turn, waiting for
 * an approval as soon as it waits. It subscribes to nothing and answers nothing.
 */
export function watchServerSignals(options: ServerSignalOptions): EngineWatch {
  const link = new ServerLink(options);
  link.open();
  return { close: () => link.close() };
}

class ServerLink {
  readonly #options: ServerSignalOptions;
  #server: AppServer | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(options: ServerSignalOptions) {
    this.#options = options;
  }

  open(): void {
    void this.#connect().catch((error: unknown) => {
      if (!ConveyorError.is(error, 'app_server_missing', 'app_server_failed')) this.#options.onError(error);
      this.#later();
    });
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#server?.close();
  }

  async #connect(): Promise<void> {
    const { connect, codexHome, ledger } = this.#options;
    const server = await connect(codexHome, {
      onStatus: (threadId, status) => this.#heard(threadId, status),
      onClosed: () => this.#later(),
    });
    if (this.#isClosed) {
      server.close();
      return;
    }
    this.#server = server;
    try {
      // What they are at by now, at rest too: changes are told from here on.
      const loaded = new Set(await server.loadedThreads());
      for (const { codex_session_id: threadId } of listWatchedSessions(ledger)) {
        const thread = threadId !== null && loaded.has(threadId) ? await server.readThread(threadId) : null;
        if (thread !== null) this.#heard(thread.threadId, thread.status);
      }
    } catch (error) {
      server.close();
      throw error;
    }
  }

  #later(): void {
    this.#server = null;
    if (this.#isClosed || this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.open();
    }, retryMilliseconds);
    this.#timer.unref();
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
