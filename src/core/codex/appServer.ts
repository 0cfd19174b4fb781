/**
 * Codex's app-server as far as we use it: what a thread is doing, and a turn begun in it. We never subscribe to a thread
 * and never answer what it asks: that is the person's.
 *
 * The protocol was observed on 0.169 (docs/codex.md); what an answer has beyond this is ignored.
 */
import { refuse } from '../domain/errors.ts';

/** What the server says a thread is doing. */
export type ServerThreadStatus =
  | { readonly kind: 'idle' }
  | { readonly kind: 'active'; readonly waitsFor: 'approval' | 'input' | null }
  | { readonly kind: 'error' }
  /** Known from disk only: nobody runs it. */
  | { readonly kind: 'not_loaded' };

export interface ServerThread {
  readonly threadId: string;
  readonly status: ServerThreadStatus;
  /** Null while it has no rollout. */
  readonly rolloutPath: string | null;
  readonly cwd: string | null;
  /** Milliseconds since the epoch; the server counts seconds. */
  readonly createdAt: number | null;
  readonly isSubagent: boolean;
  /** False where a turn can't be begun from outside. */
  readonly takesInput: boolean;
}

export interface TurnOrder {
  readonly threadId: string;
  readonly text: string;
  /** Ours; the server keeps it with the message. */
  readonly messageId: string;
}

/** A connection. Every call may throw `app_server_failed`. */
export interface AppServer {
  /** Ids of the threads that the server runs. */
  loadedThreads(): Promise<readonly string[]>;
  /** Null when the server knows no such thread. */
  readThread(threadId: string): Promise<ServerThread | null>;
  /**
   * Begins a turn, or puts the text into the one that runs; resolves with the turn's id once the server took it. Throws
   * `app_server_refused` when it said no.
   */
  startTurn(order: TurnOrder): Promise<string>;
  close(): void;
}

export interface AppServerEvents {
  readonly onStatus: (threadId: string, status: ServerThreadStatus) => void;
  /** Once, however it ended. */
  readonly onClosed: () => void;
}

/** How to get at the server of a Codex home. Throws `app_server_missing` and `app_server_failed`. */
export type ConnectAppServer = (codexHome: string, events?: AppServerEvents) => Promise<AppServer>;

export function appServerFailed(what: string, cause?: unknown) {
  return refuse('app_server_failed', `Codex's app-server ${what}`, cause === undefined ? {} : { cause });
}

/** A server in memory: threads by id, and what was said to them. */
export class FakeAppServer implements AppServer {
  readonly threads = new Map<string, ServerThread>();
  readonly said: TurnOrder[] = [];
  /** Thrown by the next call that begins a turn. */
  failure: Error | null = null;
  events: AppServerEvents | null = null;

  readonly connect: ConnectAppServer = (_home, events) => {
    this.events = events ?? null;
    return Promise.resolve(this);
  };

  add(threadId: string, facts: Partial<ServerThread> = {}): ServerThread {
    const thread: ServerThread = {
      threadId,
      status: { kind: 'idle' },
      rolloutPath: null,
      cwd: null,
      createdAt: null,
      isSubagent: false,
      takesInput: true,
      ...facts,
    };
    this.threads.set(threadId, thread);
    return thread;
  }

  loadedThreads(): Promise<readonly string[]> {
    return Promise.resolve([...this.threads.keys()]);
  }

  readThread(threadId: string): Promise<ServerThread | null> {
    return Promise.resolve(this.threads.get(threadId) ?? null);
  }

  startTurn(order: TurnOrder): Promise<string> {
    if (this.failure !== null) return Promise.reject(this.failure);
    this.said.push(order);
    return Promise.resolve(`turn-${this.said.length}`);
  }

  close(): void {
    this.events?.onClosed();
  }
}
