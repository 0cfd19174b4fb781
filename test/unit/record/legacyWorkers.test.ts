import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ConveyorError } from '../../../src/core/domain/errors.ts';
import { doctor } from '../../../src/core/operations/doctor.ts';
import { create } from '../../../src/core/operations/create.ts';
import { recordSession } from '../../../src/core/operations/register.ts';
import { runOperation } from '../../../src/core/operations/runOperation.ts';
import { events, list, updateStatus } from '../../../src/core/operations/workerFolders.ts';
import { capture, idleCheck, status } from '../../../src/core/operations/workerTerminal.ts';
import { judgeIdleness, type IdlenessFacts } from '../../../src/core/supervise/legacyIdleness.ts';
import { WorkerFolder } from '../../../src/core/supervise/legacyFolder.ts';
import { FakeProcessRunner } from '../../../src/core/ports/processRunner.ts';
import { temporaryContext, type TemporaryContext } from '../support/temporaryContext.ts';

/** A tmux that takes `-t name` for the beginning of a name, as the real one does, and `-t =name` exactly. */
class TmuxOnPath extends FakeProcessRunner {
  readonly sessions = new Set<string>();
  screen = 'hello\n';
  captures = 0;
  isInstalled = true;

  constructor() {
    super({ tmux: (argv) => this.#answer(argv) });
  }

  #answer(argv: readonly string[]) {
    if (!this.isInstalled) return { status: 127, missing: true };
    const target = argv[argv.indexOf('-t') + 1] ?? '';
    const found = [...this.sessions].find((name) =>
      target.startsWith('=') ? target.slice(1).replace(/:$/, '') === name : name.startsWith(target),
    );
    if (argv.includes('capture-pane')) {
      this.captures += 1;
      return { stdout: this.screen };
    }
    if (argv.includes('display-message')) return { stdout: '1767225600\n' };
    if (found === undefined) return { status: 1, stderr: `can't find session: ${target}` };
    if (argv.includes('list-panes')) return { stdout: paneLine(found) };
    return {};
  }
}

function paneLine(session: string): string {
  const facts = [
    '%1',
    session,
    '77',
    '1',
    '1',
    '0',
    '',
    '0',
    '100',
    '30',
    '0',
    '0',
    '1',
    '/dev/pts/1',
    '5',
    '/tmp/s',
    '1767225600',
    'codex',
    '',
  ];
  return `${facts.join('<|>')}\n`;
}

describe('workers that are kept in folders', () => {
  let fixture: TemporaryContext;
  let tmux: TmuxOnPath;

  beforeEach(() => {
    tmux = new TmuxOnPath();
    fixture = temporaryContext({ processes: tmux });
  });
  afterEach(() => fixture.dispose());

  const addFolder = (name: string) => {
    const folder = new WorkerFolder(fixture.context.stateRoot, name);
    folder.writeConfig({ name, cwd: '/srv', identity_token: `token-${name}` });
    return folder;
  };
  const addSession = (name: string) =>
    recordSession(fixture.context, {
      name,
      role: 'worker',
      tmuxSession: `codex-${name}`,
      codexSessionPath: `/r/${name}.jsonl`,
      codexSessionId: `thread-${name}`,
      pid: 11,
      cwd: '/srv',
      codexVersion: null,
    });
  const run = async (operation: Parameters<typeof runOperation>[0], input: Record<string, unknown>) =>
    Object(await runOperation(operation, fixture.context, input)) as Record<string, unknown>;
  const countRows = (table: string) =>
    Object(fixture.context.ledger.get(`SELECT count(*) AS count FROM ${table}`)).count as number;

  it('AT-18: a worker does not run because another whose name begins alike does', async () => {
    addFolder('wa');
    addFolder('wabc');
    tmux.sessions.add('codex-wabc');
    const workers = await runOperation(list, fixture.context, {});
    assert.ok(Array.isArray(workers));
    assert.deepEqual(
      workers.map(({ name, running }) => [name, running]),
      [
        ['wa', false],
        ['wabc', true],
      ],
    );
  });

  it('AT-19: folders of other things are no workers', async () => {
    mkdirSync(join(fixture.context.stateRoot, 'artifacts'), { recursive: true });
    addFolder('old1');
    const workers = await runOperation(list, fixture.context, {});
    assert.ok(Array.isArray(workers));
    assert.deepEqual(
      workers.map(({ name }) => name),
      ['old1'],
    );
  });

  it('AT-19: looking at a registered session makes no folder and no worker of it', async () => {
    addSession('w1');
    tmux.sessions.add('codex-w1');
    for (const verb of [status, idleCheck, capture]) {
      const seen = await run(verb, { name: 'w1' });
      assert.equal(seen.name, 'w1');
    }
    assert.equal(existsSync(join(fixture.context.stateRoot, 'w1')), false);
    assert.deepEqual([countRows('workers'), countRows('transcript_captures')], [0, 0]);
  });

  it('AT-19: idle-check looks once, and a screen that stays the same is recorded once', async () => {
    addFolder('old1');
    tmux.sessions.add('codex-old1');
    await run(idleCheck, { name: 'old1' });
    assert.equal(tmux.captures, 1);
    fixture.clock.advance(60_000);
    const again = await run(idleCheck, { name: 'old1' });
    assert.equal(again.terminal_age_seconds, 60);
    assert.equal(countRows('transcript_captures'), 1);
    tmux.screen = 'something new\n';
    assert.equal((await run(idleCheck, { name: 'old1' })).terminal_age_seconds, 0);
    assert.equal(countRows('transcript_captures'), 2);
  });

  it('AT-19: without tmux nobody knows whether a worker runs', async () => {
    addFolder('old1');
    tmux.isInstalled = false;
    const checked = await run(idleCheck, { name: 'old1' });
    assert.deepEqual(
      [checked.health, checked.recommended_action, checked.running],
      ['unknown', 'inspect_terminal', false],
    );
    assert.match(String(checked.capture_error), /tmux/);
    const [worker] = (await runOperation(list, fixture.context, {})) as Record<string, unknown>[];
    assert.match(String(worker?.terminal_error), /tmux/);
  });

  it('doctor tells of each worker in a folder whether it runs, how it was started and where it stands', async () => {
    const folder = addFolder('old1');
    folder.writeConfig({ name: 'old1', cwd: '/srv', identity_token: 'token', startup: 'ready' });
    folder.writeStatus({ state: 'editing', current_task: 'a', next_action: 'b', blocker: null, last_update: null });
    addFolder('wa');
    appendFileSync(join(fixture.context.stateRoot, 'wa', 'config.json'), '{');
    mkdirSync(join(fixture.context.stateRoot, 'artifacts'));
    tmux.sessions.add('codex-old1');
    assert.deepEqual((await run(doctor, {})).workers, [
      { name: 'old1', running: true, startup: 'ready', state: 'editing' },
      { name: 'wa', running: false, startup: null, state: null },
    ]);
    tmux.isInstalled = false;
    const [worker] = (await run(doctor, {})).workers as Record<string, unknown>[];
    assert.equal(worker?.running, false);
    assert.match(String(worker?.terminal_error), /tmux/);
  });

  it('AT-22: a start that fails leaves nothing in the way of the next try', async () => {
    await assert.rejects(runOperation(create, fixture.context, { name: 'old1', task: 'Paint' }), (error) =>
      ConveyorError.is(error, 'codex_missing'),
    );
    assert.equal(existsSync(join(fixture.context.stateRoot, 'old1')), false);
    assert.equal(countRows('workers'), 0);
  });

  it('keeps what a worker says in the ledger, in its file and in its log, for nobody else to read', async () => {
    const folder = addFolder('old1');
    const said = { name: 'old1', state: 'blocked', currentTask: 'Paint', nextAction: 'Ask', blocker: 'no key' };
    const printed = await run(updateStatus, said);
    assert.deepEqual(JSON.parse(readFileSync(join(folder.path, 'status.json'), 'utf8')), printed);
    assert.equal(statSync(join(folder.path, 'status.json')).mode & 0o777, 0o600);
    assert.equal((await run(status, { name: 'old1' })).blocker, 'no key');
    const log = await run(events, { name: 'old1' });
    assert.deepEqual(Object(log.events), [
      {
        state: 'blocked',
        current_task: 'Paint',
        next_action: 'Ask',
        blocker: 'no key',
        time: printed.last_update,
        type: 'status_updated',
      },
    ]);
  });

  it('passes broken lines of a log by, and says how many', async () => {
    const folder = addFolder('old1');
    folder.appendEvent('create', {}, 0);
    appendFileSync(join(folder.path, 'events.jsonl'), '{broken\n[1]\n\n');
    const log = { events: [{ time: '1970-01-01T00:00:00Z', type: 'create' }], malformed: 2 };
    assert.deepEqual(await run(events, { name: 'old1' }), log);
    assert.match(events.notice?.(log, { name: 'old1', limit: 0, type: null, raw: false }) ?? '', /^2 malformed/);
  });

  it('refuses names that are no names, and workers that nobody knows', async () => {
    for (const name of ['../etc', 'a b', 'ghost']) {
      await assert.rejects(runOperation(status, fixture.context, { name }), (error) =>
        ConveyorError.is(error, 'unknown_session'),
      );
    }
    await assert.rejects(runOperation(create, fixture.context, { name: 'a/b' }), (error) =>
      ConveyorError.is(error, 'invalid_name'),
    );
  });
});

describe('judgeIdleness', () => {
  const patience = { statusSeconds: 120, terminalSeconds: 120 };
  const fresh: IdlenessFacts = {
    isRunning: true,
    state: 'editing',
    statusAge: 5,
    terminalAge: 5,
    captureError: null,
    busyWait: null,
  };
  const prompt = {
    pattern: 'enter_to_confirm',
    reason: 'A prompt waits',
    recommended_action: 'inspect_or_confirm',
  } as const;
  const cases: readonly (readonly [Partial<IdlenessFacts>, string, string])[] = [
    [{}, 'active', 'none'],
    [{ statusAge: 120 }, 'status_stale', 'wait'],
    [{ terminalAge: null }, 'quiet', 'wait'],
    [{ statusAge: null, terminalAge: 500 }, 'stale', 'ask_for_status'],
    [{ busyWait: prompt, statusAge: null, terminalAge: null }, 'busy_wait', 'inspect_or_confirm'],
    [{ captureError: 'no pane', busyWait: prompt }, 'unknown', 'inspect_terminal'],
    [{ state: 'done', captureError: 'no pane' }, 'done', 'review_result'],
    [{ state: 'blocked', statusAge: 9999 }, 'blocked', 'read_blocker'],
    [{ isRunning: false, state: 'blocked' }, 'stopped', 'none'],
  ];
  for (const [facts, health, action] of cases) {
    it(`${JSON.stringify(facts)} is ${health}`, () => {
      const found = judgeIdleness({ ...fresh, ...facts }, patience);
      assert.deepEqual([found.health, found.recommended_action], [health, action]);
      assert.ok(found.reason.length > 0);
    });
  }
});
