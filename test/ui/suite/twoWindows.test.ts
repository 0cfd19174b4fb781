import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import { assertIncludes, eventually, type Packed, screenshots, Stand } from '../stand.ts';
import type { Workbench } from '../workbench.ts';

/** With the real engine, as it is shipped. */
export function describeTwoWindows(packed: () => Packed): void {
  describe('two windows on one folder', () => {
    let stand: Stand;
    let first: Workbench;
    let second: Workbench;

    const cli = (...args: readonly string[]) =>
      execFileSync(process.execPath, [packed().cli, ...args], {
        cwd: stand.folder,
        env: { ...process.env, WORKERCTL_STATE_ROOT: join(stand.folder, '.codex-workers') },
        encoding: 'utf8',
      });

    before(async () => {
      stand = await Stand.build({ vsix: packed().vsix });
      cli('tasks', '--create', 'shared', '--goal', 'Seen in both windows');
      first = await stand.open();
      await first.openConveyor();
      await eventually(async () => assertIncludes(await first.rows('Tasks'), 'this window'));
    });

    after(() => stand.end());

    it('have one leader, and the other says who it is', async () => {
      second = await stand.open();
      await second.openConveyor();
      await eventually(async () => assertIncludes(await second.rows('Tasks'), 'Dispatchvscode-'));
      await eventually(async () => assert.match(await second.view('Tasks').innerText(), /leads this ledger/));
      assertIncludes(await first.rows('Tasks'), 'this window');
      await second.screenshot(join(screenshots, 'second-window.png'));
    });

    it('both follow what is written, whoever writes', async () => {
      cli(
        'criteria',
        'shared',
        '--add',
        '--criterion',
        'Both see it',
        '--source',
        'user_requested',
        '--status',
        'accepted',
      );
      for (const window of [first, second])
        await eventually(async () => assertIncludes(await window.rows('Criteria'), 'Both see it'));
    });

    it('hand the lead over when the leading one closes', async () => {
      await first.close();
      await eventually(async () => assertIncludes(await second.rows('Tasks'), 'this window'), 60_000);
    });
  });
}
