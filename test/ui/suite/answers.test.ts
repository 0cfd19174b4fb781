import assert from 'node:assert/strict';
import { join } from 'node:path';

import type { SessionQuestion } from '../../../src/protocol/snapshot.ts';
import { aSession, aSnapshot, aTask } from '../../host/builders.ts';
import { assertIncludes, eventually, screenshots, type Stand } from '../stand.ts';
import type { Workbench } from '../workbench.ts';

const session = 'login-flake-worker';

function asking(fingerprint: string, command: string): SessionQuestion {
  return {
    dialog: 'approval_command',
    text: `Would you like to run the following command?\n\nReason: [publish](command:workbench.action.quit) it\n\n$ ${command}`,
    options: [
      { number: 1, label: 'Yes, proceed (y)' },
      { number: 2, label: "Yes, and don't ask again for commands that start with `make` (p)" },
      { number: 3, label: 'No, and tell Codex what to do differently (esc)' },
    ],
    fingerprint,
  };
}

/** A worker that asks; told of as `id`, so that each test has a notification of its own. */
function waitingFor(question: SessionQuestion | null, id: string) {
  const attention = {
    state: 'waiting_approval' as const,
    detail: 'command',
    reason: 'it asks',
    since: new Date().toISOString(),
    sources: ['screen'],
    contradictions: [],
  };
  const item = {
    id,
    kind: 'approval' as const,
    message: `${session} waits for an approval (command).`,
    session,
    task: 'login-flake',
    since: new Date().toISOString(),
  };
  return {
    snapshot: aSnapshot({
      tasks: [aTask()],
      sessions: [aSession(question === null ? {} : { question, attention })],
      attention: question === null ? [] : [item],
    }),
  };
}

export function describeAnswers(place: () => { stand: Stand; workbench: Workbench }): void {
  describe('the notification of an approval', () => {
    const told = () => place().workbench.notification('waits for an approval');
    const rows = () => place().workbench.page.locator('.quick-input-list .monaco-list-row');
    const title = () => place().workbench.page.locator('.quick-input-title');

    beforeEach(async () => {
      place().stand.setWorld(waitingFor(null, ''));
      await place().workbench.openConveyor();
      // Whoever tells must be there before there is something to tell.
      await place().workbench.row('Sessions', session).waitFor();
      place().stand.forgetCalls();
    });

    afterEach(async () => {
      const { page } = place().workbench;
      await page.keyboard.press('Escape');
      await place().workbench.command('Notifications: Clear All Notifications');
      await eventually(async () => assert.equal(await page.locator('.notification-toast').count(), 0));
    });

    it('says what is asked, offers to answer, and makes no link of a screen’s words', async () => {
      const { stand, workbench } = place();
      stand.setWorld(waitingFor(asking('f-1', 'make deploy'), 'told-1'));
      await told().waitFor();
      assert.match(await told().innerText(), /make deploy/);
      assert.equal(await told().locator('.notification-list-item-message a').count(), 0);
      assert.deepEqual(await told().locator('.monaco-button').allInnerTexts(), ['Approve…', 'Deny…', 'Show']);
      await workbench.screenshot(join(screenshots, 'approval-notification.png'));
    });

    it('approves with the option that was chosen below the words of the dialog', async () => {
      const { stand, workbench } = place();
      stand.setWorld(waitingFor(asking('f-2', 'make deploy'), 'told-2'));
      await told().getByRole('button', { name: 'Approve…' }).click();
      await eventually(async () => assertIncludes(await workbench.quickPicks(), '$ make deploy'));
      await workbench.screenshot(join(screenshots, 'approval-pick.png'));
      // Enter where the focus is at first: on the question, which answers nothing.
      await workbench.page.keyboard.press('Enter');
      await workbench.pick('2. Yes, and');
      await eventually(() =>
        assert.deepEqual(stand.calls(), [{ name: 'approve', input: { name: session, option: 2, expect: 'f-2' } }]),
      );
    });

    it('denies after a second word', async () => {
      const { stand, workbench } = place();
      stand.setWorld(waitingFor(asking('f-3', 'make deploy'), 'told-3'));
      await told().getByRole('button', { name: 'Deny…' }).click();
      await eventually(async () => assertIncludes(await workbench.quickPicks(), '$ make deploy'));
      assert.deepEqual(stand.calls(), []);
      await workbench.pick('Deny');
      await eventually(() =>
        assert.deepEqual(stand.calls(), [{ name: 'deny', input: { name: session, expect: 'f-3' } }]),
      );
    });

    it('shows the dialog of now when it has changed since, says so, and answers that one', async () => {
      const { stand, workbench } = place();
      stand.setWorld(waitingFor(asking('f-4', 'make deploy'), 'told-4'));
      await told().waitFor();
      stand.setWorld(waitingFor(asking('f-5', 'make clean'), 'told-4'));
      await workbench.row('Sessions', session).waitFor();
      await told().getByRole('button', { name: 'Approve…' }).click();
      await eventually(async () => assertIncludes(await workbench.quickPicks(), '$ make clean'));
      assert.match((await workbench.quickInput().getAttribute('placeholder')) ?? '', /something else by now/);
      await workbench.pick('1. Yes, proceed');
      await eventually(() =>
        assert.deepEqual(stand.calls(), [{ name: 'approve', input: { name: session, option: 1, expect: 'f-5' } }]),
      );
    });

    it('answers nothing when the dialog changes or goes while it is read', async () => {
      const { stand, workbench } = place();
      for (const [at, next] of [asking('f-7', 'rm -rf build'), null].entries()) {
        stand.setWorld(waitingFor(asking('f-6', 'make deploy'), `told-6-${at}`));
        await workbench.command('Conveyor: Approve What a Session Asks…');
        await title().filter({ hasText: 'approval of a command' }).waitFor();
        await rows().first().waitFor();
        stand.setWorld(waitingFor(next, `told-6-${at}`));
        await title().waitFor({ state: 'hidden' });
        await workbench.notification('nothing was answered').first().waitFor();
      }
      assert.deepEqual(stand.calls(), []);
    });

    it('opens the terminal instead, and says when nothing is asked any more', async () => {
      const { stand, workbench } = place();
      stand.setWorld(waitingFor(asking('f-8', 'make deploy'), 'told-8'));
      await told().waitFor();
      stand.setWorld({ snapshot: waitingFor(null, '').snapshot });
      await eventually(async () => assertIncludes(await workbench.rows('Sessions'), 'busy'));
      await told().getByRole('button', { name: 'Deny…' }).click();
      await workbench.notification('asks nothing on its screen').waitFor();
      assert.deepEqual(stand.calls(), []);
    });
  });
}
