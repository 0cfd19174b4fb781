import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';

import type { Browser } from 'playwright-core';
import { WebSocket } from 'ws';

import { launchBrowser } from '../ui/browser.ts';
import { type DashboardScene, makeDashboard } from './dashboardScene.ts';
import type { RunningDashboard } from './runningDashboard.ts';

/** What an upgrade needs beside where it goes. */
const upgrade = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

describe('OD-34: whom the dashboard refuses', function suite() {
  this.timeout(60_000);
  let scene: DashboardScene;
  let dashboard: RunningDashboard;

  before(async () => {
    scene = await makeDashboard();
    dashboard = await scene.start('--task', 'login');
  });
  after(() => scene.close());

  const token = () => dashboard.url.searchParams.get('token') ?? '';

  /** The path goes out as it is: a URL would be put in order first. */
  function ask(path: string, headers: Record<string, string> = {}): Promise<{ status: number; body: string }> {
    const { hostname, port } = dashboard.url;
    return new Promise((resolve, reject) => {
      const sent = request({ host: hostname, port, path, headers: { host: dashboard.url.host, ...headers } });
      const answered = (response: IncomingMessage): void => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      };
      sent.on('response', answered);
      sent.on('upgrade', (response, socket) => {
        socket.destroy();
        resolve({ status: response.statusCode ?? 0, body: '' });
      });
      sent.on('error', reject);
      sent.end();
    });
  }

  const statusOf = async (path: string, headers: Record<string, string> = {}) => (await ask(path, headers)).status;

  it('answers who has the address that it printed', async () => {
    const { status, body } = await ask(`/?token=${token()}`);
    assert.equal(status, 200);
    assert.match(body, /conveyor-dashboard/);
    assert.equal(body.includes('login'), false, 'nothing of the ledger is in the page');
    const origin = dashboard.url.origin;
    assert.equal(await statusOf(`/panel?token=${token()}`, { ...upgrade, origin }), 101);
  });

  it('refuses a missing, a wrong and an old token, for pages, files and sockets', async () => {
    const origin = dashboard.url.origin;
    for (const query of ['', '?token=', `?token=${token().slice(1)}`, `?token=${'A'.repeat(43)}`]) {
      for (const path of ['/', '/timeline', '/dashboard.js', '/nothing'])
        assert.equal(await statusOf(path + query), 403);
      for (const path of ['/panel', '/timeline', '/terminal']) {
        assert.equal(await statusOf(path + query, { ...upgrade, origin }), 403);
      }
    }
  });

  it('refuses a name that was bound to this address anew', async () => {
    for (const host of [
      'evil.example',
      `evil.example:${dashboard.url.port}`,
      '127.0.0.1',
      `[::1]:${dashboard.url.port}`,
    ]) {
      assert.equal(await statusOf(`/?token=${token()}`, { host }), 403, host);
      const origin = `http://${host}`;
      assert.equal(await statusOf(`/panel?token=${token()}`, { ...upgrade, host, origin }), 403, host);
    }
  });

  it('refuses an upgrade of another origin, and one that names none', async () => {
    const { port } = dashboard.url;
    for (const origin of [
      'http://evil.example',
      'null',
      `http://127.0.0.1:${Number(port) + 1}`,
      `https://127.0.0.1:${port}`,
    ]) {
      assert.equal(await statusOf(`/terminal?token=${token()}`, { ...upgrade, origin }), 403, origin);
    }
    assert.equal(await statusOf(`/terminal?token=${token()}`, upgrade), 403);
  });

  it('has nothing outside its bundle, whatever the path', async () => {
    for (const path of [
      '/../package.json',
      '/%2e%2e/%2e%2e/etc/passwd',
      '/..%2f..%2fcli.js',
      '/webview/dashboard.js',
      '//etc/passwd',
      '/dashboard.js/',
      '/dashboard.js%00.css',
      '/.codex-workers/workerctl.db',
    ]) {
      const { status, body } = await ask(`${path}?token=${token()}`);
      assert.deepEqual([status, body], [404, 'There is nothing here.\n'], path);
    }
  });

  it('only lets itself be looked at', async () => {
    const { hostname, port } = dashboard.url;
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), hostname, () =>
        socket.write(`POST /?token=${token()} HTTP/1.1\r\nHost: ${dashboard.url.host}\r\nConnection: close\r\n\r\n`),
      );
      let text = '';
      socket.setEncoding('utf8').on('data', (part: string) => (text += part));
      socket.on('close', () => resolve(text));
    });
    assert.match(answer, /^HTTP\/1.1 405 /);
  });

  it('ends a connection whose frame is too large, or that says what it does not understand', async () => {
    const closedWith = (path: string, frame: string | Buffer) =>
      new Promise<number>((resolve, reject) => {
        const socket = new WebSocket(`ws://${dashboard.url.host}/${path}token=${token()}`, {
          origin: dashboard.url.origin,
        });
        socket.on('open', () => socket.send(frame));
        socket.on('close', resolve);
        socket.on('error', (error) => (socket.readyState === WebSocket.CONNECTING ? reject(error) : null));
      });
    const large = Buffer.alloc(64 * 1024 + 1, 'x');
    assert.equal(await closedWith('panel?', large), 1009);
    assert.equal(await closedWith('terminal?session=login-worker&access=takeOver&', large), 1009);
    assert.equal(await closedWith('panel?', 'not json'), 1007);
    assert.equal(await closedWith('timeline?', '[1, 2]'), 1007);
    assert.equal(await closedWith('panel?', Buffer.from('{}')), 1007);
    assert.equal(await statusOf(`/?token=${token()}`), 200, 'and goes on for everybody else');
    assert.deepEqual(scene.worker.messages(), []);
  });

  describe('a page of another origin in a real browser', () => {
    let browser: Browser;
    let evil: ReturnType<typeof createServer>;
    let address: string;

    before(async () => {
      browser = await launchBrowser();
      evil = createServer((_, response) => {
        response.setHeader('content-type', 'text/html');
        response.end('<!doctype html><title>evil</title>');
      });
      await new Promise<void>((done) => evil.listen(0, '127.0.0.1', done));
      const listening = evil.address();
      assert.ok(listening !== null && typeof listening === 'object');
      address = `http://127.0.0.1:${listening.port}/`;
    });
    after(async () => {
      await browser.close();
      evil.close();
    });

    it('can neither read nor frame it nor open its sockets, even with the token', async () => {
      const page = await browser.newPage();
      await page.goto(address);
      const { host, href } = dashboard.url;
      const tried = await page.evaluate(
        async ([where, socketAt]: readonly string[]) => {
          const read = await fetch(where ?? '').then(
            () => 'read',
            () => 'refused',
          );
          const opened = await new Promise((resolve) => {
            const socket = new WebSocket(socketAt ?? '');
            socket.addEventListener('open', () => resolve('open'));
            socket.addEventListener('error', () => resolve('refused'));
          });
          return [read, opened];
        },
        [href, `ws://${host}/terminal?session=login-worker&access=takeOver&token=${token()}`],
      );
      assert.deepEqual(tried, ['refused', 'refused']);
      await page.setContent(`<iframe src="${href}"></iframe>`);
      const frame = page.frames()[1];
      assert.ok(frame !== undefined);
      await frame.waitForLoadState();
      assert.equal(await frame.locator('conveyor-dashboard').count(), 0);
      await page.close();
    });
  });
});
