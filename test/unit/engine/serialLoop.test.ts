import assert from 'node:assert/strict';
import { SerialLoop } from '../../../src/core/engine/serialLoop.ts';
import { systemClock } from '../../../src/core/ports/clock.ts';

const never = 3_600_000;

describe('SerialLoop', () => {
  it('runs once more when woken during a run, however often', async () => {
    let runs = 0;
    let release = () => {};
    const loop = new SerialLoop(
      () =>
        new Promise<void>((resolve) => {
          runs += 1;
          release = resolve;
        }),
      { clock: systemClock, idleMilliseconds: never, onError: (error) => assert.fail(String(error)) },
    );
    loop.start();
    loop.wake();
    loop.wake();
    release();
    await until(() => runs === 2);
    release();
    await loop.stop();
    assert.equal(runs, 2);
  });

  it('keeps its distance however often it is woken, and stops at once all the same', async () => {
    const pauses: number[] = [];
    let goOn = () => {};
    const clock = {
      ...systemClock,
      sleep: (milliseconds: number, signal?: AbortSignal) =>
        new Promise<void>((resolve) => {
          pauses.push(milliseconds);
          goOn = resolve;
          signal?.addEventListener('abort', () => resolve(), { once: true });
        }),
    };
    let runs = 0;
    const loop = new SerialLoop(
      () => {
        runs += 1;
        return Promise.resolve();
      },
      { clock, idleMilliseconds: never, distanceMilliseconds: 250, onError: (error) => assert.fail(String(error)) },
    );
    loop.start();
    loop.wake();
    loop.wake();
    await until(() => pauses.length === 1);
    loop.wake();
    await systemClock.sleep(20);
    assert.deepEqual([runs, pauses], [1, [250]]);
    goOn();
    await until(() => runs === 2);
    await loop.stop();
    assert.equal(runs, 2);
  });

  it('goes on after a job that throws, and tells it', async () => {
    const errors: unknown[] = [];
    let runs = 0;
    const loop = new SerialLoop(
      () => {
        runs += 1;
        return runs === 1 ? Promise.reject(new Error('first')) : Promise.resolve();
      },
      { clock: systemClock, idleMilliseconds: never, onError: (error) => errors.push(error) },
    );
    loop.start();
    await until(() => errors.length === 1);
    loop.wake();
    await until(() => runs === 2);
    await loop.stop();
    assert.equal(errors.length, 1);
  });

  it('stop waits for the running job', async () => {
    let ended = false;
    const loop = new SerialLoop(
      async () => {
        await systemClock.sleep(20);
        ended = true;
      },
      { clock: systemClock, idleMilliseconds: never, onError: (error) => assert.fail(String(error)) },
    );
    loop.start();
    await loop.stop();
    assert.equal(ended, true);
  });
});

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, 'waited too long');
    await systemClock.sleep(2);
  }
}
