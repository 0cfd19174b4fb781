import { lstatSync, realpathSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import type * as z from 'zod/mini';
import type { RawData, WebSocket } from 'ws';
import { refuse } from '../domain/errors.ts';
import { type AppServer, type AppServerEvents, appServerFailed, type ConnectAppServer } from './appServer.ts';
import {
  loadedThreadsResult,
  readFrame,
  readThreadResult,
  serverThread,
  startTurnResult,
  statusChanged,
  threadStatus,
} from './appServerMessages.ts';

const connectMilliseconds = 1500;
const answerMilliseconds = 5000;
/** A thread's history is never asked for; what is longer than this is nothing that we want. */
const maximumFrame = 4 * 1024 * 1024;

/**
 * Connects to the background server that all Codex TUIs of a home share (0.160 and later): a WebSocket over a unix socket,
 * JSON-RPC without its version field.
 *
 * The home must come from the caller's environment, never from a row of the ledger: what listens there reads the messages.
 */
export const connectAppServer: ConnectAppServer = async (codexHome, events) => {
  const socketPath = ownSocket(join(codexHome, 'app-server-control', 'app-server-control.sock'));
  // Loaded here: most commands never talk to a server (docs/adr/0003).
  const { WebSocket: Socket } = await import('ws');
  const socket = new Socket(`ws+unix://${socketPath}:/`, {
    handshakeTimeout: connectMilliseconds,
    perMessageDeflate: false,
    maxPayload: maximumFrame,
  });
  await opened(socket);
  const client = new AppServerClient(socket, events);
  try {
    await client.initialize();
    return client;
  } catch (error) {
    client.close();
    throw error;
  }
};

/** One connection; requests by number, each with a deadline. */
class AppServerClient implements AppServer {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  readonly #events: AppServerEvents | undefined;
  #serial = 0;

  constructor(socket: WebSocket, events: AppServerEvents | undefined) {
    this.#socket = socket;
    this.#events = events;
    socket.on('message', (data) => this.#receive(textOf(data)));
    socket.on('error', () => {}); // a close follows
    socket.on('close', () => this.#closed());
  }

  async initialize(): Promise<void> {
    const clientInfo = { name: 'agent-conveyor', title: 'Agent Conveyor', version: '1' };
    await this.#call('initialize', { clientInfo, capabilities: { experimentalApi: true } });
    this.#socket.send(JSON.stringify({ method: 'initialized' }));
  }

  async loadedThreads(): Promise<readonly string[]> {
    return this.#read(loadedThreadsResult, await this.#call('thread/loaded/list', {})).data;
  }

  async readThread(threadId: string) {
    try {
      return serverThread(this.#read(readThreadResult, await this.#call('thread/read', { threadId })).thread);
    } catch (error) {
      if (error instanceof Refused) return null;
      throw error;
    }
  }

  async startTurn({ threadId, text, messageId }: Parameters<AppServer['startTurn']>[0]): Promise<string> {
    const input = [{ type: 'text', text, text_elements: [] }];
    try {
      const result = await this.#call('turn/start', { threadId, input, clientUserMessageId: messageId });
      return this.#read(startTurnResult, result).turn.id;
    } catch (error) {
      if (error instanceof Refused)
        throw refuse('app_server_refused', `Codex's app-server refused the message: ${error.message}`, {
          cause: error,
        });
      throw error;
    }
  }

  close(): void {
    this.#socket.terminate();
  }

  #call(method: string, params: object): Promise<unknown> {
    const id = (this.#serial += 1);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(appServerFailed(`did not answer ${method} within ${answerMilliseconds / 1000} seconds`));
      }, answerMilliseconds);
      const settle =
        <T>(end: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer);
          end(value);
        };
      this.#waiting.set(id, { resolve: settle(resolve), reject: settle(reject) });
      this.#socket.send(JSON.stringify({ id, method, params }), (error) => {
        if (error != null) this.#take(id)?.reject(appServerFailed('is gone', error));
      });
    });
  }

  #receive(text: string): void {
    const received = readFrame(text);
    switch (received.kind) {
      case 'answer':
        this.#take(received.id)?.resolve(received.result);
        return;
      case 'refusal':
        this.#take(received.id)?.reject(new Refused(received.message));
        return;
      case 'notification':
        this.#notify(received.method, received.params);
        return;
      case 'request':
      case 'unreadable':
        return;
      default:
        received satisfies never;
    }
  }

  #notify(method: string, params: unknown): void {
    if (method !== 'thread/status/changed') return;
    const changed = statusChanged.safeParse(params);
    const status = changed.success ? threadStatus(changed.data.status) : null;
    if (changed.success && status !== null) this.#events?.onStatus(changed.data.threadId, status);
  }

  #take(id: number) {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #read<T>(schema: z.ZodMiniType<T>, result: unknown): T {
    const parsed = schema.safeParse(result);
    if (parsed.success) return parsed.data;
    throw appServerFailed('answered in a form that is not known', parsed.error);
  }

  #closed(): void {
    for (const { reject } of this.#waiting.values()) reject(appServerFailed('is gone'));
    this.#waiting.clear();
    this.#events?.onClosed();
  }
}

/** The server understood and said no. */
class Refused extends Error {}

function opened(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(appServerFailed('could not be reached', error));
    socket.once('open', () => {
      socket.off('error', fail);
      resolve();
    });
    socket.once('error', fail);
  });
}

/**
 * The socket behind Codex's link, if it is this account's and lies in a folder of this account's alone: whoever can put
 * another one in its place would read what is said.
 */
function ownSocket(link: string): string {
  const path = resolveLink(link);
  const [socket, folder] = [stat(path), stat(dirname(path))];
  const isOwn = (found: Stats | null) =>
    found !== null && (process.getuid === undefined || found.uid === process.getuid());
  if (socket?.isSocket() !== true) throw refuse('app_server_missing', `no Codex app-server listens at ${link}`);
  if (isOwn(socket) && isOwn(folder) && ((folder?.mode ?? 0) & 0o022) === 0) return path;
  throw refuse('app_server_missing', `the socket of Codex's app-server (${path}) is not this account's alone`);
}

function resolveLink(link: string): string {
  try {
    return realpathSync(link);
  } catch {
    throw refuse('app_server_missing', `no Codex app-server runs for this home (${link})`);
  }
}

function stat(path: string): Stats | null {
  return lstatSync(path, { throwIfNoEntry: false }) ?? null;
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return (data instanceof ArrayBuffer ? Buffer.from(data) : data).toString('utf8');
}
