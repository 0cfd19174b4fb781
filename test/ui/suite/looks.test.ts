import { join } from 'node:path';

import { attentionStates } from '../../../src/protocol/snapshot.ts';
import { aSession, aSnapshot, aTask } from '../../host/builders.ts';
import { assertIncludes, eventually, screenshots, type Stand } from '../stand.ts';
import { pairAtWork, pairWaiting } from '../story.ts';
import { type ThemeName, themes, type Workbench } from '../workbench.ts';

/** One session in each state, and a message at each stage. */
function everyState() {
  const details = { waiting_approval: 'command', turn_ended: 'unread', rate_limited: 'usage_limit' } as const;
  const sessions = attentionStates.map((state) => {
    const detail = Object.entries(details).find(([name]) => name === state)?.[1] ?? null;
    const attention = {
      state,
      detail,
      reason: `it is ${state}`,
      since: null,
      sources: ['rollout'],
      contradictions: [],
    };
    return aSession({ name: `in-${state.replaceAll('_', '-')}`, attention, task: null });
  });
  const stages = ['queued', 'submitted', 'answered', 'deferred', 'undelivered', 'uncertain'] as const;
  const deliveries = stages.map((state) => ({
    commandId: `c-${state}`,
    target: 'in-working',
    state,
    reason: state === 'deferred' ? 'a draft is in the composer' : null,
    at: new Date().toISOString(),
  }));
  return aSnapshot({ tasks: [aTask({ worker: 'in-working', manager: null, deliveries })], sessions });
}

/** Nothing here judges: it takes the pictures that a person judges. */
export function describeLooks(place: () => { stand: Stand; workbench: Workbench }): void {
  describe('screenshots', () => {
    const themeNames = Object.keys(themes).filter((name): name is ThemeName => name in themes);

    before(async () => {
      const { stand, workbench } = place();
      stand.setWorld(pairAtWork());
      await workbench.openConveyor();
      await workbench.row('Tasks', 'worker busy').waitFor();
      await workbench.pressInRow('Tasks', 'worker busy', 'Open Timeline');
      const frame = await workbench.timeline();
      await frame.locator('.row', { hasText: 'decision nudge' }).click();
    });

    for (const theme of themeNames) {
      it(`of the pair at work: ${theme}`, async () => {
        const { stand, workbench } = place();
        await workbench.setTheme(theme);
        stand.setWorld(pairAtWork());
        const frame = await workbench.timeline();
        await frame.locator('.row').first().waitFor();
        await workbench.page.waitForTimeout(500);
        await workbench.screenshot(join(screenshots, `pair-${theme}.png`));
      });
    }

    it('of a worker that waits for the person', async () => {
      const { stand, workbench } = place();
      await workbench.setTheme('dark');
      stand.setWorld(pairWaiting());
      const frame = await workbench.timeline();
      await frame.getByRole('button', { name: /needs approval/ }).waitFor();
      await workbench.screenshot(join(screenshots, 'waiting.png'));
    });

    it('of every state that a session can be in, and of messages on their way', async () => {
      const { stand, workbench } = place();
      stand.setWorld({ snapshot: everyState() });
      await workbench.row('Sessions', 'in-crashed').waitFor();
      await workbench.screenshot(join(screenshots, 'states.png'));
    });

    it('of an empty and of a broken timeline', async () => {
      const { stand, workbench } = place();
      const frame = await workbench.timeline();
      stand.setWorld({ snapshot: aSnapshot({ tasks: [aTask({ timelineVersion: 9001 })] }) });
      await frame.getByRole('heading', { name: 'Nothing has happened yet' }).waitFor();
      await workbench.screenshot(join(screenshots, 'empty.png'));
      stand.setWorld({ ...pairAtWork(), breaksTimeline: true });
      await frame.getByRole('alert').waitFor();
      await workbench.screenshot(join(screenshots, 'error.png'));
    });

    it('of an engine that stopped', async () => {
      const { stand, workbench } = place();
      stand.setWorld(pairAtWork());
      const frame = await workbench.timeline();
      await frame.locator('.row').first().waitFor();
      stand.setWorld({ ...pairAtWork(), crashes: true });
      await frame.getByRole('status').waitFor();
      await eventually(async () => assertIncludes(await workbench.rows('Tasks'), 'engine stopped'));
      await workbench.screenshot(join(screenshots, 'engine-stopped.png'));
      stand.setWorld(pairAtWork());
      await eventually(async () => assertIncludes(await workbench.rows('Tasks'), 'this window · 14 sent on'), 60_000);
    });

    it('of a narrow window', async () => {
      const { workbench } = place();
      await workbench.page.setViewportSize({ width: 820, height: 900 });
      await workbench.screenshot(join(screenshots, 'narrow.png'));
      await workbench.page.setViewportSize({ width: 1440, height: 900 });
    });
  });
}
