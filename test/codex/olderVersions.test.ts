import { codexVersions, installedCodex } from './codexVersions.ts';
import { liveScenarios } from './liveScenarios.ts';
import { LiveWorld } from './liveWorld.ts';

/** Two that differ most from today's: no lock and no `task_started`; `npm run trial:versions` plays all there are. */
for (const version of codexVersions.filter((one) => one === '0.140.0' || one === '0.80.0')) {
  describe(`Codex ${version}, live`, function () {
    this.timeout(120_000);
    let world: LiveWorld;

    before(async () => {
      world = await LiveWorld.start(installedCodex(version));
    });
    after(() => world.codex.close());

    for (const scenario of liveScenarios) {
      it(scenario.name, async () => {
        await scenario.play(world, { rounds: 1 });
      });
    }
  });
}
