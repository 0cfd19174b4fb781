import { createBirpc } from 'birpc';

import {
  type TimelineHost,
  type TimelineMemory,
  timelineMemory,
  type TimelinePageEvents,
  type TimelineScene,
  timelineScene,
} from '../../src/protocol/timelineView.ts';

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

/** What is behind the page. In VS Code a panel; the dashboard brings another of the same shape. */
export interface Connection {
  readonly host: TimelineHost;
  readonly memory: TimelineMemory;
  remember(memory: TimelineMemory): void;
}

export function connectToVsCode(element: HTMLElement, show: (scene: TimelineScene) => void): Connection {
  const api = acquireVsCodeApi();
  const given = timelineMemory.parse(JSON.parse(element.dataset['memory'] ?? '{}'));
  const kept = timelineMemory.safeParse(api.getState());
  const memory = kept.success ? { ...kept.data, ...given } : given;
  api.setState(memory);
  const host = createBirpc<TimelineHost, TimelinePageEvents>(
    { show: (scene) => show(readScene(scene)) },
    {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- VS Code's API takes none
      post: (message) => api.postMessage(message),
      on: (listener) => window.addEventListener('message', ({ data }) => listener(data)),
    },
  );
  return {
    host: {
      ready: async () => readScene(await host.ready()),
      retry: async () => readScene(await host.retry()),
      older: (cursor) => host.older(cursor),
      openTerminal: (session) => host.openTerminal(session),
    },
    memory,
    remember: (next) => api.setState(next),
  };
}

function readScene(scene: unknown): TimelineScene {
  return timelineScene.parse(scene);
}
