import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod/mini';
import { type Arguments, parseInput } from '../../src/core/operations/argument.ts';
import { bind } from '../../src/core/operations/bind.ts';
import { continuation } from '../../src/core/operations/continuation.ts';
import { continuationReviewer } from '../../src/core/operations/continuationReviewer.ts';
import { managerConfig } from '../../src/core/operations/managerConfig.ts';
import { unbind } from '../../src/core/operations/unbind.ts';
import type { Operation } from '../../src/core/operations/operation.ts';
import { recordSession } from '../../src/core/operations/register.ts';
import { tasks } from '../../src/core/operations/tasks.ts';
import { systemClock } from '../../src/core/ports/clock.ts';
import { systemHostFacts } from '../../src/core/ports/hostFacts.ts';
import { systemProcessRunner } from '../../src/core/ports/processRunner.ts';
import { head } from '../unit/support/sessionFixture.ts';
import { temporaryContext, type TemporaryContext } from '../unit/support/temporaryContext.ts';
import { startServer, until } from './tmuxServer.ts';

const entry = fileURLToPath(new URL('../../src/cli/entry.ts', import.meta.url));
const reviewSchema = z.object({
  verdict: z.string(),
  agreement: z.string(),
  rationale: z.string(),
  operator_routing_required: z.boolean(),
  subagent_run: z.looseObject({ sandbox: z.looseObject({}) }),
});
const rehearsalSchema = z.object({
  context: z.looseObject({ diff: z.record(z.string(), z.nullable(z.string())) }),
});
const verdict = (rationale: string) => `{"agreement":"match","verdict":"proceed","rationale":"${rationale}"}`;

