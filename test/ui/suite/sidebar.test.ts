import assert from 'node:assert/strict';

import { aSession, aSnapshot, aTask } from '../../host/builders.ts';
import { assertIncludes, eventually, type Stand } from '../stand.ts';
import { pairAtWork, pairWaiting } from '../story.ts';
import type { Workbench } from '../workbench.ts';

export function describeSidebar(place: () => { stand: Stand; workbench: Workbench }): void {
  describe('the sidebar', () => {
    it('shows the pair at work as a person reads it', async () => {
      const { stand, workbench } = place();
      stand.setWorld(pairAtWork());
      await workbench.openConveyor();
      await eventually(async () => assertIncludes(await workbench.rows('Tasks'), 'worker busy · 1/2'));
      assertIncludes(await workbench.rows('Tasks'), 'this window · 14 sent on');
      assertIncludes(await workbench.rows('Sessions'), 'login-flake-manager');
      assertIncludes(await workbench.rows('Criteria'), 'The login test passes ten times in a row');
    });

    it('shows at most three actions on a row, with names', async () => {
      const { workbench } = place();
      for (const [view, text, wanted] of [
        ['Tasks', 'worker busy', ['Open Timeline', 'Run Manager Cycle Now', 'Finish Task…']],
        ['Sessions', 'login-flake-worker', ['Nudge Session…', 'Interrupt Session', 'Open Session Terminal']],
        ['Criteria', 'The suite is not slower', ['Accept Criterion']],
        ['Criteria', 'The login test passes', ['Satisfy Criterion…']],
      ] as const) {
        const row = workbench.row(view, text);
        await eventually(async () => {
          await row.hover();
          const labels = await row
            .locator('.actions .action-label')
            .evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')));
          assert.deepEqual(labels, wanted, `${view}: ${text}`);
        });
      }
    });

    it('says in the status bar and the badge what needs the person, and tells once', async () => {
      const { stand, workbench } = place();
      stand.setWorld(pairWaiting());
      const status = workbench.page.locator('.statusbar-item[id*="conveyor"]');
      await eventually(async () =>
        assert.match((await status.getAttribute('aria-label')) ?? '', /asks whether it may run npm test/),
      );
      await workbench.notification('asks whether it may run npm test').waitFor();
      assert.equal(await workbench.notification('asks whether it may run npm test').count(), 1);
      assert.equal((await workbench.page.locator('.activitybar .badge-content', { hasText: '1' }).count()) > 0, true);
      await workbench.command('Notifications: Clear All Notifications');
    });

    it('opens the list of what needs the person from the status bar', async () => {
      const { stand, workbench } = place();
      const world = pairWaiting();
      const [first] = world.snapshot.attention;
      assert.ok(first);
      const second = {
        ...first,
        id: 'undelivered-1',
        kind: 'undelivered' as const,
        message: 'A message to login-flake-manager was not taken.',
      };
      stand.setWorld({ ...world, snapshot: { ...world.snapshot, attention: [first, second] } });
      const status = workbench.page.locator('.statusbar-item[id*="conveyor"]');
      await eventually(async () => assert.match(await status.innerText(), /2 need you/));
      await status.click();
      const picks = await workbench.quickPicks();
      assertIncludes(picks, 'asks whether it may run npm test');
      assertIncludes(picks, 'was not taken');
      await workbench.page.keyboard.press('Escape');
      await workbench.notification('was not taken').waitFor();
      await workbench.command('Notifications: Clear All Notifications');
    });

    it('keeps a task selected, and open or closed as it was, while its state changes', async () => {
      const { stand, workbench } = place();
      stand.setWorld({ snapshot: aSnapshot({ tasks: [aTask()], sessions: [aSession()] }) });
      await eventually(async () => assertIncludes(await workbench.rows('Tasks'), 'worker busy'));
      await workbench.row('Tasks', 'worker busy').click();
      const expanded = await workbench.row('Tasks', 'worker busy').getAttribute('aria-expanded');
      stand.setWorld({ snapshot: aSnapshot({ tasks: [aTask()], sessions: [aSession({ state: 'idle' })] }) });
      const row = workbench.row('Tasks', 'worker idle');
      await row.waitFor();
      assert.match((await row.getAttribute('class')) ?? '', /selected/);
      assert.equal(await row.getAttribute('aria-expanded'), expanded);
    });
  });
}
