import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { HostedContext } from '../../src/core/operations/operationContext.ts';
import { runOperation } from '../../src/core/operations/runOperation.ts';
import { startManager } from '../../src/core/operations/startManager.ts';
import { startWorker } from '../../src/core/operations/startWorker.ts';
import { systemProcessRunner, type ProcessRunner } from '../../src/core/ports/processRunner.ts';
import { say } from '../demo/scriptedModel.ts';
import { until } from '../tmux/tmuxServer.ts';
import { CODEX, setUpCodex, type RealCodex } from './realCodex.ts';

/** Reads every command line of the machine over and over, in a thread of its own, until it is asked what it saw. */
class CommandLineWatch {
  readonly #worker: Worker;
  readonly #ended = new Int32Array(new SharedArrayBuffer(4));

  constructor(words: readonly string[]) {
    this.#worker = new Worker(
      `const { readdirSync, readFileSync } = require('node:fs');
       const { parentPort, workerData } = require('node:worker_threads');
       const { words, ended } = workerData;
       const seen = new Set();
       let rounds = 0;
       let codex = 0;
       while (Atomics.load(ended, 0) === 0) {
         rounds += 1;
         for (const pid of readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name))) {
           let line = '';
           try { line = readFileSync('/proc/' + pid + '/cmdline', 'utf8').replaceAll('\\0', ' '); } catch {}
           if (line.includes('--no-daemon')) codex += 1;
           if (words.some((word) => line.includes(word))) seen.add(line);
         }
       }
       parentPort.postMessage({ rounds, codex, seen: [...seen] });`,
      { eval: true, workerData: { words, ended: this.#ended } },
    );
  }

  end(): Promise<{ readonly rounds: number; readonly codex: number; readonly seen: readonly string[] }> {
    return new Promise((resolve) => {
      this.#worker.once('message', resolve);
      Atomics.store(this.#ended, 0, 1);
    });
  }
}

describe('starting a real Codex with its first prompt', function () {
  this.timeout(90_000);
  let real: RealCodex;
  let context: HostedContext;
  const handed: string[] = [];

  before(async () => {
    real = await setUpCodex((request) => say(`heard: ${request.lastUserText}`));
    const processes: ProcessRunner = {
      ...systemProcessRunner,
      run: (program, argv, options) => {
        handed.push([program, ...argv, ...Object.values(options?.environment ?? {})].join(' '));
        return systemProcessRunner.run(program, argv, options);
      },
    };
    const variables = {
      ...process.env,
      ...real.codex.environment,
      PATH: `${dirname(CODEX)}:${process.env.PATH}`,
      XDG_DATA_HOME: join(real.stateRoot, 'data'),
      CONVEYOR_TMUX_SOCKET: real.server.socket,
    };
    const { workspace: cwd, stateRoot } = real;
    context = new HostedContext({ surface: 'cli', cwd, variables, stateRoot, processes });
  });
  after(async () => {
    context.close();
    await real.close();
  });

  it('puts the prompt into no command line and no environment, from the first moment on', async () => {
    const secrets = ['plan-of-the-worker', 'goal-of-the-manager'];
    const launch = { sandbox: 'workspace-write', askForApproval: 'on-request', timeoutSeconds: 40 };
    const watch = new CommandLineWatch(secrets);
    await runOperation(startWorker, context, { name: 'w', task: `build it: ${secrets[0]}`, ...launch });
    await runOperation(startManager, context, { name: 'm', task: `look after it: ${secrets[1]}`, ...launch });
    const heard = () => real.model.requests.map(({ lastUserText }) => lastUserText).join('\n');
    await until('both were told', () => secrets.every((one) => heard().includes(one)), 30);
    const { rounds, codex, seen } = await watch.end();
    assert.deepEqual(seen, []);
    assert.deepEqual(
      handed.filter((line) => secrets.some((one) => line.includes(one))),
      [],
    );
    // It looked, and there was something to see.
    assert.ok(rounds > 100, `${rounds} rounds`);
    assert.ok(codex > 10, `${codex} times`);
    assert.ok(handed.some((line) => line.includes('paste-buffer')));
  });
});
