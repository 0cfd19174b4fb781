/** A real Codex whose process was killed, taken up again on its thread. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConveyorError } from '../../src/core/domain/errors.ts';
import { interruptPane } from '../../src/core/delivery/interruptPane.ts';
import type { StartedSession } from '../../src/core/delivery/startSession.ts';
import { requireSession } from '../../src/core/ledger/sessionStore.ts';
import { HostedContext } from '../../src/core/operations/operationContext.ts';
import { loadOperation } from '../../src/core/operations/registry.ts';
import { runOperation } from '../../src/core/operations/runOperation.ts';
import { runShell, say } from '../demo/scriptedModel.ts';
import { until } from '../tmux/tmuxServer.ts';
import { CODEX, setUpCodex, userTexts, type RealCodex } from './realCodex.ts';

interface ResumeOutput {
  readonly resumed: readonly {
    readonly name: string;
    readonly codex_session_id: string;
    readonly codex_session_path: string;
    readonly pid: number;
    readonly tmux_session: string;
    readonly proof: string;
  }[];
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
  readonly failed: readonly unknown[];
}

describe('resuming a real Codex', function () {
  this.timeout(120_000);
  let real: RealCodex;
  let context: HostedContext;
  const strangers: ChildProcess[] = [];

  before(async () => {
    real = await setUpCodex((request) => {
      const asked = request.lastUserText;
      if (asked.startsWith('think'))
        return { kind: 'answer', thinkMs: 90_000, parts: [{ type: 'text', text: 'late' }] };
      if (asked.startsWith('write') && request.newToolOutputs.length === 0) {
        return runShell(request, `touch ${join(dirname(real.workspace), 'outside')}`);
      }
      return say(`heard ${request.userTexts.length} messages`);
    });
    const variables = {
      ...process.env,
      ...real.codex.environment,
      PATH: `${dirname(CODEX)}:${process.env.PATH}`,
      XDG_DATA_HOME: join(dirname(real.workspace), 'data'),
      CONVEYOR_TMUX_SOCKET: real.server.socket,
    };
    context = new HostedContext({ surface: 'cli', cwd: real.workspace, variables, stateRoot: real.stateRoot });
  });
  after(async () => {
    for (const stranger of strangers) stranger.kill('SIGKILL');
    context.close();
    await real.close();
  });

  async function run(verb: string, input: Record<string, unknown>): Promise<unknown> {
    const operation = await loadOperation(verb);
    assert.ok(operation !== null);
    return runOperation(operation, context, input);
  }
  const resume = (input: Record<string, unknown>) => run('resume', input) as Promise<ResumeOutput>;

  /** As the registered session has it by now. */
  function session(name: string): StartedSession & { readonly pid: number } {
    const row = requireSession(context.ledger, name);
    const [pane] = context.ledger.all(`SELECT pane_id FROM panel_sessions WHERE session_id = '${row.id}'`);
    return {
      tmuxSession: row.tmux_session ?? '',
      paneId: String(Object.values(pane ?? {})[0]),
      pid: row.pid ?? 0,
      startTime: null,
      codexSessionId: row.codex_session_id,
      codexSessionPath: row.codex_session_path,
      codexHome: real.codex.home,
      cwd: row.cwd,
      version: { major: 0, minor: 169, patch: 0, text: '0.169.0' },
      discovery: null,
    };
  }

  async function start(name: string, task: string): Promise<void> {
    const launch = { sandbox: 'workspace-write', askForApproval: 'on-request', timeoutSeconds: 40 };
    await run('start-worker', { name, task, ...launch });
    await until('it was spoken to', () => userTexts(real.events(session(name))).length === 1, 30);
  }

  async function kill(name: string): Promise<void> {
    const { pid, tmuxSession } = session(name);
    process.kill(pid, 'SIGKILL');
    await until(
      'it is gone',
      async () => !real.server.ports.host.isAlive(pid) && !(await real.server.ports.tmux.hasSession(tmuxSession)),
    );
  }

  const attentionOf = async (name: string) => {
    const rows = (await run('sessions', { name: [name], state: 'all' })) as { attention: { state: string } }[];
    return rows[0]?.attention.state;
  };

  it('after kill -9 goes on in the same thread and file, in a process that holds them', async () => {
    await start('killed', 'first');
    const before = session('killed');
    await assert.rejects(resume({ name: 'killed' }), (error) => ConveyorError.is(error, 'session_state'));
    await kill('killed');
    assert.equal(await attentionOf('killed'), 'gone');

    const { resumed } = await resume({ name: 'killed' });
    const [one] = resumed;
    assert.ok(one !== undefined);
    assert.equal(one.codex_session_id, before.codexSessionId);
    assert.equal(one.codex_session_path, before.codexSessionPath);
    assert.notEqual(one.pid, before.pid);
    assert.equal(one.tmux_session, before.tmuxSession);
    assert.match(one.proof, /holds the (?:rollout open|thread's writer lock)/);
    const held = real.server.ports.host.openFiles(one.pid);
    assert.ok(
      held.some((file) => file.includes(one.codex_session_id)),
      held.join(' '),
    );

    assert.equal((await real.deliver(session('killed'), 'second')).outcome, 'delivered');
    await until('the model has both', () => userTexts(real.events(session('killed'))).length === 2);
    assert.deepEqual(userTexts(real.events(session('killed'))), ['first', 'second']);
    const asked = () => real.model.requests.findLast(({ lastUserText }) => lastUserText === 'second');
    await until('the model is asked', () => asked() !== undefined);
    assert.ok(asked()?.userTexts.includes('first'), 'the conversation is there');
    const events = context.ledger.all("SELECT type FROM events WHERE type LIKE 'session_resume%' ORDER BY id");
    assert.deepEqual(
      events.map((row) => Object.values(row ?? {})[0]),
      ['session_resume_started', 'session_resumed'],
    );
  });

  it('keeps the sandbox and the approval policy of its last turn', async () => {
    const { pid } = session('killed');
    const { host } = real.server.ports;
    const command = host.commandLine(pid).join(' ');
    assert.match(command, /--sandbox workspace-write --ask-for-approval on-request/);
    assert.match(command, new RegExp(`resume ${session('killed').codexSessionId}$`));
  });

  it('in the middle of a turn has crashed; resumed, that turn does not count as running for ever', async () => {
    await start('cut', 'think');
    await kill('cut');
    await run('ingest', { name: 'cut' });
    assert.equal(await attentionOf('cut'), 'crashed');
    await resume({ name: 'cut' });
    const task = 'cut-task';
    await run('tasks', { create: task, goal: 'g' });
    await run('start-manager', {
      name: 'boss',
      sandbox: 'workspace-write',
      askForApproval: 'on-request',
      timeoutSeconds: 40,
    });
    await run('bind', { task, worker: 'cut', manager: 'boss' });
    const cycle = (await run('cycle', { task })) as { attention: { state: string; reason: string }; state: string };
    assert.equal(cycle.attention.state, 'idle', JSON.stringify(cycle.attention));
    assert.match(cycle.attention.reason, /cut off/);
    const { tmuxSession, paneId, version } = session('cut');
    const stop = await interruptPane(real.server.ports, {
      address: { session: tmuxSession, paneId },
      key: null,
      version,
      isBusy: null,
    });
    assert.ok(stop.outcome === 'deferred' && stop.reason === 'not_busy');
  });

  it('is refused while anybody else has the thread open', async () => {
    await start('held', 'hello');
    await kill('held');
    const { codexSessionPath } = session('held');
    const stranger = spawn('tail', ['-f', codexSessionPath ?? ''], { stdio: 'ignore' });
    strangers.push(stranger);
    await until('it is open', () => real.server.ports.host.openedBy([codexSessionPath ?? '']).length > 0);
    await assert.rejects(
      resume({ name: 'held' }),
      (error) => ConveyorError.is(error, 'thread_held') && error.message.includes(String(stranger.pid)),
    );
    stranger.kill('SIGKILL');
    await until('it is closed', () => real.server.ports.host.openedBy([codexSessionPath ?? '']).length === 0);
  });

  it('takes up all that have ended, leaves alone what runs, and leaves a terminal that stayed', async () => {
    real.server.raw('new-session', '-d', '-s', 'codex-held', 'cat');
    const { resumed, skipped, failed } = await resume({ all: true });
    assert.deepEqual(
      resumed.map(({ name, tmux_session: tmux }) => [name, tmux]),
      [['held', 'codex-held-2']],
    );
    assert.deepEqual(failed, []);
    assert.deepEqual(new Set(skipped.map(({ name }) => name)), new Set(['killed', 'cut', 'boss']));
    for (const { reason } of skipped) assert.equal(reason, 'it runs');
  });

  it('that Codex has compressed since is taken up all the same, and nothing of it is told twice', async () => {
    await start('packed', 'to be packed');
    await run('ingest', { name: 'packed' });
    const before = session('packed');
    await kill('packed');
    const file = before.codexSessionPath ?? '';
    await compressOld(file);
    const events = () =>
      context.ledger.all("SELECT id FROM codex_events WHERE payload_json LIKE '%to be packed%'").length;
    const told = events();
    await run('ingest', { name: 'packed' });
    const { resumed } = await resume({ name: 'packed' });
    assert.deepEqual(
      resumed.map((one) => [one.codex_session_id, one.codex_session_path]),
      [[before.codexSessionId, file]],
    );
    assert.match(real.server.ports.host.commandLine(session('packed').pid).join(' '), /--sandbox workspace-write/);
    assert.equal((await real.deliver(session('packed'), 'unpacked')).outcome, 'delivered');
    await until('it is told', () => userTexts(real.events(session('packed'))).includes('unpacked'));
    await run('ingest', { name: 'packed' });
    assert.equal(events(), told);
    assert.deepEqual(userTexts(real.events(session('packed'))), ['to be packed', 'unpacked']);
  });

  /** Codex packs what nobody has touched for two months, where that is switched on. */
  async function compressOld(file: string): Promise<void> {
    const long = Date.now() / 1000 - 120 * 86_400;
    utimesSync(file, long, long);
    const feature = ['-c', 'features.local_thread_store_compression=true'];
    const server = spawn(CODEX, [...feature, 'app-server'], {
      cwd: real.workspace,
      env: { ...process.env, ...real.codex.environment },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    strangers.push(server);
    const tell = (message: object) => server.stdin?.write(`${JSON.stringify(message)}\n`);
    const clientInfo = { name: 'test', title: 'test', version: '1' };
    tell({ id: 1, method: 'initialize', params: { clientInfo, capabilities: { experimentalApi: true } } });
    tell({ method: 'initialized' });
    tell({ id: 2, method: 'rollout/compress', params: {} });
    await until('it is packed', () => existsSync(`${file}.zst`) && !existsSync(file));
    const ended = new Promise((resolve) => server.once('close', resolve));
    server.stdin?.end();
    server.kill();
    await ended;
  }

  it('takes up all of them after a reboot, when tmux is gone and others have their numbers', async () => {
    const names = ['boss', 'cut', 'held', 'killed', 'packed'];
    const threads = names.map((name) => session(name).codexSessionId);
    const pids = names.map((name) => session(name).pid);
    real.server.raw('kill-server');
    await until('all are gone', () => pids.every((pid) => !real.server.ports.host.isAlive(pid)));
    const { ledger } = context;
    ledger.write(() => {
      ledger.run("UPDATE panel_sessions SET boot_id = 'of-before'");
      ledger.run('UPDATE sessions SET pid = ?', [process.pid]);
    });
    const { resumed, skipped, failed } = await resume({ all: true });
    assert.deepEqual(resumed.map(({ name }) => name).toSorted(), names);
    assert.deepEqual([skipped, failed], [[], []]);
    assert.deepEqual(
      names.map((name) => session(name).codexSessionId),
      threads,
    );
    for (const { pid, codex_session_id: thread } of resumed) {
      assert.ok(real.server.ports.host.openFiles(pid).some((file) => file.includes(thread)));
    }
    assert.equal((await real.deliver(session('killed'), 'after the reboot')).outcome, 'delivered');
    await until('it is told', () => userTexts(real.events(session('killed'))).includes('after the reboot'));
  });

  it('that was never spoken to has no thread to take up', async () => {
    await run('start-worker', { name: 'mute', sandbox: 'workspace-write', timeoutSeconds: 40 });
    await kill('mute');
    await assert.rejects(
      resume({ name: 'mute' }),
      (error) => ConveyorError.is(error, 'rollout_missing') && /never spoken to/.test(error.message),
    );
  });
});
