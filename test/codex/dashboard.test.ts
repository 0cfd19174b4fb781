import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { say } from '../demo/scriptedModel.ts';
import { until } from '../tmux/tmuxServer.ts';
import { launchBrowser } from '../ui/browser.ts';
import { setUpSupervised, type SupervisedCodex } from './supervisedCodex.ts';

describe('the dashboard with a real Codex', function () {
  this.timeout(180_000);
  let world: SupervisedCodex;
  let browser: Browser;
  let page: Page;

  before(async () => {
    world = await setUpSupervised((request) => say(`heard: ${request.lastUserText}`));
    browser = await launchBrowser();
    const { url } = await world.dashboard('--ensure-dispatch', '--dispatcher-id', 'page');
    page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    page.setDefaultTimeout(90_000);
    await page.goto(url.href);
    await page.getByText('Dispatch active').waitFor();
  });
  after(async () => {
    await browser.close();
    await world.close();
  });

  const receipt = (text: string) => page.locator('.receipt', { hasText: text }).first();
  const screenOf = (session: string) =>
    page.getByRole('article', { name: `Terminal of ${session}` }).locator('.xterm-rows');
  const composerShows = (session: string) =>
    until(
      `the screen of ${session} is on the page`,
      async () => /Ask Codex to do anything/.test(await screenOf(session).innerText()),
      60,
    );
  const rolloutOf = (name: string): string | null => {
    const [row] = world.rows(`SELECT codex_session_path AS path FROM sessions WHERE name = '${name}'`);
    return typeof row?.path === 'string' ? row.path : null;
  };
  const said = (name: string, text: string): boolean => {
    const rollout = rolloutOf(name);
    return rollout !== null && world.lines(rollout).some(({ payload }) => JSON.stringify(payload).includes(text));
  };
  const wasTold = (manager: string, worker: string): boolean =>
    said(manager, `Worker \\"${worker}\\" has completed a turn`);
  const bindings = (task: string) =>
    world.rows(`SELECT w.name AS worker, m.name AS manager, b.state AS state FROM bindings b
      JOIN tasks t ON t.id = b.task_id JOIN sessions w ON w.id = b.worker_session_id
      JOIN sessions m ON m.id = b.manager_session_id WHERE t.name = '${task}'`);

  it('starts a pair, binds it, and has both terminals on the page', async () => {
    await page.getByRole('button', { name: 'Start pair…' }).click();
    await page.getByLabel('Task', { exact: true }).last().fill('garden');
    await page.getByLabel('What the worker is to do').fill('plant a tree');
    await page.getByLabel('Worker', { exact: true }).fill('garden-worker');
    await page.getByLabel('Manager', { exact: true }).fill('garden-manager');
    await page.getByRole('button', { name: 'Start pair', exact: true }).click();
    await receipt('garden-worker and garden-manager work on garden.').waitFor({ state: 'attached' });
    assert.deepEqual(bindings('garden'), [{ worker: 'garden-worker', manager: 'garden-manager', state: 'active' }]);
    await until('the worker has its order', () => said('garden-worker', 'plant a tree'), 60);
    for (const name of ['garden-worker', 'garden-manager']) await composerShows(name);
    // Whoever dispatches for the page tells the manager that the worker's turn has ended.
    await until('the manager is told', () => wasTold('garden-manager', 'garden-worker'), 60);
  });

  it('registers two that run already, shows them, and binds them to a task', async () => {
    await world.real.start('loner');
    await world.real.start('boss');
    await page.getByRole('button', { name: 'New task…' }).click();
    await page.getByLabel('Name').fill('orchard');
    await page.getByLabel('Goal').fill('Apples');
    await page.getByRole('button', { name: 'Create task' }).click();
    await receipt('The task orchard is there.').waitFor({ state: 'attached' });
    for (const [codex, role, name] of [
      ['loner', 'worker', 'orchard-worker'],
      ['boss', 'manager', 'orchard-manager'],
    ] as const) {
      await page.getByRole('button', { name: 'Attach…' }).click();
      const dialog = page.getByRole('dialog', { name: 'Attach a running Codex' });
      const option = dialog.locator('select[name=codex] option', { hasText: `${codex} in` });
      await option.waitFor({ state: 'attached' });
      await dialog.getByLabel('Codex').selectOption({ label: await option.innerText() });
      await dialog.getByLabel('Role').selectOption(role);
      await dialog.getByLabel('Name').fill(name);
      await dialog.getByRole('button', { name: 'Register and watch' }).click();
      await receipt(`${name} is registered.`).waitFor({ state: 'attached' });
      await composerShows(name);
    }
    await page.getByRole('button', { name: 'Bind…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Bind a worker and a manager' });
    await dialog.getByLabel('Task').selectOption('orchard');
    await dialog.getByLabel('Worker').selectOption('orchard-worker');
    await dialog.getByLabel('Manager').selectOption('orchard-manager');
    await dialog.getByRole('button', { name: 'Bind', exact: true }).click();
    await receipt('orchard-worker and orchard-manager are bound to orchard.').waitFor({ state: 'attached' });
    assert.deepEqual(bindings('orchard'), [{ worker: 'orchard-worker', manager: 'orchard-manager', state: 'active' }]);
    // Neither had been spoken to: its thread was found by what its process holds, its rollout comes with the first word.
    const worker = page.locator('.rail .session', { hasText: 'orchard-worker' });
    await worker.getByRole('button', { name: 'Nudge…' }).click();
    await page.getByLabel('Message').fill('pick the apples');
    await page.getByRole('button', { name: 'Send' }).click();
    await receipt('The message reached orchard-worker.').waitFor({ state: 'attached' });
    await until('the worker has heard it', () => said('orchard-worker', 'pick the apples'), 60);
    await until('its manager is told', () => wasTold('orchard-manager', 'orchard-worker'), 60);
  });
});
