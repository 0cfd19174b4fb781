import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConveyorError, type ErrorCode } from '../../../src/core/domain/errors.ts';
import { HostedContext } from '../../../src/core/operations/operationContext.ts';
import { recordSession } from '../../../src/core/operations/register.ts';
import { resume } from '../../../src/core/operations/resume.ts';
import { runOperation } from '../../../src/core/operations/runOperation.ts';
import { head } from '../support/sessionFixture.ts';
import { temporaryContext, type TemporaryContext } from '../support/temporaryContext.ts';

const thread = '01a202a3-a8ca-7e62-85a6-0c549983419c';

describe('resume, before anything is started', () => {
  let temporary: TemporaryContext;
  let home: string;
  let context: HostedContext;

  beforeEach(() => {
    temporary = temporaryContext();
    home = join(temporary.folder, 'home');
    const { clock, host, processes, folder } = temporary;
    const variables = { CODEX_HOME: home };
    context = new HostedContext({ surface: 'cli', cwd: folder, variables, clock, host, processes });
  });
  afterEach(() => {
    context.close();
    temporary.dispose();
  });

  function rollout(root: string, id = thread): string {
    const folder = join(root, 'sessions', '2026', '11', '22');
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `rollout-2026-11-22T09-43-31-${id}.jsonl`);
    writeFileSync(file, head(id));
    return file;
  }

  function register(path: string | null, pid = 7): void {
    temporary.host.processes.set(pid, { startTime: '5' });
    recordSession(context, {
      name: 'w1',
      role: 'worker',
      tmuxSession: 'codex-w1',
      codexSessionPath: path,
      codexSessionId: thread,
      pid,
      cwd: '/srv',
      codexVersion: '0.169.0',
    });
  }

  const refusedWith = (code: ErrorCode, words: RegExp) =>
    assert.rejects(Promise.resolve(runOperation(resume, context, { name: 'w1' })), (error) => {
      assert.ok(ConveyorError.is(error, code), String(error));
      assert.match(error.message, words);
      return true;
    });

  it('CP-7: a process that has its number is not the session, and one that is its own is', async () => {
    register(rollout(home));
    await refusedWith('session_state', /runs as process 7/);
    temporary.host.processes.set(7, { startTime: '6' });
    temporary.host.processes.set(9, { openFiles: [rollout(home)], commandLine: ['codex', 'app-server'] });
    await refusedWith('thread_held', /open in process 9 \(codex app-server\)/);
  });

  it('the lock of the thread counts like its rollout, and a lock that nobody has open does not', async () => {
    register(rollout(home));
    temporary.host.processes.clear();
    const lock = join(home, 'thread-writer-locks', `${thread}.lock`);
    temporary.host.processes.set(9, { openFiles: [lock] });
    await refusedWith('thread_held', /open in process 9/);
  });

  it('a row that names a rollout elsewhere does not choose the home that Codex starts with', async () => {
    register(rollout(join(temporary.folder, 'workspace')));
    temporary.host.processes.clear();
    await refusedWith('rollout_missing', /no thread .* set CODEX_HOME/);
  });

  it('is not for a sandboxed Codex, nor without a name', async () => {
    const { clock, host, processes, folder } = temporary;
    const variables = { CODEX_SANDBOX: 'seatbelt' };
    const inside = new HostedContext({ surface: 'cli', cwd: folder, variables, clock, host, processes });
    const run = (input: object) => Promise.resolve(runOperation(resume, inside, { ...input }));
    await assert.rejects(run({ all: true }), (error) => ConveyorError.is(error, 'not_supported'));
    inside.close();
    await assert.rejects(Promise.resolve(runOperation(resume, context, {})), (error) =>
      ConveyorError.is(error, 'usage'),
    );
  });

  it('--all passes over what runs', async () => {
    register(rollout(home));
    const { skipped, resumed } = (await runOperation(resume, context, { all: true })) as Awaited<
      ReturnType<typeof resume.run>
    >;
    assert.deepEqual([skipped, resumed], [[{ name: 'w1', reason: 'it runs' }], []]);
  });
});
