import assert from 'node:assert/strict';

import { assertIncludes, eventually, type Stand } from '../stand.ts';
import { pairAtWork } from '../story.ts';
import type { Workbench } from '../workbench.ts';

export function describePalette(place: () => { stand: Stand; workbench: Workbench }): void {
  describe('the command palette', () => {
    before(async () => {
      const { stand, workbench } = place();
      stand.setWorld(pairAtWork());
      await workbench.openConveyor();
      await eventually(async () => assertIncludes(await workbench.rows('Tasks'), 'login-flake'));
    });

    beforeEach(() => place().stand.forgetCalls());

    it('nudges the session that was picked with the words that were typed', async () => {
      const { stand, workbench } = place();
      await workbench.command('Conveyor: Nudge Session…');
      await eventually(async () => assertIncludes(await workbench.quickPicks(), 'login-flake-manager'));
      await workbench.pick('login-flake-manager');
      await workbench.type('Look at the second run, too');
      await eventually(() =>
        assert.deepEqual(stand.calls(), [
          { name: 'session-nudge', input: { name: 'login-flake-manager', text: 'Look at the second run, too' } },
        ]),
      );
    });

    it('does not accept an empty message', async () => {
      const { stand, workbench } = place();
      await workbench.command('Conveyor: Nudge Session…');
      await workbench.pick('login-flake-manager');
      await workbench.page.locator('.quick-input-widget', { hasText: 'Nudge login-flake-manager' }).waitFor();
      await workbench.page.keyboard.press('Enter');
      await workbench.page.locator('.quick-input-message', { hasText: 'can’t be empty' }).waitFor();
      await workbench.page.keyboard.press('Escape');
      assert.deepEqual(stand.calls(), []);
    });

    it('shows what stands against finishing before it finishes', async () => {
      const { stand, workbench } = place();
      stand.setWorld({
        ...pairAtWork(),
        blockers: [{ kind: 'worker_busy', message: 'The worker is in the middle of a turn.', refuses: false }],
      });
      await workbench.command('Conveyor: Finish Task…');
      const picks = await eventually(async () => {
        const found = await workbench.quickPicks();
        assertIncludes(found, 'The worker is in the middle of a turn.');
        return found;
      });
      assertIncludes(picks, 'Finish and stop worker and manager');
      await workbench.pick('Finish and stop worker and manager');
      await eventually(() =>
        assert.deepEqual(stand.calls(), [
          {
            name: 'finish-task',
            input: { task: 'login-flake', reason: 'Finished from VS Code.', stopWorker: true, stopManager: true },
          },
        ]),
      );
    });

    it('offers no way to finish while something refuses', async () => {
      const { stand, workbench } = place();
      stand.setWorld({ ...pairAtWork(), blockers: [{ kind: 'open_criteria', message: '#2 is open.', refuses: true }] });
      await workbench.command('Conveyor: Finish Task…');
      const picks = await eventually(async () => {
        const found = await workbench.quickPicks();
        assertIncludes(found, '#2 is open.');
        return found;
      });
      assert.ok(!picks.some((pick) => pick.includes('Finish and stop')), picks.join('\n'));
      await workbench.page.keyboard.press('Escape');
      assert.deepEqual(stand.calls(), []);
    });

    it('adds a criterion to the task that is looked at', async () => {
      const { stand, workbench } = place();
      await workbench.command('Conveyor: Add Criterion…');
      await workbench.type('The changelog says so');
      await eventually(() => assert.equal(stand.calls().length, 1));
      assert.match(JSON.stringify(stand.calls()), /"criterion":"The changelog says so"/);
    });

    it('starts a pair in three steps and passes on what was typed', async () => {
      const { stand, workbench } = place();
      await workbench.command('Conveyor: Start Supervised Pair…');
      await workbench.type('Make the flaky login test pass');
      await eventually(async () => assert.equal(await workbench.quickInput().inputValue(), 'make-the-flaky'));
      await workbench.type('login');
      await workbench.page.locator('.quick-input-widget', { hasText: '3/3' }).waitFor();
      await workbench.page.keyboard.press('Enter');
      await eventually(() =>
        assert.deepEqual(stand.calls(), [
          {
            name: 'pair',
            input: {
              task: 'login',
              goal: 'Make the flaky login test pass',
              worker: 'login-worker',
              manager: 'login-manager',
              prompt: 'Make the flaky login test pass',
              cwd: stand.folder,
            },
          },
        ]),
      );
    });
  });
}
