import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

import { type WebSocket, WebSocketServer } from 'ws';

import { refuse } from '../core/domain/errors.ts';
import { urlHost } from '../core/domain/loopback.ts';
import { largestFrame } from '../protocol/dashboard.ts';
import type { BundleFile } from './bundleFiles.ts';
import { commonHeaders, dashboardPage, headersFor, timelinePage } from './pages.ts';
import { guardRequest, type Verdict } from './requestGuard.ts';

export type SocketHandler = (socket: WebSocket, query: URLSearchParams) => void;

export interface DashboardServerParts {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly token: string;
  readonly files: ReadonlyMap<string, BundleFile>;
  /** What answers at each path that is upgraded. */
  readonly sockets: ReadonlyMap<string, SocketHandler>;
}

const pages: ReadonlySet<string> = new Set(['/', '/timeline']);

/** More pages and terminals than a person has. */
const mostSockets = 64;

/** The server on loopback: every request and every upgrade passes one guard. Owns its sockets until `close`. */
export class DashboardServer {
  readonly #parts: DashboardServerParts;
  readonly #http: Server;
  readonly #upgrades: WebSocketServer;
  readonly #paths: ReadonlySet<string>;

  constructor(parts: DashboardServerParts) {
    this.#parts = parts;
    this.#paths = new Set([...pages, ...parts.files.keys()]);
    this.#http = createServer({ maxHeaderSize: 16 * 1024 }, (request, response) => this.#answer(request, response));
    this.#http.headersTimeout = 10_000;
    this.#http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#upgrade(request, socket, head),
    );
    // A frame that is too large ends its connection before it is read.
    this.#upgrades = new WebSocketServer({ noServer: true, maxPayload: largestFrame, perMessageDeflate: false });
  }

  /** The port that it listens at. Throws `not_supported` when it can't. */
  listen(): Promise<number> {
    const { host, port } = this.#parts;
    return new Promise((resolve, reject) => {
      this.#http.once('error', (error: NodeJS.ErrnoException) => reject(asRefusal(error, host, port)));
      this.#http.listen({ host: host.replace(/^\[|\]$/g, ''), port, exclusive: true }, () => resolve(this.#port));
    });
  }

  async close(): Promise<void> {
    for (const socket of this.#upgrades.clients) socket.terminate();
    this.#http.closeAllConnections();
    await new Promise<void>((done) => {
      this.#http.close(() => done());
    });
  }

  get #port(): number {
    return addressOf(this.#http).port;
  }

  #verdict(request: IncomingMessage, isUpgrade: boolean): Verdict {
    const { host, origin } = request.headers;
    const fetchSite = request.headers['sec-fetch-site'];
    return guardRequest(
      {
        method: request.method,
        url: request.url,
        host,
        origin,
        fetchSite: Array.isArray(fetchSite) ? fetchSite.join(',') : fetchSite,
        isUpgrade,
      },
      {
        host: this.#parts.host,
        port: this.#port,
        token: this.#parts.token,
        paths: this.#paths,
        sockets: new Set(this.#parts.sockets.keys()),
      },
    );
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const verdict = this.#verdict(request, false);
    if (!verdict.isAllowed) {
      response.writeHead(verdict.status, { ...commonHeaders, 'content-type': 'text/plain; charset=utf-8' });
      response.end(`${sentences[verdict.refusal]}\n`);
      return;
    }
    const file = this.#parts.files.get(verdict.path);
    if (file !== undefined) {
      response.writeHead(200, { ...commonHeaders, 'content-type': file.type });
      response.end(file.content);
      return;
    }
    this.#page(verdict.path, verdict.query, { request, response });
  }

  #page(
    path: string,
    query: URLSearchParams,
    { request, response }: { request: IncomingMessage; response: ServerResponse },
  ): void {
    const nonce = randomBytes(16).toString('base64url');
    // The guard has compared it with ours.
    const authority = request.headers.host ?? `${urlHost(this.#parts.host)}:${this.#port}`;
    const parts = { token: this.#parts.token, nonce, authority };
    const isFrame = path === '/timeline';
    response.writeHead(200, headersFor(parts, isFrame));
    response.end(isFrame ? timelinePage({ ...parts, task: query.get('task') ?? '' }) : dashboardPage(parts));
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const verdict = this.#verdict(request, true);
    const handler = verdict.isAllowed ? this.#parts.sockets.get(verdict.path) : undefined;
    if (!verdict.isAllowed || handler === undefined || this.#upgrades.clients.size >= mostSockets) {
      const status = verdict.isAllowed ? 503 : verdict.status;
      socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    this.#upgrades.handleUpgrade(request, socket, head, (upgraded) => {
      // What is wrong with a connection ends it; that is all there is to do.
      upgraded.on('error', () => upgraded.terminate());
      handler(upgraded, verdict.query);
    });
  }
}

const sentences = {
  wrong_method: 'The dashboard is only looked at.',
  wrong_host: 'This is not the name of the dashboard.',
  wrong_origin: 'The dashboard answers its own pages only.',
  wrong_token: 'Open the dashboard with the address that "conveyor dashboard" has printed.',
  no_such_path: 'There is nothing here.',
} as const;

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server does not listen at a port');
  return address;
}

function asRefusal(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const where = `port ${port} of ${host}`;
  if (error.code === 'EADDRINUSE') {
    return refuse(
      'not_supported',
      `${where} is in use, perhaps by another dashboard, which goes on as it is; take another with --port`,
      { cause: error },
    );
  }
  if (error.code === 'EACCES' || error.code === 'EADDRNOTAVAIL') {
    return refuse('not_supported', `cannot listen at ${where} (${error.code}); take another with --host or --port`, {
      cause: error,
    });
  }
  return error;
}
