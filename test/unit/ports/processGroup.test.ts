import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { systemProcessRunner } from '../../../src/core/ports/processRunner.ts';
import { until } from '../../tmux/tmuxServer.ts';

const limits = { outputLimit: 1000, timeoutMilliseconds: 20_000 };

describe('a process group', () => {
  it('ends with its leader, whoever is left in it', async () => {
    const { status, stdout } = await systemProcessRunner.runGroup('sh', ['-c', 'sleep 611 & echo done'], limits);
    assert.deepEqual([status, stdout], [0, 'done\n']);
    await until('nobody sleeps', () => !isRunning('sleep 611'));
  });

  it('ends at the time limit, and when it is interrupted', async () => {
    const sleepers = ['-c', 'sleep 612 & sleep 612'];
    const late = await systemProcessRunner.runGroup('sh', sleepers, { ...limits, timeoutMilliseconds: 200 });
    assert.deepEqual([late.status, late.ended], [124, 'timeout']);
    const signal = AbortSignal.timeout(200);
    const interrupted = await systemProcessRunner.runGroup('sh', sleepers, { ...limits, signal });
    assert.equal(interrupted.ended, 'interrupted');
    await until('nobody sleeps', () => !isRunning('sleep 612'));
  });

  it('keeps nobody waiting for one that left it and holds our pipe', async () => {
    // It says that it has left over another pipe; ours stays its standard error.
    const script = 'exec 4< <(exec setsid sh -c "echo left; exec sleep 5"); read -r word <&4; echo gone';
    const { status, stdout } = await systemProcessRunner.runGroup('bash', ['-c', script], limits);
    assert.deepEqual([status, stdout], [0, 'gone\n']);
    assert.ok(isRunning('sleep 5'), 'it answered before the one that holds the pipe had ended');
  });

  it('ends when it says too much, and says when there is no such program', async () => {
    const endless = await systemProcessRunner.runGroup('yes', [], limits);
    assert.equal(endless.ended, 'output');
    const missing = await systemProcessRunner.runGroup('/no/such/program', [], limits);
    assert.deepEqual([missing.status, missing.missing], [127, true]);
  });
});

function isRunning(words: string): boolean {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .some((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() === words;
      } catch {
        return false;
      }
    });
}
