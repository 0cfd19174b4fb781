/** What a real Codex asks: seen by the panel's engine, answered by the person, and by a manager who was permitted to. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { queueAction } from '../../src/core/dispatch/sessionAction.ts';
import type { StartedSession } from '../../src/core/delivery/startSession.ts';
import { endBindings } from '../../src/core/ledger/bindingStore.ts';
import { findCommand } from '../../src/core/ledger/commandStore.ts';
import { requireSession, type SessionRole } from '../../src/core/ledger/sessionStore.ts';
import { insertTask, requireTask } from '../../src/core/ledger/taskStore.ts';
import { ConveyorError } from '../../src/core/domain/errors.ts';
import { approve } from '../../src/core/operations/answers.ts';
import { bind } from '../../src/core/operations/bind.ts';
import { dispatchDependenciesOf } from '../../src/core/operations/dispatchDependencies.ts';
import { HostedContext } from '../../src/core/operations/operationContext.ts';
import { recordSession } from '../../src/core/operations/register.ts';
import { runOperation } from '../../src/core/operations/runOperation.ts';
import type { SessionView } from '../../src/protocol/snapshot.ts';
import { PanelEngine } from '../../src/supervisor/panelEngine.ts';
import { runShell, say, type ResponsePlan } from '../demo/scriptedModel.ts';
import { until } from '../tmux/tmuxServer.ts';
import { CODEX, setUpCodex, type RealCodex } from './realCodex.ts';

const question = {
  questions: [
    {
      id: 'colour',
      header: 'Colour',
      question: 'Which colour should it be?',
      options: [
        { label: 'Red', description: 'warm' },
        { label: 'Blue', description: 'cold' },
      ],
    },
  ],
};
const permissions = { reason: 'to fetch', permissions: { network: { enabled: true } } };

describe('what a real Codex asks', function () {
  this.timeout(120_000);
  let real: RealCodex;
  let context: HostedContext;
  let engine: PanelEngine;
  let granted: string[] = [];

  before(async () => {
    const call = (tool: string, args: object): ResponsePlan => ({
      kind: 'answer',
      parts: [{ type: 'call', tool, arguments: { ...args } }],
    });
    real = await setUpCodex((request) => {
      const [done] = request.newToolOutputs;
      if (done !== undefined) return say(`told: ${done.text}`);
      const [word = '', path = ''] = request.lastUserText.split(' ');
      if (word === 'touch') return runShell(request, `touch ${path}`, { escalate: true });
      if (word === 'question') return call('request_user_input', question);
      if (word === 'permissions') return call('request_permissions', permissions);
      return say('heard');
    });
    const variables = {
      ...process.env,
      ...real.codex.environment,
      CODEX_THREAD_ID: undefined,
      CODEX_CI: undefined,
      CONVEYOR_TMUX_SOCKET: real.server.socket,
      XDG_DATA_HOME: join(real.stateRoot, 'data'),
    };
    context = new HostedContext({ surface: 'cli', cwd: real.workspace, variables, stateRoot: real.stateRoot });
  });
  after(async () => {
    await engine?.dispose();
    context.close();
    await real.close();
  });

  /** The panel of a window whose settings permit that much to managers. */
  async function supervise(permitted: string[]): Promise<void> {
    await engine?.dispose();
    granted = permitted;
    const environment = Object.entries(context.variables).filter(
      (one): one is [string, string] => one[1] !== undefined,
    );
    engine = new PanelEngine(
      {
        windowId: 'vscode-approvals',
        folder: real.workspace,
        stateRoot: real.stateRoot,
        tmux: { path: null, socket: real.server.socket },
        codex: { path: CODEX },
        permissions: granted,
        runtime: { executable: process.execPath, electron: false, cli: 'cli.js' },
        environment: Object.fromEntries(environment),
      },
      { snapshotChanged: () => {}, attention: () => {}, log: () => {}, watchTerminal: async () => null },
    );
  }

  async function start(name: string, role: SessionRole = 'worker'): Promise<StartedSession> {
    const features = ['--enable', 'default_mode_request_user_input', '--enable', 'request_permissions_tool'];
    const started = await real.start(name, { role, extraArguments: features });
    recordSession(context, {
      name,
      role,
      tmuxSession: started.tmuxSession,
      codexSessionPath: started.codexSessionPath,
      codexSessionId: started.codexSessionId,
      pid: started.pid,
      cwd: started.cwd,
      codexVersion: started.version.text,
      tmuxSocket: real.server.socket,
      paneId: started.paneId,
    });
    return started;
  }

  /** A question is known by its open call a moment before it is drawn: then its words are waited for, too. */
  const becomes = async (name: string, state: string, detail: string | null): Promise<SessionView> => {
    let seen: SessionView | undefined;
    const isReached = async () => {
      seen = (await engine.snapshot()).sessions.find((session) => session.name === name);
      const isSo = seen?.attention.state === state && seen.attention.detail === detail;
      return isSo && (!state.startsWith('waiting') || seen?.question !== null);
    };
    await until(`${name} is ${state} ${detail}`, isReached, 40).catch((error: unknown) => {
      assert.fail(`${String(error)}; it is ${JSON.stringify(seen)}`);
    });
    assert.ok(seen !== undefined);
    return seen;
  };
  const rows = (sql: string) => context.ledger.all(sql).map((row) => JSON.stringify(row));
  const probe = (name: string) => join(real.server.folder, name);

  it('is seen as an approval of a command, with its words, and the person accepts it', async () => {
    await supervise([]);
    const session = await start('accepting');
    await becomes('accepting', 'idle', null);
    await real.deliver(session, `touch ${probe('accepted')}`);
    const asked = await becomes('accepting', 'waiting_approval', 'command');
    assert.equal(asked.state, 'busy');
    assert.deepEqual(asked.attention.contradictions, []);
    assert.ok(asked.attention.sources.includes('screen') && asked.attention.sources.includes('rollout'));
    assert.equal(asked.question?.dialog, 'approval_command');
    assert.match(asked.question.text, /touch .*accepted/);
    const item = (await engine.snapshot()).attention.find(({ session: name }) => name === 'accepting');
    assert.equal(item?.kind, 'approval');

    const wrong = await engine.runOperation('approve', { name: 'accepting', option: 1, expect: 'another' });
    assert.ok(!wrong.ok && wrong.error.code === 'dialog_changed', JSON.stringify(wrong));
    assert.equal(existsSync(probe('accepted')), false);
    const expect = asked.question.fingerprint;
    const result = await engine.runOperation('approve', { name: 'accepting', option: 1, expect });
    assert.ok(result.ok, JSON.stringify(result));
    await until('the command ran', () => existsSync(probe('accepted')));
    const ended = await becomes('accepting', 'turn_ended', 'unread');
    assert.equal(ended.question, null);
    const events = rows(
      "SELECT type, payload_json FROM events WHERE type IN ('pane_answer_started', 'session_answered') ORDER BY id",
    );
    // The answer to another question, then this one: before and after, with its words.
    assert.deepEqual(
      events.map((event) => /"type":"(\w+)"/.exec(event)?.[1]),
      ['session_answered', 'pane_answer_started', 'session_answered'],
    );
    for (const event of events) assert.match(event, /touch .*accepted/);
  });

  it('is denied by the person: the command does not run, and the worker is not busy', async () => {
    const session = await start('denying');
    await real.deliver(session, `touch ${probe('denied')}`);
    const asked = await becomes('denying', 'waiting_approval', 'command');
    const expect = asked.question?.fingerprint ?? '';
    const result = await engine.runOperation('deny', { name: 'denying', expect });
    assert.ok(result.ok, JSON.stringify(result));
    const after = await becomes('denying', 'idle', null);
    assert.equal(after.state, 'idle');
    assert.equal(existsSync(probe('denied')), false);
    const again = await engine.runOperation('deny', { name: 'denying', expect });
    assert.ok(!again.ok && again.error.code === 'dialog_missing', JSON.stringify(again));
  });

  it('an option further down is taken as it is named', async () => {
    const session = await start('choosing');
    await real.deliver(session, 'question');
    const asked = await becomes('choosing', 'waiting_input', 'question');
    assert.deepEqual(
      asked.question?.options.map(({ label }) => label.split(/ {2}/)[0]),
      ['Red', 'Blue', 'None of the above'],
    );
    const expect = asked.question.fingerprint;
    const result = await engine.runOperation('approve', { name: 'choosing', option: 2, expect });
    assert.ok(result.ok, JSON.stringify(result));
    await becomes('choosing', 'turn_ended', 'unread');
    assert.match(real.model.requests.flatMap((one) => one.newToolOutputs).at(-1)?.text ?? '', /Blue/);
  });

  it('permissions of the sandbox are an approval, too; denied, the turn goes on', async () => {
    const session = await start('reaching');
    await real.deliver(session, 'permissions');
    const asked = await becomes('reaching', 'waiting_approval', 'permission');
    const result = await engine.runOperation('deny', { name: 'reaching', expect: asked.question?.fingerprint ?? '' });
    assert.ok(result.ok, JSON.stringify(result));
    await becomes('reaching', 'turn_ended', 'unread');
    assert.match(await real.screen(session), /did not grant/);
  });

  it('is answered for a manager only if the person permitted it', async () => {
    const session = await start('managed');
    await start('manager', 'manager');
    const { ledger, clock } = context;
    ledger.write(() => insertTask(ledger, { name: 'job', goal: 'ask', summary: null }, clock.now()));
    await runOperation(bind, context, { task: 'job', worker: 'managed', manager: 'manager' });
    await real.deliver(session, `touch ${probe('managed')}`);
    const asked = await becomes('managed', 'waiting_approval', 'command');
    const expected = asked.question?.fingerprint ?? '';
    const order = () =>
      ledger.write(() => {
        const action = {
          type: 'session_answer',
          session: requireSession(ledger, 'managed'),
          option: 1,
          expected,
        } as const;
        return queueAction(dispatchDependenciesOf(context, 'others'), action).id;
      });
    const settled = async (id: string) => {
      await until('it is decided', () => ['failed', 'succeeded'].includes(findCommand(ledger, id)?.state ?? ''));
      return findCommand(ledger, id);
    };
    const refused = await settled(order());
    assert.equal(refused?.state, 'failed');
    assert.match(refused.error ?? '', /worker_session\.approve/);
    assert.equal(existsSync(probe('managed')), false);

    await supervise(['worker_session.approve']);
    const done = await settled(order());
    assert.equal(done?.state, 'succeeded', done?.error ?? '');
    await until('the command ran', () => existsSync(probe('managed')));
  });

  it('is not for a Codex to answer by the command line, sandboxed or not, unless the person permitted it', async () => {
    await engine.dispose();
    const session = await start('agent-asked');
    const { ledger, clock } = context;
    ledger.write(() => {
      insertTask(ledger, { name: 'job-2', goal: 'ask', summary: null }, clock.now());
      endBindings(ledger, requireTask(ledger, 'job').id, clock.now());
    });
    await runOperation(bind, context, { task: 'job-2', worker: 'agent-asked', manager: 'manager' });
    await real.deliver(session, `touch ${probe('by-agent')}`);
    await until('it asks', async () => (await real.screen(session)).includes('Would you like to run'));
    const config = join(real.server.folder, 'config');
    const variables = { ...context.variables, XDG_CONFIG_HOME: config, CODEX_THREAD_ID: 'of-some-agent' };
    const agent = new HostedContext({ surface: 'cli', cwd: real.workspace, variables, stateRoot: real.stateRoot });
    try {
      const answer = () => Promise.resolve(runOperation(approve, agent, { name: 'agent-asked', option: 1 }));
      const shown = (await runOperation(approve, agent, { name: 'agent-asked', option: 1, dryRun: true })) as {
        question: { text: string };
      };
      assert.match(shown.question.text, /touch .*by-agent/);
      await assert.rejects(
        answer(),
        (error) => ConveyorError.is(error, 'permission_denied') && /worker_session\.approve/.test(error.message),
      );
      assert.equal(existsSync(probe('by-agent')), false);
      mkdirSync(join(config, 'agent-conveyor'), { recursive: true });
      const granted = JSON.stringify({ manager: ['worker_session.approve'] });
      writeFileSync(join(config, 'agent-conveyor', 'permissions.json'), granted);
      await answer();
      await until('the command ran', () => existsSync(probe('by-agent')));
    } finally {
      agent.close();
    }
  });
});
