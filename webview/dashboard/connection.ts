import { createBirpc } from 'birpc';

import { type DashboardHost, type DashboardPageEvents, dashboardView } from '../../src/protocol/dashboard.ts';

/** How long until the next try when the server does not answer. Milliseconds. */
const pause = 1500;

export interface ConnectionEvents extends DashboardPageEvents {
  connected(host: DashboardHost): void;
  lost(): void;
}

/** The page's line to its server, as long as the page is there: what breaks is made again. */
export class PanelConnection {
  readonly #address: string;
  readonly #events: ConnectionEvents;

  constructor(parameters: Readonly<Record<string, string>>, events: ConnectionEvents) {
    this.#address = socketAddress('panel', parameters);
    this.#events = events;
    this.#connect();
  }

  #connect(): void {
    const socket = new WebSocket(this.#address);
    const { show, beat, openTerminal } = this.#events;
    const host = createBirpc<DashboardHost, DashboardPageEvents>(
      { show: (view) => show(dashboardView.parse(view)), beat, openTerminal },
      {
        post: (message) => {
          if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
        },
        on: (listener) => socket.addEventListener('message', ({ data }) => listener(JSON.parse(String(data)))),
        timeout: -1,
      },
    );
    socket.addEventListener('open', () => this.#events.connected(host));
    socket.addEventListener('close', () => {
      host.$close();
      this.#events.lost();
      setTimeout(() => this.#connect(), pause);
    });
  }
}

/** With the token of the page: it is what the server asks for, in each request. */
export function socketAddress(path: string, parameters: Readonly<Record<string, string>>): string {
  return `ws://${location.host}/${path}?${new URLSearchParams({ ...parameters, token: pageToken() })}`;
}

export function pageToken(): string {
  return new URLSearchParams(location.search).get('token') ?? '';
}
