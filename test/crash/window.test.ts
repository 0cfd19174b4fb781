import { checkpoints } from '../../src/core/dispatch/dependencies.ts';
import { startServer, type TestServer, until } from '../tmux/tmuxServer.ts';
import { type CrashScene, makeScene, type Message } from './crashScene.ts';
import { assertDeliveredOnce, assertLedgerAtRest, crashAndRecover, type CrashStep } from './recovery.ts';

const steps: readonly CrashStep[] = [...checkpoints, 'entered'];
const host = './crashingWindow.ts';

describe('kill -9 of the extension host in the middle of a delivery', function () {
  this.timeout(300_000);
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
    const first = scene.run(host, ['vscode-first'], step);
    scene.nameTypist(first);
    await until('the first window leads', () => leader(scene) === 'vscode-first', 60);
    const second = scene.run(host, ['vscode-second']);
    await scene.order(message);
    await crashAndRecover(scene, message, { first, second: () => second });
    return scene;
  }

  function leader(scene: CrashScene): unknown {
    return scene.rows("SELECT holder FROM panel_leases WHERE name = 'leadership'")[0]?.holder;
  }

  for (const step of steps) {
    for (const message of ['nudge', 'completion'] as const) {
      it(`a second window sees a ${message} through exactly once when the first died at "${step}"`, async () => {
        const scene = await running.get(`${message} ${step}`);
        if (scene === undefined) throw new Error('it was never started');
        assertDeliveredOnce(scene, message);
        assertLedgerAtRest(scene, message);
      });
    }
  }
});
