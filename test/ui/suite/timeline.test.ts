import assert from 'node:assert/strict';

import axe from 'axe-core';
import type { Frame } from 'playwright-core';

import { aSnapshot, aTask, anEntry } from '../../host/builders.ts';
import type { FakeWorld } from '../../host/fakeEngine.ts';
import { assertIncludes, eventually, type Stand } from '../stand.ts';
import { pairAtWork, pairWaiting } from '../story.ts';
import type { Workbench } from '../workbench.ts';

export function describeTimeline(place: () => { stand: Stand; workbench: Workbench }): void {
  describe('the timeline', () => {
    let frame: Frame;

    before(async () => {
      const { stand, workbench } = place();
      stand.setWorld(pairAtWork());
      await workbench.openConveyor();
      await workbench.row('Tasks', 'worker busy').waitFor();
      await workbench.pressInRow('Tasks', 'worker busy', 'Open Timeline');
      frame = await workbench.timeline();
      await frame.locator('.row').first().waitFor();
    });

    after(() => place().workbench.command('View: Close All Editors'));

    it('shows what happened, who did it, and hides the mechanics until asked', async () => {
      assert.equal(await frame.locator('.row').count(), 21);
      await frame.getByRole('button', { name: 'Mechanics' }).click();
      await eventually(async () => assert.equal(await frame.locator('.row').count(), 23));
      await frame.getByRole('button', { name: 'Mechanics' }).click();
      await eventually(async () => assert.equal(await frame.locator('.row').count(), 21));
    });

    it('loads and runs nothing that its policy forbids', async () => {
      const { forbidden } = place().workbench;
      assert.deepEqual(forbidden, []);
      await frame.evaluate("document.body.setAttribute('style', 'opacity: 1')");
      await eventually(() => assert.equal(forbidden.length, 1, 'a breach of the policy is noticed'));
    });

    it('filters by actor with the keyboard alone', async () => {
      await frame.getByRole('radio', { name: /^All/ }).focus();
      await frame.page().keyboard.press('ArrowRight');
      await eventually(async () => assert.deepEqual(await frame.locator('.row .who').allInnerTexts(), ['You', 'You']));
      await frame.page().keyboard.press('ArrowLeft');
      await eventually(async () => assert.equal(await frame.locator('.row').count(), 21));
    });

    it('is one tab stop in which arrows, Home and End move, and shows details of what they reach', async () => {
      assert.equal(await frame.locator('.row[tabindex="0"]').count(), 1);
      await frame.locator('.row').last().focus();
      await frame.page().keyboard.press('Home');
      const details = frame.getByRole('complementary', { name: 'Details' }).locator('.summary');
      await eventually(async () => assert.match(await details.innerText(), /start_pair succeeded/));
      await frame.page().keyboard.press('ArrowDown');
      await eventually(async () => assert.match(await details.innerText(), /worker acknowledged/));
      assert.equal(await frame.locator('.row[aria-selected="true"]').count(), 1);
      await frame.page().keyboard.press('Escape');
      await eventually(async () => assert.equal(await details.count(), 0));
    });

    it('follows one chain through everybody who took part', async () => {
      await frame.locator('.row', { hasText: 'decision nudge' }).click();
      await frame.getByRole('button', { name: 'Show the whole chain' }).click();
      await eventually(async () => assert.equal(await frame.locator('.row').count(), 4));
      await frame.getByRole('button', { name: 'One chain' }).click();
      await eventually(async () => assert.equal(await frame.locator('.row').count(), 21));
      await frame.getByRole('button', { name: 'Close details' }).click();
    });

    it('has no accessibility violation, in no theme', async () => {
      const { workbench } = place();
      await frame.locator('.row', { hasText: 'decision nudge' }).click();
      for (const theme of ['dark', 'light', 'high-contrast', 'high-contrast-light'] as const) {
        await workbench.setTheme(theme);
        await eventually(async () =>
          assert.match((await frame.locator('body').getAttribute('class')) ?? '', bodyClass[theme]),
        );
        // The frame's policy lets no script in; the driver's own channel is not bound by it.
        const violations =
          await frame.evaluate(`${axe.source}; axe.run(document, { rules: { 'page-has-heading-one': { enabled: true } } })
          .then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map((node) => node.html + ' ' + (node.any[0]?.message ?? '')).slice(0, 3).join(' | ')))`);
        assert.deepEqual(violations, [], theme);
      }
      await workbench.setTheme('dark');
      await frame.getByRole('button', { name: 'Close details' }).click();
    });

    it('keeps the newest entry in view as entries arrive', async () => {
      const { stand } = place();
      stand.setWorld(longStory(120));
      const last = frame.locator('.row', { hasText: 'event 119' });
      await last.waitFor();
      await eventually(async () => assert.ok(await isInView(frame, 'event 119')));
      stand.setWorld(longStory(121));
      await eventually(async () => assert.ok(await isInView(frame, 'event 120')));
    });

    it('stays where one looks when scrolled back, and says how many came since', async () => {
      const { stand } = place();
      await frame.locator('.scroller').evaluate((scroller) => void (scroller.scrollTop = 600));
      await frame.getByText('Scrolled back').waitFor();
      const before = await frame.locator('.scroller').evaluate((scroller) => scroller.scrollTop);
      stand.setWorld(longStory(124));
      await frame.getByRole('button', { name: '3 new' }).waitFor();
      assert.equal(await frame.locator('.scroller').evaluate((scroller) => scroller.scrollTop), before);
      await frame.getByRole('button', { name: '3 new' }).click();
      await eventually(async () => assert.ok(await isInView(frame, 'event 123')));
    });

    it('loads earlier entries when one goes there, and what was looked at stays in place', async () => {
      const { stand } = place();
      stand.setWorld(longStory(700));
      await eventually(async () => assert.ok(await isInView(frame, 'event 699')));
      const loaded = await frame.locator('.row').count();
      assert.ok(loaded < 700, `${loaded} rows are loaded at first`);
      await frame.locator('.scroller').evaluate((scroller) => void (scroller.scrollTop = 150));
      await eventually(async () => assert.ok((await frame.locator('.row').count()) > loaded));
      const top = await frame.locator('.scroller').evaluate((scroller) => scroller.scrollTop);
      assert.ok(top > 1000, `scrolled to ${top}`);
    });

    it('says so when nothing has happened yet', async () => {
      const { stand } = place();
      stand.setWorld({ snapshot: aSnapshot({ tasks: [aTask({ timelineVersion: 9000 })] }) });
      await frame.getByRole('heading', { name: 'Nothing has happened yet' }).waitFor();
    });

    it('says why it can show nothing, and tries again when asked', async () => {
      const { stand } = place();
      stand.setWorld({ ...pairAtWork(), breaksTimeline: true });
      await frame.getByRole('alert').waitFor();
      assert.match(await frame.getByRole('alert').innerText(), /could not be read: the ledger could not be read/);
      await frame.getByRole('button', { name: 'Try again' }).click();
      await frame.getByRole('alert').waitFor();
      stand.setWorld(pairAtWork());
      await eventually(async () => assert.equal(await frame.locator('.row').count(), 21));
    });

    it('keeps showing what it knows while the engine starts again, marked as old', async () => {
      const { stand } = place();
      stand.setWorld({ ...pairAtWork(), crashes: true });
      await frame.getByRole('status').waitFor();
      assert.match(await frame.getByRole('status').innerText(), /may be old/);
      assert.equal(await frame.locator('.row').count(), 21);
      stand.setWorld(pairAtWork());
      await eventually(async () => assert.equal(await frame.getByRole('status').count(), 0), 60_000);
      assert.equal(await frame.locator('.row').count(), 21);
    });

    it('shows that a session waits for the person, and opens its terminal', async () => {
      const { stand } = place();
      stand.setWorld(pairWaiting());
      await frame.getByRole('button', { name: /login-flake-worker needs approval/ }).waitFor();
    });

    it('comes back after the window reloads', async () => {
      const { stand, workbench } = place();
      stand.setWorld(pairAtWork());
      await workbench.page.reload();
      // The workbench may still be putting its frames in place: the one that was found first is then gone again.
      await eventually(async () => {
        frame = await workbench.timeline();
        assert.equal(await frame.locator('.row').count(), 21);
      });
      await workbench.openConveyor();
      await eventually(async () => assertIncludes(await workbench.rows('Tasks'), 'login-flake'));
    });
  });
}

const bodyClass = {
  dark: /vscode-dark/,
  light: /vscode-light/,
  'high-contrast': /vscode-high-contrast(?!-light)/,
  'high-contrast-light': /vscode-high-contrast-light/,
} as const;

function longStory(length: number): FakeWorld {
  const start = Date.parse('2026-11-26T09:00:00Z');
  const actors = ['manager', 'worker', 'dispatch', 'operator'];
  return {
    snapshot: aSnapshot({ tasks: [aTask({ timelineVersion: 10_000 + length })] }),
    timeline: Array.from({ length }, (_, index) =>
      anEntry({
        id: `long:${index}`,
        at: new Date(start + index * 20_000).toISOString(),
        actor: actors[index % actors.length] ?? 'manager',
        summary: `event ${index}`,
      }),
    ),
  };
}

async function isInView(frame: Frame, text: string): Promise<boolean> {
  return frame
    .locator('.row', { hasText: text })
    .last()
    .evaluate((row) => {
      const scroller = row.closest('.scroller')?.getBoundingClientRect();
      const place = row.getBoundingClientRect();
      return scroller !== undefined && place.top >= scroller.top && place.bottom <= scroller.bottom + 1;
    });
}
