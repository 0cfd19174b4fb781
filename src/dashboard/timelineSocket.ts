import { createBirpc } from 'birpc';
import type { WebSocket } from 'ws';

import type { TimelineHost, TimelinePageEvents } from '../protocol/timelineView.ts';
import type { DashboardFeed } from './dashboardFeed.ts';
import { jsonChannel } from './jsonChannel.ts';

interface TimelineParts {
  readonly feed: DashboardFeed;
  readonly task: string;
  readonly openTerminal: (session: string) => void;
}

/** The host behind the timeline bundle, as the panel of VS Code is. The newest entries come by themselves (OD-36). */
export function serveTimeline(socket: WebSocket, { feed, task, openTerminal }: TimelineParts): void {
  let shown = '';
  const scene = () => {
    shown = feed.sceneKey(task);
    return feed.scene(task);
  };
  const host: TimelineHost = {
    ready: async () => scene(),
    retry: async () => scene(),
    older: async (cursor) =>
      typeof cursor === 'string' ? feed.page(task, cursor) : { entries: [], olderCursor: null, total: 0 },
    openTerminal: async (session) => {
      if (typeof session === 'string') openTerminal(session);
    },
  };
  const page = createBirpc<TimelinePageEvents, TimelineHost>(host, { ...jsonChannel(socket), eventNames: ['show'] });
  const stop = feed.onChanged(() => {
    if (shown !== '' && feed.sceneKey(task) !== shown) void page.show(scene());
  });
  socket.on('close', () => {
    stop();
    page.$close();
  });
}
