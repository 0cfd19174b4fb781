import { checkpoints } from '../../src/core/dispatch/dependencies.ts';
import { startServer, type TestServer } from '../tmux/tmuxServer.ts';
import { type CrashScene, makeScene, type Message } from './crashScene.ts';
import { assertDeliveredOnce, assertLedgerAtRest, crashAndRecover, type CrashStep } from './recovery.ts';

const steps: readonly CrashStep[] = [...checkpoints, 'entered'];
const dispatcher = './crashingDispatcher.ts';
const leaseSeconds = '4';

describe('kill -9 of dispatch --watch in the middle of a delivery', function () {
  this.timeout(240_000);
  let server: TestServer;
  const scenes: CrashScene[] = [];
  /** All at once: they wait for leases most of the time. */
  const running = new Map<string, Promise<CrashScene>>();

  before(() => {
    server = startServer();
    for (const step of steps) {
      for (const message of ['nudge', 'completion'] as const) {
        const scene = play(message, step);
        scene.catch(() => {}); // its own test reports it
        running.set(`${message} ${step}`, scene);
      }
    }
  });
  after(() => {
    for (const scene of scenes) scene.close();
    server.close();
  });

  async function play(message: Message, step: CrashStep): Promise<CrashScene> {
    const scene = await makeScene(server, `${message}-${step}`, step === 'entered');
    scenes.push(scene);
    await scene.order(message);
    const first = scene.run(dispatcher, ['first', leaseSeconds], step);
    scene.nameTypist(first);
    await crashAndRecover(scene, message, { first, second: () => scene.run(dispatcher, ['second', leaseSeconds]) });
    return scene;
  }

  for (const step of steps) {
    for (const message of ['nudge', 'completion'] as const) {
      it(`OD-20: a ${message} arrives exactly once, though its dispatcher died at "${step}"`, async () => {
        const scene = await running.get(`${message} ${step}`);
        if (scene === undefined) throw new Error('it was never started');
        assertDeliveredOnce(scene, message);
        assertLedgerAtRest(scene, message);
      });
    }
  }
});
