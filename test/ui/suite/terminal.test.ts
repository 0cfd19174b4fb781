import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { aSession, aSnapshot, aTask } from '../../host/builders.ts';
import { assertIncludes, eventually, screenshots, type Stand } from '../stand.ts';
import type { Workbench } from '../workbench.ts';

export function describeTerminal(place: () => { stand: Stand; workbench: Workbench }): void {
  describe('a session terminal', () => {
    let scratch = '';
    let socketPath = '';
    const tmux = (...args: string[]) => execFileSync('tmux', ['-S', socketPath, ...args], { encoding: 'utf8' });

    before(() => {
      scratch = mkdtempSync(join(tmpdir(), 'conveyor-ui-tmux-'));
      socketPath = join(scratch, 'socket');
      tmux('-f', '/dev/null', 'new-session', '-d', '-s', 'codex-w', 'PS1="worker$ " sh');
    });

    after(() => {
      tmux('kill-server');
      rmSync(scratch, { recursive: true, force: true });
    });

    it('attaches to the live session: what is typed arrives, what it shows is seen', async () => {
      const { stand, workbench } = place();
      stand.setWorld({
        snapshot: aSnapshot({
          tmuxPath: execFileSync('which', ['tmux'], { encoding: 'utf8' }).trim(),
          tasks: [aTask({ worker: 'w', manager: null })],
          sessions: [
            aSession({ name: 'w', terminal: { session: 'codex-w', target: '=codex-w:', paneId: null, socketPath } }),
          ],
        }),
      });
      await workbench.openConveyor();
      await eventually(async () => assertIncludes(await workbench.rows('Sessions'), 'w'));
      await workbench.command('Conveyor: Open Worker Terminal');
      await eventually(() => assert.match(tmux('list-clients'), /codex-w/));
      await workbench.page.locator('.terminal-wrapper.active, .xterm').first().click();
      await workbench.page.keyboard.type('echo typed-in-vscode');
      await workbench.page.keyboard.press('Enter');
      await eventually(() => assert.match(tmux('capture-pane', '-p', '-t', '=codex-w:'), /^typed-in-vscode$/m));
      await workbench.screenshot(join(screenshots, 'terminal.png'));
      await workbench.command('View: Close All Editors');
      await eventually(() => assert.equal(tmux('list-clients'), ''));
      assert.match(tmux('list-sessions'), /codex-w/);
    });
  });
}