describe('continuation-reviewer', function () {
  this.timeout(60_000);
  let fixture: TemporaryContext;
  let repository: string;
  let piped = '';

  beforeEach(async () => {
    fixture = temporaryContext({
      processes: systemProcessRunner,
      clock: systemClock,
      host: systemHostFacts,
      readStdin: () => Promise.resolve(piped),
      variables: { PATH: process.env.PATH, LANG: 'C.UTF-8', SECRET_TOKEN: 'hush', NAMED: 'yes' },
    });
    const { context, folder } = fixture;
    repository = join(folder, 'repository');
    mkdirSync(repository);
    for (const [name, role] of [
      ['w1', 'worker'],
      ['m1', 'manager'],
    ] as const) {
      const rollout = join(folder, `${name}.jsonl`);
      writeFileSync(rollout, head(`thread-${name}`));
      recordSession(context, {
        name,
        role,
        tmuxSession: undefined,
        codexSessionPath: rollout,
        codexSessionId: `thread-${name}`,
        pid: 7,
        cwd: repository,
        codexVersion: null,
      });
    }
    await run(tasks, { create: 'alpha', goal: 'Ship it' });
    await run(bind, { task: 'alpha', worker: 'w1', manager: 'm1' });
    await run(managerConfig, { task: 'alpha', permit: ['context.spawn_reviewer'] });
    for (const side of ['worker', 'manager']) {
      piped = `{"next": "${side}"}`;
      await run(continuation, { task: 'alpha', submit: side, fromStdin: true, correlationId: 't' });
    }
  });

  afterEach(() => fixture.dispose());

  async function run<Inputs extends Arguments, Output>(
    operation: Operation<Inputs, Output>,
    input: object,
    context = fixture.context,
  ): Promise<Output> {
    const output = await operation.run(context, parseInput(operation.inputs, { ...input }));
    assert.deepEqual(operation.output().parse(output), output);
    return output;
  }

  const turn = { task: 'alpha', correlationId: 't', reviewerSessionId: 'r', managerSessionId: 'm' };

  async function review(script: string, more: object = {}): Promise<z.infer<typeof reviewSchema>> {
    const file = join(fixture.folder, 'reviewer');
    writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return reviewBy([file], more);
  }

  async function reviewBy(
    command: readonly string[],
    more: object = {},
    context = fixture.context,
  ): Promise<z.infer<typeof reviewSchema>> {
    const input = { ...turn, reviewerCommand: command, ...more };
    const found = await run(continuationReviewer, input, context);
    const status = continuationReviewer.exitStatus?.(found, parseInput(continuationReviewer.inputs, input));
    const recorded = reviewSchema.parse(found);
    assert.equal(status, recorded.verdict === 'stop' ? 1 : 0);
    return recorded;
  }

  /** What a probe says comes back in the rationale, one word for each attempt. */
  const report = (attempts: string) => `said=""\n${attempts}\nprintf '${verdict('%s')}' "$said"`;
  const attempt = (name: string, command: string) =>
    `if ${command} >/dev/null 2>&1; then said="$said ${name}:yes"; else said="$said ${name}:no"; fi`;

  it('CP-42: a reviewer reads everything but writes only in its temporary folder', async () => {
    const { rationale } = await review(
      report(
        [
          attempt('read', `cat '${repository}/../reviewer'`),
          attempt('folder', 'touch here && test -s ./here || test -e here'),
          attempt('tmpdir', 'touch "$TMPDIR/there"'),
          attempt('repository', `touch '${repository}/x'`),
          attempt('tmp', `touch '${tmpdir()}/conveyor-escaped'`),
          attempt('home', `touch '${homedir()}/conveyor-escaped'`),
          attempt('remount', `mount -o remount,rw /`),
        ].join('\n'),
      ),
    );
    assert.equal(rationale, ' read:yes folder:yes tmpdir:yes repository:no tmp:no home:no remount:no');
    assert.deepEqual(readdirSync(repository), []);
  });

  it('CP-42: it can read neither the ledger nor the state root nor the rollouts of both sides', async () => {
    const { folder, context } = fixture;
    symlinkTo(join(folder, 'link'), context.stateRoot);
    const hidden = {
      ledger: context.ledgerFile,
      wal: `${context.ledgerFile}-wal`,
      link: join(folder, 'link', 'workerctl.db'),
      worker: join(folder, 'w1.jsonl'),
      manager: join(folder, 'm1.jsonl'),
    };
    for (const file of Object.values(hidden)) assert.ok(existsSync(file), file);
    const { rationale, subagent_run } = await review(
      report(
        [
          ...Object.entries(hidden).map(([name, file]) => attempt(name, `test -s '${file}' -o -n "$(cat '${file}')"`)),
          attempt('listing', `test -n "$(ls -A '${context.stateRoot}')"`),
          attempt('proc', `cat /proc/${process.pid}/environ`),
        ].join('\n'),
      ),
    );
    assert.equal(rationale, ' ledger:no wal:no link:no worker:no manager:no listing:no proc:no');
    assert.equal(subagent_run.sandbox.denied_path_count, 6);
  });

  it('CP-42: the ledger of --path is hidden too, wherever it lies', async () => {
    const other = join(fixture.folder, 'elsewhere.db');
    fixture.context.ledger.run('VACUUM INTO ?', [other]);
    const file = join(fixture.folder, 'reviewer');
    writeFileSync(file, `#!/bin/sh\n${report(attempt('ledger', `test -n "$(head -c 9 '${other}')"`))}\n`, {
      mode: 0o755,
    });
    const context = fixture.context.withLedger(other);
    try {
      const { rationale } = await reviewBy([file], {}, context);
      assert.equal(rationale, ' ledger:no');
    } finally {
      context.close();
    }
  });

  it('CP-42: the network is off unless it is allowed, and the receipt says which', async () => {
    const server = createServer((socket) => socket.end());
    const port = await new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      }),
    );
    try {
      const probe = report(attempt('net', `bash -c 'exec 3<>/dev/tcp/127.0.0.1/${port}'`));
      const off = await review(probe);
      assert.equal(off.rationale, ' net:no');
      assert.equal(off.subagent_run.sandbox.network, 'off');
      const allowed = await review(probe, { allowNetwork: true });
      assert.equal(allowed.rationale, ' net:yes');
      assert.equal(allowed.subagent_run.sandbox.network, 'allowed');
    } finally {
      server.close();
    }
  });

  it('CP-42: it types into no terminal, not even with the network: no local socket can be reached', async () => {
    const tmux = startServer();
    try {
      tmux.raw('new-session', '-d', '-s', 'victim', 'cat');
      const probe = report(attempt('typed', `tmux -S '${tmux.socket}' send-keys -t victim owned Enter`));
      for (const allowNetwork of [false, true]) {
        assert.equal((await review(probe, { allowNetwork })).rationale, ' typed:no');
      }
      assert.doesNotMatch(tmux.raw('capture-pane', '-p', '-t', 'victim'), /owned/);
      // The probe itself works: outside it types.
      execFileSync('sh', ['-c', `tmux -S '${tmux.socket}' send-keys -t victim owned Enter`]);
      await until('the words show', () => /owned/.test(tmux.raw('capture-pane', '-p', '-t', 'victim')));
    } finally {
      tmux.close();
    }
  });

  it('CP-42: it sees only the variables that are named, and the receipt names them without their values', async () => {
    const names = `printf '${verdict('%s')}' "$(env | cut -d= -f1 | sort | tr '\\n' ' ')"`;
    const plain = await review(names);
    const ofTheShell = new Set(['PWD', '_', 'OLDPWD', 'SHLVL']);
    const seen = (text: string) => text.split(' ').filter((name) => name !== '' && !ofTheShell.has(name));
    assert.deepEqual(seen(plain.rationale), ['LANG', 'PATH', 'TMPDIR']);
    const named = await review(names, { allowEnv: ['NAMED', 'NOT_SET'] });
    assert.deepEqual(seen(named.rationale), ['LANG', 'NAMED', 'PATH', 'TMPDIR']);
    assert.deepEqual(named.subagent_run.sandbox.environment, ['LANG', 'NAMED', 'PATH', 'TMPDIR']);
    assert.doesNotMatch(JSON.stringify(named), /hush|"yes"/);
  });

  it('CP-42: what it leaves running ends with it, and with the time limit', async () => {
    const grandchild = (mark: string) => `setsid sh -c 'exec -a ${mark} sleep 600' </dev/null >/dev/null 2>&1 &`;
    const bash = (script: string) => `exec bash -c ${JSON.stringify(script).replaceAll('$', '\\$')}`;
    const late = await review(bash(`${grandchild('conveyor-late')} sleep 600`), { timeout: 0.5 });
    assert.equal(late.rationale, 'reviewer command timed out after 0.5s');
    assert.deepEqual(
      [late.verdict, late.agreement, late.subagent_run.status, late.subagent_run.returncode],
      ['stop', 'divergent', 'failed', null],
    );
    const early = await review(`sleep 601 &\n${report('')}`);
    assert.equal(early.verdict, 'proceed');
    await until('nobody sleeps', () => !/sleep 60[01]|conveyor-late/.test(processes()));
  });

  it('CP-42: a review may be long, and one that is endless is a stop', async () => {
    const long = await review(`printf '${verdict('%s')}' "$(head -c 60000 /dev/zero | tr '\\0' x)"`);
    assert.deepEqual([long.verdict, long.rationale.length], ['proceed', 60_000]);
    const endless = await review('yes');
    assert.deepEqual(
      [endless.verdict, endless.rationale],
      ['stop', 'reviewer command printed more than 1048576 bytes'],
    );
  });

  it('CP-42: whatever else goes wrong is a stop with its reason, and a non-zero exit', async () => {
    for (const [script, reason] of [
      ['exit 3', /exited 3/],
      ['echo looks good', /printed no JSON object/],
      ['echo "[]"', /printed no JSON object/],
      ['kill -9 $$', /exited 137/],
      [`echo '${verdict('x').replace('proceed', 'ship')}'`, /verdict must be one of/],
      [`echo '{"verdict":"proceed"}'`, /lacks agreement, rationale/],
      [`echo '${verdict('x').replace('{', '{"subagent_run":[],')}'`, /subagent_run must be an object/],
      [`head -c 300000 /dev/zero | tr '\\0' '['`, /printed no JSON object/],
      [
        `printf '{"verdict":"proceed","agreement":"match","rationale":"","a":'; head -c 3000 /dev/zero | tr '\\0' '['; head -c 3000 /dev/zero | tr '\\0' ']'; echo '}'`,
        /printed no JSON object/,
      ],
    ] as const) {
      const found = await review(script);
      assert.deepEqual([found.verdict, found.operator_routing_required], ['stop', true], script);
      assert.match(found.rationale, reason);
    }
    const missing = await reviewBy([join(fixture.folder, 'nobody')]);
    assert.match(missing.rationale, /reviewer command not found/);
    const said = await review(`echo '${verdict('no').replace('proceed', 'stop')}'`);
    assert.deepEqual([said.verdict, said.operator_routing_required], ['stop', false]);
  });

  it('CP-42: the reviewer cannot claim to be somebody else, or to have succeeded otherwise', async () => {
    const claims =
      '{"subagent_run":{"reviewer_session_id":"m","status":"failed","manager_rollout_access":true,"model":"x"},';
    const { subagent_run: receipt } = await review(`echo '${verdict('x').replace('{', claims)}'`);
    assert.deepEqual(
      [
        receipt.reviewer_session_id,
        receipt.manager_session_id,
        receipt.status,
        receipt.manager_rollout_access,
        receipt.model,
      ],
      ['r', 'm', 'succeeded', false, 'x'],
    );
    assert.deepEqual([receipt.sandbox.enabled, receipt.sandbox.engine], [true, 'bubblewrap']);
  });

  it('CP-42: without a sandbox, or without a binding, nothing is run and it is a stop', async () => {
    const touched = join(fixture.folder, 'touched');
    const bare = temporaryContext({
      ledger: fixture.context.ledger,
      processes: systemProcessRunner,
      clock: systemClock,
      variables: { PATH: '/nowhere' },
    });
    try {
      const found = await reviewBy(['/bin/touch', touched], {}, bare.context);
      assert.equal(found.verdict, 'stop');
      assert.match(found.rationale, /bwrap not available.*install bubblewrap/);
      assert.equal(found.subagent_run.sandbox.enabled, false);
    } finally {
      bare.dispose();
    }
    await run(unbind, { task: 'alpha' });
    const unbound = await review(`touch '${touched}'`);
    assert.equal(unbound.verdict, 'stop');
    assert.match(unbound.rationale, /no active session-based binding/);
    assert.ok(!existsSync(touched));
  });

  it("CP-41: the diff is that of the worker's repository, and git runs nothing that is configured there", async () => {
    const git = (...argv: string[]) =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...argv], {
        cwd: repository,
        encoding: 'utf8',
      });
    git('init', '-q', '-b', 'main');
    writeFileSync(join(repository, 'old.txt'), 'a\n');
    git('add', '.');
    git('commit', '-qm', 'one');
    git('checkout', '-qb', 'topic');
    writeFileSync(join(repository, 'branch.txt'), 'b\n');
    git('add', '.');
    git('commit', '-qm', 'two');
    writeFileSync(join(repository, 'old.txt'), 'changed\n');
    const trap = join(fixture.folder, 'trapped');
    git('config', 'core.fsmonitor', `touch ${trap}`);
    git('config', 'filter.trap.clean', `touch ${trap}; cat`);
    writeFileSync(join(repository, '.git', 'info', 'attributes'), '*.txt filter=trap\n');
    const rehearsal = await run(continuationReviewer, { ...turn, dryRun: true });
    const { diff } = rehearsalSchema.parse(rehearsal).context;
    assert.equal(diff.error, null);
    assert.equal(diff.branch_diff_name_only, 'branch.txt\n');
    assert.equal(diff.working_tree_diff_name_only, 'old.txt\n');
    assert.match(diff.branch_diff_stat ?? '', /1 file changed/);
    assert.ok(!existsSync(trap));
    // The reviewer gets the same on its standard input.
    const { rationale } = await review(
      `grep -c '"branch_diff_name_only": "branch.txt' >&2 && printf '${verdict('told')}'`,
    );
    assert.equal(rationale, 'told');
  });

  it('leaves no temporary folder behind, and ends the reviewer with itself', async () => {
    const count = () => readdirSync(tmpdir()).filter((name) => name.startsWith('conveyor-review-')).length;
    const before = count();
    await review(report(''));
    assert.equal(count(), before);
    const { context, folder } = fixture;
    const argv = [entry, 'continuation-reviewer', 'alpha', '--correlation-id', 't', '--reviewer-session-id', 'r'];
    const child = spawn(
      process.execPath,
      [...argv, '--manager-session-id', 'm', '--reviewer-command', '--', 'sleep', '602'],
      {
        cwd: folder,
        env: { ...process.env, WORKERCTL_STATE_ROOT: context.stateRoot },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const output: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    await until('it sleeps', () => /sleep 602/.test(processes()));
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    assert.equal(await ended, 1);
    assert.match(Buffer.concat(output).toString(), /reviewer command was interrupted/);
    await until('nobody sleeps', () => !/sleep 602/.test(processes()));
  });
});

function processes(): string {
  return (
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => {
        try {
          return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        } catch {
          return '';
        }
      })
      // The command lines that start a sleeper hold its words too.
      .filter((line) => !/conveyor-review|bwrap|entry\.ts/.test(line))
      .join('\n')
  );
}

function symlinkTo(link: string, target: string): void {
  execFileSync('ln', ['-s', target, link]);
}
