import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

import { ConveyorError } from '../core/domain/errors.ts';
import { formEncoded, urlHost } from '../core/domain/loopback.ts';
import type { HostedContext } from '../core/operations/operationContext.ts';
import { sessionTerminal } from '../core/operations/sessionTerminal.ts';
import { terminalAccesses } from '../protocol/dashboard.ts';
import { attachArguments } from '../protocol/tmuxAttach.ts';
import { readBundle } from './bundleFiles.ts';
import { Controls } from './controls.ts';
import { DashboardFeed } from './dashboardFeed.ts';
import { DashboardServer, type SocketHandler } from './dashboardServer.ts';
import { servePanel } from './panelSocket.ts';
import { type OpenPty, openPty } from './pty.ts';
import { type Attachment, serveTerminal, type TerminalOrder } from './terminalSocket.ts';
import { serveTimeline } from './timelineSocket.ts';

export interface DashboardOrder {
  readonly host: string;
  readonly port: number;
  readonly task: string | null;
  /** The folder of `cli.js`, with the bundles of the pages in `webview`. */
  readonly dist: string;
  readonly open?: OpenPty;
}

export interface RunningDashboard {
  /** With the token: whoever has it may do what the person may. */
  readonly url: string;
  close(): Promise<void>;
}

/** Starts to serve this caller's ledger. Throws when it can't listen. The caller closes it. */
export async function serveDashboard(context: HostedContext, order: DashboardOrder): Promise<RunningDashboard> {
  const token = randomBytes(32).toString('base64url');
  const feed = new DashboardFeed(context);
  const controls = new Controls(context, () => {
    feed.open();
    feed.changed();
  });
  const server = new DashboardServer({
    host: order.host,
    port: order.port,
    token,
    files: readBundle(join(order.dist, 'webview')),
    sockets: socketsOf(context, { feed, controls, open: order.open ?? openPty }),
  });
  let port: number;
  try {
    port = await server.listen();
  } catch (error) {
    feed.close();
    throw error;
  }
  const task = order.task === null ? '' : `&task=${formEncoded(order.task)}`;
  return {
    url: `http://${urlHost(order.host)}:${port}/?token=${token}${task}`,
    close: async () => {
      await server.close();
      feed.close();
    },
  };
}

interface Parts {
  readonly feed: DashboardFeed;
  readonly controls: Controls;
  readonly open: OpenPty;
}

function socketsOf(context: HostedContext, { feed, controls, open }: Parts): ReadonlyMap<string, SocketHandler> {
  /** Open pages by the name that they gave themselves: the frame of a page speaks to that page. */
  const pages = new Map<string, (session: string) => void>();
  return new Map<string, SocketHandler>([
    [
      '/panel',
      (socket, query) => {
        const { openTerminal } = servePanel(socket, { feed, controls });
        const name = query.get('page') ?? '';
        pages.set(name, openTerminal);
        socket.on('close', () => {
          if (pages.get(name) === openTerminal) pages.delete(name);
        });
      },
    ],
    [
      '/timeline',
      (socket, query) => {
        const openTerminal = (session: string) => pages.get(query.get('page') ?? '')?.(session);
        serveTimeline(socket, { feed, task: query.get('task') ?? '', openTerminal });
      },
    ],
    [
      '/terminal',
      (socket, query) => {
        void (async () => {
          const order = terminalOrder(query);
          const attachment = feed.hasLedger ? await attachmentOf(context, query.get('session') ?? '', order) : noLedger;
          await serveTerminal(socket, order, { attachment, open });
        })();
      },
    ],
  ]);
}

const noLedger: Attachment = { kind: 'refused', message: 'There is no ledger yet.' };

/** Only `takeOver` in so many words has keys. */
function terminalOrder(query: URLSearchParams): TerminalOrder {
  const access = terminalAccesses.find((known) => known === query.get('access')) ?? 'watch';
  return { access, cols: sizeOf(query.get('cols'), 120), rows: sizeOf(query.get('rows'), 36) };
}

function sizeOf(given: string | null, fallback: number): number {
  const size = Number(given);
  return Number.isInteger(size) && size >= 2 && size <= 500 ? size : fallback;
}

async function attachmentOf(context: HostedContext, name: string, { access }: TerminalOrder): Promise<Attachment> {
  try {
    const { tmuxPath, socketPath, tmuxSession } = await sessionTerminal(context, name);
    const terminal = { session: tmuxSession, target: `=${tmuxSession}:`, paneId: null, socketPath };
    const argv = attachArguments(terminal, access);
    return { kind: 'program', program: { file: tmuxPath, argv, environment: context.variables } };
  } catch (error) {
    const message = error instanceof ConveyorError ? error.message : 'the session could not be looked at';
    return { kind: 'refused', message };
  }
}
