import type { Page } from 'playwright-core';
import { appendEvent, pause, worker } from './supervisedPair.ts';

const warmUps = 3;
const samples = 60;
const secondsToWait = 30;

interface Change {
  readonly isBusy: boolean;
  /** Wall clock of this machine, milliseconds. */
  readonly at: number;
}

/**
 * From a line in the rollout to the word in the sidebar that a person reads: turns begin and end, and the workbench's
 * own document says when the row of the worker changed. Milliseconds.
 */
export async function treeLatencies(page: Page, rollout: string): Promise<readonly number[]> {
  await page.evaluate(watchRow(worker));
  const latencies: number[] = [];
  for (let sample = 0; sample < warmUps + samples; sample += 1) {
    const isBusy = sample % 2 === 0;
    await pause(300 + ((sample * 37) % 200)); // at every distance from what the engine does by itself
    const turn = { turn_id: `turn-${Math.floor(sample / 2)}` };
    const appended = wallClock();
    appendEvent(rollout, isBusy ? 'task_started' : 'task_complete', { ...turn, last_agent_message: 'Done.' });
    latencies.push((await changeTo(page, isBusy, appended)) - appended);
  }
  return latencies.slice(warmUps);
}

async function changeTo(page: Page, isBusy: boolean, since: number): Promise<number> {
  const deadline = wallClock() + secondsToWait * 1000;
  for (;;) {
    const changes: Change[] = JSON.parse((await page.locator('body').getAttribute('data-changes')) ?? '[]');
    const change = changes.find((one) => one.isBusy === isBusy && one.at >= since);
    if (change !== undefined) return change.at;
    if (wallClock() > deadline) throw new Error(`the tree never said that ${worker} is ${isBusy ? 'busy' : 'done'}`);
    await pause(25);
  }
}

/** Runs in the page. Keeps the newest changes where the bench finds them. */
function watchRow(name: string): string {
  return `(() => {
    const changes = [];
    let wasBusy = null;
    const look = () => {
      const row = document.querySelector('.monaco-list-row[aria-label*="${name}"]');
      if (row === null) return;
      const isBusy = /\\bbusy\\b/.test(row.getAttribute('aria-label'));
      if (isBusy === wasBusy) return;
      wasBusy = isBusy;
      changes.push({ isBusy, at: performance.timeOrigin + performance.now() });
      document.body.dataset.changes = JSON.stringify(changes.slice(-4));
    };
    const options = { subtree: true, childList: true, attributes: true, attributeFilter: ['aria-label'] };
    new MutationObserver(look).observe(document.body, options);
    look();
  })()`;
}

function wallClock(): number {
  return performance.timeOrigin + performance.now();
}
