import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { WebSocket, WebSocketServer } from 'ws';

import { refuse } from '../../../src/core/domain/errors.ts';
import type { OpenPty, Pty } from '../../../src/dashboard/pty.ts';
import { type Attachment, serveTerminal, type TerminalOrder } from '../../../src/dashboard/terminalSocket.ts';

/** A program that does what the test says, and remembers what was done to it. */
class FakePty implements Pty {
  readonly pid = 4242;
  readonly done: string[] = [];
  say: (data: Uint8Array) => void = () => {};
  exit: () => void = () => {};
  onData(listener: (data: Uint8Array) => void): void {
    this.say = listener;
  }
  onExit(listener: () => void): void {
    this.exit = listener;
  }
  write(data: Uint8Array): void {
    this.done.push(`typed ${Buffer.from(data).toString()}`);
  }
  resize(cols: number, rows: number): void {
    this.done.push(`size ${cols}x${rows}`);
  }
  pause(): void {
    this.done.push('paused');
  }
  resume(): void {
    this.done.push('resumed');
  }
  end(): void {
    this.done.push('ended');
  }
}

const program: Attachment = { kind: 'program', program: { file: 'tmux', argv: ['attach'], environment: {} } };

describe('one terminal of the dashboard', () => {
  let server: WebSocketServer;
  let pty: FakePty;
  const clients: WebSocket[] = [];

  beforeEach(async () => {
    pty = new FakePty();
    server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(server, 'listening');
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.terminate();
    await new Promise((closed) => server.close(closed));
  });

  /** The page's end, and the first thing that it is told. */
  async function attach(
    access: TerminalOrder['access'],
    { attachment = program, open = async () => pty }: { attachment?: Attachment; open?: OpenPty } = {},
  ): Promise<{ page: WebSocket; told: unknown }> {
    server.once('connection', (socket) => {
      void serveTerminal(socket, { access, cols: 80, rows: 24 }, { attachment, open });
    });
    const { port } = server.address() as AddressInfo;
    const page = new WebSocket(`ws://127.0.0.1:${port}`);
    clients.push(page);
    const [data] = await once(page, 'message');
    return { page, told: JSON.parse(String(data)) };
  }

  async function until(condition: () => boolean): Promise<void> {
    const deadline = Date.now() + 10_000;
    while (!condition()) {
      assert.ok(Date.now() < deadline, pty.done.join('\n'));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  it('passes on keys of who took it over, and a size', async () => {
    const { page, told } = await attach('takeOver');
    assert.deepEqual(told, { type: 'attached', message: '' });
    page.send(Buffer.from('ls\r'));
    page.send(JSON.stringify({ type: 'resize', cols: 100, rows: 30 }));
    await until(() => pty.done.length === 2);
    assert.deepEqual(pty.done, ['typed ls\r', 'size 100x30']);
  });

  it('passes on no key of who watches', async () => {
    const { page } = await attach('watch');
    page.send(Buffer.from('ls\r'));
    page.send(JSON.stringify({ type: 'resize', cols: 100, rows: 30 }));
    await until(() => pty.done.length > 0);
    assert.deepEqual(pty.done, ['size 100x30']);
  });

  it('never types what was meant as a size and is none', async () => {
    const { page } = await attach('takeOver');
    for (const text of [
      'rm -rf /\r',
      '{"type":"resize","cols":1,"rows":1}',
      '{"type":"resize","cols":"80","rows":24}',
      '[]',
    ])
      page.send(text);
    page.send(Buffer.from('x'));
    await until(() => pty.done.length > 0);
    assert.deepEqual(pty.done, ['typed x']);
  });

  it('ends the program with the page', async () => {
    const { page } = await attach('watch');
    page.terminate();
    await until(() => pty.done.includes('ended'));
  });

  it('says that the program has ended, and ends with it', async () => {
    const { page } = await attach('watch');
    const said = once(page, 'message');
    const closed = once(page, 'close');
    pty.exit();
    assert.match(String((await said)[0]), /"ended"/);
    assert.equal((await closed)[0], 1000);
  });

  it('lets the program wait while the page does not read', async () => {
    const { page } = await attach('watch');
    page.pause();
    const chunk = Buffer.alloc(64 * 1024, 'x');
    await until(() => {
      if (!pty.done.includes('paused')) pty.say(chunk);
      return pty.done.includes('paused');
    });
    assert.deepEqual(pty.done, ['paused']);
    page.resume();
    await until(() => pty.done.includes('resumed'));
    assert.deepEqual(pty.done, ['paused', 'resumed']);
  });

  it('says why there is none', async () => {
    const attachment: Attachment = { kind: 'refused', message: 'w1 does not run in tmux' };
    assert.deepEqual((await attach('watch', { attachment })).told, {
      type: 'refused',
      message: 'w1 does not run in tmux',
    });
    const open: OpenPty = async () => {
      throw refuse('not_supported', 'not on this platform');
    };
    assert.deepEqual((await attach('watch', { open })).told, { type: 'refused', message: 'not on this platform' });
    assert.deepEqual(pty.done, []);
  });
});
