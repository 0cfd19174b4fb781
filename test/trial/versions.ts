import { codexVersions, installedCodex } from '../codex/codexVersions.ts';
import { LiveWorld, liveScenarios } from '../codex/liveScenarios.ts';

/** Every scenario with every version of Codex that can be had: ok, unknown (not told, and not told wrongly), wrong. */
const chosen = process.argv.slice(2);
const table: Record<string, Record<string, string>> = {};
const wrongs: string[] = [];
for (const version of chosen.length > 0 ? chosen : codexVersions) {
  const world = await LiveWorld.start(installedCodex(version), Number(version.split('.')[1]));
  try {
    for (const scenario of liveScenarios) {
      const verdict = await scenario.play(world).catch((error: unknown) => {
        wrongs.push(`${version}, ${scenario.name}: ${error instanceof Error ? error.message : String(error)}`);
        return 'wrong';
      });
      (table[scenario.name] ??= {})[version] = verdict;
    }
  } finally {
    await world.codex.close();
  }
}
console.table(table);
for (const wrong of wrongs) console.log(wrong);
process.exitCode = wrongs.length > 0 ? 1 : 0;
