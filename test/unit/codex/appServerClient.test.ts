import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocketServer } from 'ws';
import { connectAppServer } from '../../../src/core/codex/appServerClient.ts';
import { ConveyorError, type ErrorCode } from '../../../src/core/domain/errors.ts';

type Answer = (method: string, params: Record<string, unknown>, say: (frame: object | string) => void) => unknown;

/** A server on a unix socket, as Codex has it: a link in its home to a socket in a folder of its own. */
class ServerOnSocket {
  readonly home = mkdtempSync(join(tmpdir(), 'conveyor-app-server-'));
  readonly received: { readonly method: string; readonly params: unknown }[] = [];
  readonly folder = join(this.home, 'run');
  readonly #http: Server = createServer();
  readonly #sockets = new WebSocketServer({ server: this.#http });

  async listen(answer: Answer): Promise<void> {
    mkdirSync(this.folder, { mode: 0o700 });
    mkdirSync(join(this.home, 'app-server-control'));
    const path = join(this.folder, 's');
    symlinkSync(path, join(this.home, 'app-server-control', 'app-server-control.sock'));
    this.#sockets.on('connection', (socket) => {
      const say = (frame: object | string) => socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
      socket.on('message', (data) => {
        const { id, method, params } = JSON.parse(String(data));
        this.received.push({ method, params });
        if (id === undefined) return;
        const result = method === 'initialize' ? {} : answer(method, params, say);
        if (result === 'hang up') socket.terminate();
        else if (result instanceof Error) say({ id, error: { code: -32600, message: result.message } });
        else if (result !== undefined) say({ id, result });
      });
    });
    await new Promise<void>((resolve) => this.#http.listen(path, resolve));
  }

  async close(): Promise<void> {
    for (const client of this.#sockets.clients) client.terminate();
    await new Promise((resolve) => this.#http.close(resolve));
    rmSync(this.home, { recursive: true, force: true });
  }
}

const isError = (code: ErrorCode) => (error: unknown) => ConveyorError.is(error, code);

describe("Codex's app-server", () => {
  let server: ServerOnSocket;

  beforeEach(() => {
    server = new ServerOnSocket();
  });
  afterEach(() => server.close());

  it('is greeted, asked for threads, and told a message with an id of ours', async () => {
    const thread = {
      id: 't1',
      status: { type: 'active', activeFlags: ['waitingOnApproval'] },
      path: '/r/t1.jsonl',
      cwd: '/w',
      createdAt: 1795680818,
      canAcceptDirectInput: true,
      parentThreadId: null,
    };
    await server.listen((method) => {
      if (method === 'thread/loaded/list') return { data: ['t1'], nextCursor: null };
      return method === 'thread/read' ? { thread } : { turn: { id: 'turn-1', status: 'inProgress' } };
    });
    const client = await connectAppServer(server.home);
    assert.deepEqual(await client.loadedThreads(), ['t1']);
    assert.deepEqual(await client.readThread('t1'), {
      threadId: 't1',
      status: { kind: 'active', waitsFor: 'approval' },
      rolloutPath: '/r/t1.jsonl',
      cwd: '/w',
      createdAt: 1795680818000,
      isSubagent: false,
      takesInput: true,
    });
    assert.equal(await client.startTurn({ threadId: 't1', text: '!rm', messageId: 'm1' }), 'turn-1');
    assert.deepEqual(
      server.received.map(({ method }) => method),
      ['initialize', 'initialized', 'thread/loaded/list', 'thread/read', 'turn/start'],
    );
    assert.deepEqual(server.received.at(-1)?.params, {
      threadId: 't1',
      input: [{ type: 'text', text: '!rm', text_elements: [] }],
      clientUserMessageId: 'm1',
    });
    client.close();
  });

  it('tells of changes of state, and keeps silent about what it does not know', async () => {
    await server.listen((_method, _params, say) => {
      const change = (status: object) => say({ method: 'thread/status/changed', params: { threadId: 't', status } });
      say('not json');
      say({ method: 'thread/other', params: {} });
      say({ id: 'q', method: 'item/commandExecution/requestApproval', params: {} });
      change({ type: 'active', activeFlags: ['waitingOnUserInput'] });
      change({ type: 'dreaming' });
      change({ type: 'idle' });
      return { data: [] };
    });
    const seen: unknown[] = [];
    const client = await connectAppServer(server.home, {
      onStatus: (threadId, status) => seen.push([threadId, status]),
      onClosed: () => seen.push('closed'),
    });
    await client.loadedThreads();
    client.close();
    while (seen.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(seen, [['t', { kind: 'active', waitsFor: 'input' }], ['t', { kind: 'idle' }], 'closed']);
    // What it asks its clients is for the person's own client to answer.
    assert.deepEqual(
      server.received.map(({ method }) => method),
      ['initialize', 'initialized', 'thread/loaded/list'],
    );
  });

  it('fails with a closed code when it refuses, hangs up, or says something else', async () => {
    const answers: Record<string, unknown> = {
      'turn/start': new Error('thread not found'),
      'thread/read': new Error('thread not found'),
      'thread/loaded/list': { threads: [] },
    };
    await server.listen((method) => answers[method]);
    const client = await connectAppServer(server.home);
    assert.equal(await client.readThread('t'), null);
    await assert.rejects(
      client.startTurn({ threadId: 't', text: 'x', messageId: 'm' }),
      (error) => isError('app_server_refused')(error) && /thread not found/.test(String(error)),
    );
    await assert.rejects(client.loadedThreads(), isError('app_server_failed'));
    answers['thread/loaded/list'] = 'hang up';
    await assert.rejects(client.loadedThreads(), isError('app_server_failed'));
    await assert.rejects(client.loadedThreads(), isError('app_server_failed'));
  });

  it('is not talked to when it is missing, or when its socket is not this account alone', async () => {
    await assert.rejects(connectAppServer(join(server.home, 'nowhere')), isError('app_server_missing'));
    await server.listen(() => ({}));
    chmodSync(server.folder, 0o777);
    await assert.rejects(connectAppServer(server.home), isError('app_server_missing'));
    chmodSync(server.folder, 0o700);
    (await connectAppServer(server.home)).close();
    const other = join(server.home, 'other', 'app-server-control');
    mkdirSync(other, { recursive: true });
    writeFileSync(join(other, 'app-server-control.sock'), '');
    await assert.rejects(connectAppServer(join(server.home, 'other')), isError('app_server_missing'));
  });
});
