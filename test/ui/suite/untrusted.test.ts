import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { aSnapshot, aTask } from '../../host/builders.ts';
import { assertIncludes, eventually, screenshots, Stand } from '../stand.ts';
import type { Workbench } from '../workbench.ts';

export function describeUntrusted(vsix: () => string): void {
  describe('a folder nobody trusts', () => {
    let stand: Stand;
    let workbench: Workbench;

    before(async () => {
      stand = await Stand.build({ vsix: vsix(), trusted: false });
      workbench = await stand.open();
    });

    after(() => stand.end());

    it('is looked at without starting anything, until it is trusted', async () => {
      const { page } = workbench;
      await page.locator('.statusbar-item', { hasText: 'Restricted Mode' }).waitFor();
      await workbench.openConveyor();
      const welcome = workbench.view('Tasks').locator('.welcome-view-content');
      await eventually(async () => assert.match(await welcome.innerText(), /starts nothing and sends nothing here/));
      assert.deepEqual(await welcome.locator('.monaco-button').allInnerTexts(), ['Manage Workspace Trust']);
      await workbench.screenshot(join(screenshots, 'welcome-untrusted.png'));
      assert.ok(!existsSync(join(stand.folder, '.codex-workers')));

      await workbench.command('Conveyor: Start Supervised Pair…');
      await workbench.notification('This folder is not trusted').waitFor();

      stand.setWorld({ snapshot: aSnapshot({ tasks: [aTask()] }) });
      await welcome.getByRole('button', { name: 'Manage Workspace Trust' }).click();
      await page
        .locator('.workspace-trust-buttons-row, .workspace-trust-editor')
        .getByRole('button', { name: /^Trust/ })
        .first()
        .click();
      await workbench.openConveyor();
      await eventually(async () => assertIncludes(await workbench.rows('Tasks'), 'login-flake'));
    });
  });
}
