import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import axe from 'axe-core';
import type { Browser, Frame, Page } from 'playwright-core';
import { WebSocket } from 'ws';

import { recordEvent } from '../../src/core/ledger/auditStore.ts';
import { requireTask } from '../../src/core/ledger/taskStore.ts';
import { systemHostFacts } from '../../src/core/ports/hostFacts.ts';
import { until } from '../tmux/tmuxServer.ts';
import { launchBrowser } from '../ui/browser.ts';
import { type DashboardScene, makeDashboard } from './dashboardScene.ts';
import type { RunningDashboard } from './runningDashboard.ts';

const pictures = join(import.meta.dirname, '../../artifacts/screenshots');

describe('the dashboard in a browser', function suite() {
  this.timeout(90_000);
  let scene: DashboardScene;
  let browser: Browser;
  let dashboard: RunningDashboard;
  let page: Page;
  /** What the page complained of: scripts that failed, and what its policy refused. */
  const complaints: string[] = [];

  before(async () => {
    mkdirSync(pictures, { recursive: true });
    scene = await makeDashboard();
    browser = await launchBrowser();
    dashboard = await scene.start('--task', 'login', '--ensure-dispatch', '--dispatcher-id', 'qa');
    page = await open(dashboard);
  });
  after(async () => {
    await browser.close();
    await scene.close();
  });

  async function open(at: RunningDashboard, colorScheme: 'dark' | 'light' = 'dark'): Promise<Page> {
    const opened = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme });
    opened.setDefaultTimeout(20_000);
    opened.on('pageerror', (error) => complaints.push(error.message));
    opened.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    await opened.goto(at.url.href);
    await opened.locator('.banner').waitFor();
    return opened;
  }

  async function timelineOf(of: Page): Promise<Frame> {
    const handle = await of.locator('iframe.timeline').elementHandle();
    const frame = await handle?.contentFrame();
    assert.ok(frame !== null && frame !== undefined);
    return frame;
  }

  const screenOf = (of: Page, session: string) =>
    of.getByRole('article', { name: `Terminal of ${session}` }).locator('.xterm-rows');
  const session = (name: string) => page.locator('.rail .session', { hasText: name });
  const receipt = (text: string) => page.locator('.receipt', { hasText: text }).first();
  const clients = () =>
    scene.server
      .raw('list-clients', '-F', '#{session_name} #{client_readonly} #{client_pid}')
      .trim()
      .split('\n')
      .filter(Boolean);
  const rows = (sql: string) => scene.context.ledger.all(sql);

  it('tells who dispatches, since when, how far, and that it is no rehearsal', async () => {
    await page.getByText('Dispatch active').waitFor();
    const banner = page.getByRole('region', { name: 'Dispatch' });
    await until('the heartbeat is on record', async () =>
      /Iteration\s*\d+\s*Processed\s*\d+/.test(await banner.innerText()),
    );
    const told = await banner.innerText();
    assert.match(told, /Dispatcher\s*qa/);
    assert.match(told, /Heartbeat\s*(now|\d+ s ago)/);
    assert.match(told, /Mode\s*live/);
  });

  it('says so when nobody dispatches', async () => {
    const other = await makeDashboard();
    const alone = await open(await other.start());
    await alone.getByText('Dispatch not observed').waitFor();
    // Without a task in the address, it is about one that there is.
    await alone.getByRole('combobox', { name: 'Task' }).waitFor();
    await until('it is about a task', async () => (await alone.locator('iframe.timeline').count()) === 1);
    await alone.close();
    await other.close();
  });

  it('shows the same timeline that VS Code shows', async () => {
    const frame = await timelineOf(page);
    await frame.locator('.row', { hasText: 'binding created' }).waitFor();
    assert.equal(await frame.getByRole('heading', { name: 'login' }).count(), 1);
  });

  it('OD-36: shows the newest entries, and those that come later', async () => {
    const { ledger, clock } = scene.context;
    const task = requireTask(ledger, 'login');
    const write = (note: string) =>
      ledger.write(() => recordEvent(ledger, { type: `note_${note}`, taskId: task.id, payload: {} }, clock.now()));
    for (let number = 0; number < 60; number += 1) write(String(number));
    const frame = await timelineOf(page);
    await frame.locator('.row', { hasText: 'note 59' }).waitFor();
    write('after');
    await frame.locator('.row', { hasText: 'note after' }).waitFor();
  });

  it('OD-35: is told what changed, and asks for nothing again', async () => {
    let asked = 0;
    const watched = await browser.newPage();
    watched.on('websocket', (socket) => socket.on('framesent', () => (asked += 1)));
    await watched.goto(dashboard.url.href);
    await (await timelineOf(watched)).locator('.row', { hasText: 'note after' }).waitFor();
    const before = asked;
    const { ledger, clock } = scene.context;
    for (const note of ['one', 'two', 'three']) {
      const task = requireTask(ledger, 'login');
      ledger.write(() => recordEvent(ledger, { type: `pushed_${note}`, taskId: task.id, payload: {} }, clock.now()));
      await (await timelineOf(watched)).locator('.row', { hasText: `pushed ${note}` }).waitFor();
    }
    assert.equal(asked, before);
    await watched.close();
  });

  it('sends a nudge through the same delivery as the command line, and keeps a receipt', async () => {
    await session('login-worker').getByRole('button', { name: 'Nudge…' }).click();
    await page.getByLabel('Message').fill('please run the tests again');
    await page.getByRole('button', { name: 'Send' }).click();
    await receipt('The message reached login-worker.').waitFor({ state: 'attached' });
    assert.deepEqual(scene.worker.messages(), ['please run the tests again']);
    const [command] = rows("SELECT state FROM commands WHERE type = 'session_nudge'");
    assert.deepEqual(command, { state: 'succeeded' });
  });

  it('runs a cycle as a person does: the mail of the manager stays unread', async () => {
    scene.completeTurn('turn-1');
    await until(
      'its manager is told',
      () => rows("SELECT id FROM routed_notifications WHERE state = 'delivered'").length === 1,
    );
    await page.locator('.numbers', { hasText: '1 pending' }).waitFor();
    await page.getByRole('button', { name: 'Run cycle' }).click();
    await receipt('cycle').and(page.locator('.done')).waitFor();
    await page.locator('.pairs', { hasText: '#1 succeeded, saw the worker idle' }).waitFor();
    assert.deepEqual(rows('SELECT consumed_at FROM routed_notifications'), [{ consumed_at: null }]);
    assert.equal(rows('SELECT id FROM manager_cycles').length, 1);
  });

  it('lays out each chain: what was sent, told and read', async () => {
    const chain = page.locator('.chain', { hasText: 'worker task complete' });
    await chain.locator('summary').click();
    await chain.getByText('Told login-manager').waitFor();
    assert.match(await chain.innerText(), /event #\d+ · 1 notification/);
    await chain.locator('summary').click();
  });

  it('exports, and says where to', async () => {
    await page.getByRole('button', { name: 'Export' }).click();
    await receipt('The papers of login are in').waitFor({ state: 'attached' });
    assert.equal(rows("SELECT id FROM events WHERE type = 'task_exported'").length, 1);
  });

  it('shows a refusal as what it is', async () => {
    scene.server.raw('send-keys', '-t', scene.manager.pane.paneId, '-l', 'half a thought');
    await session('login-manager').getByRole('button', { name: 'Nudge…' }).click();
    await page.getByLabel('Message').fill('look at the worker');
    await page.getByRole('button', { name: 'Send' }).click();
    const told = page.locator('.told.refused');
    await told.waitFor();
    assert.match(await told.innerText(), /login-manager.*text/);
    await told.getByRole('button', { name: 'Dismiss' }).click();
    assert.equal(scene.manager.messages().includes('look at the worker'), false);
    scene.server.raw('send-keys', '-t', scene.manager.pane.paneId, 'C-u');
  });

  it('creates a task and goes to it, and back', async () => {
    await page.getByRole('button', { name: 'New task…' }).click();
    await page.getByLabel('Name').fill('second');
    await page.getByLabel('Goal').fill('Something else');
    await page.getByRole('button', { name: 'Create task' }).click();
    await until(
      'it is shown',
      async () => (await page.locator('iframe.timeline').getAttribute('title')) === 'Timeline of second',
    );
    assert.equal(new URL(page.url()).searchParams.get('task'), 'second');
    await page.goBack();
    await until(
      'the first is back',
      async () => (await page.locator('iframe.timeline').getAttribute('title')) === 'Timeline of login',
    );
  });

  it('asks before it finishes, with what stands against it', async () => {
    await page.getByRole('button', { name: 'Finish…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Finish login?' });
    await dialog.waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'detached' });
    assert.deepEqual(rows("SELECT state FROM tasks WHERE name = 'login'"), [{ state: 'candidate' }]);
  });

  it('watches a session without a key of its own, in the browser and below it', async () => {
    await session('login-worker').getByRole('button', { name: 'Watch' }).click();
    await until('its screen is there', async () =>
      /Ask Codex to do anything/.test(await screenOf(page, 'login-worker').innerText()),
    );
    assert.match(clients()[0] ?? '', /^login-worker 1 /);
    await page.locator('.xterm-screen').click();
    await page.keyboard.type('rm -rf /');
    await page.keyboard.press('Enter');
    // Whatever a page sends: who watches has no keys.
    const socket = terminalSocket('login-worker', 'watch');
    await new Promise((done) => socket.once('message', done));
    socket.send(Buffer.from('typed by force\r'));
    socket.send('typed as text\r');
    socket.send(JSON.stringify({ type: 'resize', cols: 90, rows: 20 }));
    await until(
      'all before it was read',
      () =>
        clients().some((client) => client.startsWith('login-worker 1')) &&
        scene.server.raw('list-clients', '-F', '#{client_width}').includes('90'),
    );
    assert.match(await scene.server.ports.tmux.capture(scene.worker.pane.paneId), /› Ask Codex to do anything/);
    assert.deepEqual(scene.worker.messages(), ['please run the tests again']);
    socket.close();
    await until('it is detached', () => clients().length === 1);
  });

  it('takes a session over when asked to, and types nothing that is no key', async () => {
    const pane = page.getByRole('article', { name: 'Terminal of login-worker' });
    await pane.getByRole('button', { name: 'Take over' }).click();
    await until('it may type', () => clients().some((client) => client.startsWith('login-worker 0 ')));
    await until('its screen is there', async () => /Ask Codex/.test(await screenOf(page, 'login-worker').innerText()));
    await page.locator('.xterm-screen').click();
    await page.keyboard.type('by hand');
    await until('it shows', async () => /› by hand/.test(await screenOf(page, 'login-worker').innerText()));
    await page.keyboard.press('Enter');
    await until('it arrived', () => scene.worker.messages().includes('by hand'));
    const socket = terminalSocket('login-worker', 'takeOver');
    await new Promise((done) => socket.once('message', done));
    socket.send('{"marker":"dashboard-terminal-control","type":"resize","cols":1,"rows":"x"}');
    socket.send(Buffer.from('marker'));
    await until('the key came', async () =>
      /› marker/.test(await scene.server.ports.tmux.capture(scene.worker.pane.paneId)),
    );
    assert.match(await scene.server.ports.tmux.capture(scene.worker.pane.paneId), /› marker\n/);
    socket.send(Buffer.from('\u0015'));
    socket.close();
  });

  it('attaches to sessions of the ledger only, and as they were confirmed', async () => {
    const refused = async (name: string) => {
      const socket = terminalSocket(name, 'takeOver');
      const said = new Promise<string>((resolve) => socket.once('message', (data) => resolve(String(data))));
      const closed = new Promise((done) => socket.once('close', done));
      const text = await said;
      await closed;
      return text;
    };
    assert.match(await refused('keeper'), /"type":"refused".*no session|"type":"refused"/);
    assert.match(await refused('$(touch x)'), /"type":"refused"/);
    const { ledger } = scene.context;
    ledger.write(() => ledger.run("UPDATE sessions SET tmux_session = 'keeper' WHERE name = 'login-manager'"));
    assert.match(await refused('login-manager'), /confirm/);
    ledger.write(() => ledger.run("UPDATE sessions SET tmux_session = 'login-manager' WHERE name = 'login-manager'"));
    assert.equal(
      clients().some((client) => client.startsWith('keeper')),
      false,
    );
  });

  it('OD-29: a second one on the same port is refused, and the terminals of the first go on', async () => {
    const before = clients();
    assert.equal(before.length, 1);
    await assert.rejects(
      scene.start('--port', dashboard.url.port),
      /ended with 1: conveyor: port \d+ of 127\.0\.0\.1 is in use, perhaps by another dashboard, which goes on as it is; take another with --port\n$/,
    );
    const second = await scene.start();
    await second.stop();
    assert.deepEqual(clients(), before);
    assert.equal(scene.server.raw('list-sessions', '-F', '#{session_name}').trim().split('\n').length, 3);
  });

  it('shows colours as they were meant, and breaks its own policy nowhere', async () => {
    const painter = await scene.paint('painted', '200;100;50');
    await page.getByText('1 on other tasks or on none').click();
    await session(painter).getByRole('button', { name: 'Watch' }).click();
    const painted = screenOf(page, painter).getByText('painted');
    await painted.waitFor();
    const colour = await painted.evaluate(
      (element) => element.ownerDocument.defaultView?.getComputedStyle(element).color,
    );
    // tmux takes the nearest of 256, and that is made readable on this background: in a style of its own.
    assert.match(String(colour), /^rgb\((?!204, 204, 204)/);
    await page.getByRole('button', { name: `Detach from ${painter}` }).click();
    assert.deepEqual(complaints, []);
  });

  for (const scheme of ['dark', 'light'] as const) {
    it(`has no accessibility violation: ${scheme}`, async () => {
      await page.emulateMedia({ colorScheme: scheme });
      await page.locator('.receipt summary').first().click();
      assert.deepEqual(await violations(page.mainFrame()), []);
      assert.deepEqual(await violations(await timelineOf(page)), []);
      await page.screenshot({ path: join(pictures, `dashboard-${scheme}.png`) });
      await page.getByRole('button', { name: 'Start pair…' }).click();
      assert.deepEqual(await violations(page.mainFrame()), []);
      await page.screenshot({ path: join(pictures, `dashboard-pair-${scheme}.png`) });
      await page.keyboard.press('Escape');
      await page.locator('dialog').waitFor({ state: 'detached' });
    });
  }

  it('detaches with the page, by the client alone: the session goes on', async () => {
    const [client = ''] = clients();
    const pid = Number(client.split(' ')[2]);
    assert.equal(systemHostFacts.isAlive(pid), true);
    await page.close();
    await until('the client is gone', () => clients().length === 0 && !systemHostFacts.isAlive(pid));
    assert.equal(await scene.server.ports.tmux.hasSession('login-worker'), true);
  });

  it('ends the dispatcher that it started, when it is told to end twice at once', async () => {
    const leader = () => rows("SELECT pid FROM panel_leases WHERE name = 'leadership' AND holder = 'qa'")[0];
    const pid = Number(Object.values(leader() ?? {})[0]);
    assert.equal(systemHostFacts.isAlive(pid), true);
    dashboard.process.kill('SIGTERM');
    dashboard.process.kill('SIGTERM');
    assert.equal(await dashboard.ended, 0);
    assert.equal(systemHostFacts.isAlive(pid), false);
    assert.equal(dashboard.stderr(), '');
  });

  it('ends when who started it is killed', async () => {
    const orphan = await scene.start('--task', 'login');
    const [server = 0] = systemHostFacts.children(orphan.process.pid ?? 0);
    assert.equal(systemHostFacts.isAlive(server), true);
    orphan.process.kill('SIGKILL');
    await until('the server is gone', () => !systemHostFacts.isAlive(server));
  });

  function terminalSocket(name: string, access: string): WebSocket {
    const token = dashboard.url.searchParams.get('token') ?? '';
    const query = new URLSearchParams({ session: name, access, cols: '100', rows: '30', token });
    return new WebSocket(`ws://${dashboard.url.host}/terminal?${query}`, { origin: dashboard.url.origin });
  }
});

/** What a program draws in its terminal is its own business. The driver's own channel is not bound by the page's policy. */
async function violations(frame: Frame): Promise<unknown> {
  return frame.evaluate(`${axe.source}; axe.run({ exclude: ['.xterm-rows'] }, { iframes: false }).then(({ violations }) =>
    violations.map(({ id, nodes }) => id + ': ' + nodes.map((node) => node.html + ' ' + (node.any[0]?.message ?? '')).slice(0, 3).join(' | ')))`);
}
