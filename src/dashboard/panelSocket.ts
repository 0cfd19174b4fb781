import { createBirpc } from 'birpc';
import type { WebSocket } from 'ws';

import type { DashboardHost, DashboardPageEvents, DashboardView } from '../protocol/dashboard.ts';
import type { Controls } from './controls.ts';
import type { DashboardFeed } from './dashboardFeed.ts';
import { jsonChannel } from './jsonChannel.ts';

interface PanelParts {
  readonly feed: DashboardFeed;
  readonly controls: Controls;
}

/** Answers one page and pushes what changed: the whole view, or only the banner when nothing else did (OD-35). */
export function servePanel(socket: WebSocket, { feed, controls }: PanelParts): { openTerminal(name: string): void } {
  /** The task that the page is about. */
  let task: string | null = null;
  let sent: { readonly rest: string; readonly banner: string } | null = null;
  const host: DashboardHost = {
    ready: async (wanted) => {
      task = typeof wanted === 'string' ? wanted : null;
      const view = feed.view(task, controls.receipts);
      sent = keysOf(view);
      return view;
    },
    run: (control, input) => controls.run(control, input),
    candidates: () => feed.candidates(),
    finishObstacles: async () => (task === null ? [] : feed.finishObstacles(task)),
  };
  const page = createBirpc<DashboardPageEvents, DashboardHost>(host, {
    ...jsonChannel(socket),
    eventNames: ['show', 'beat', 'openTerminal'],
  });
  const stop = feed.onChanged(() => {
    if (sent === null) return;
    const view = feed.view(task, controls.receipts);
    const keys = keysOf(view);
    if (keys.rest !== sent.rest) void page.show(view);
    else if (keys.banner !== sent.banner) void page.beat({ takenAt: view.takenAt, dispatch: view.dispatch });
    sent = keys;
  });
  socket.on('close', () => {
    stop();
    page.$close();
  });
  return { openTerminal: (name) => void page.openTerminal(name) };
}

/** Ages grow by themselves; only when the sign of life is another one there is something to tell. */
function keysOf({ takenAt, dispatch, ...rest }: DashboardView): { readonly rest: string; readonly banner: string } {
  const { heartbeatAgeMs: age, ...steady } = dispatch;
  const beatAt = age === null ? null : Math.round((Date.parse(takenAt) - age) / 1000);
  return { rest: JSON.stringify(rest), banner: JSON.stringify([steady, beatAt]) };
}
