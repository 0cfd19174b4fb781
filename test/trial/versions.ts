import { codexVersions, installedCodex } from '../codex/codexVersions.ts';
import { liveScenarios, type LiveVerdict } from '../codex/liveScenarios.ts';
import { LiveWorld } from '../codex/liveWorld.ts';

/**
 * Every scenario with every version of Codex that can be had: ok, unknown (not told, and not told wrongly), wrong. A
 * question must be known within a second. Each verdict is told as it comes, the table at the end.
 *
 *     npm run trial:versions                                  all of them, twenty rounds of two TUIs
 *     npm run trial:versions -- 0.169.0 0.40.0 --rounds=1
 */
const versions = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const rounds = Number(process.argv.find((word) => word.startsWith('--rounds='))?.slice('--rounds='.length) ?? 20);
const longest = 1000;

const table: Record<string, Record<string, string>> = {};
const wrongs: string[] = [];
for (const version of versions.length > 0 ? versions : codexVersions) {
  const world = await LiveWorld.start(installedCodex(version));
  try {
    for (const scenario of liveScenarios) {
      const said = await scenario
        .play(world, { rounds })
        .then(inWords)
        .catch((error: unknown) => `wrong: ${error instanceof Error ? error.message : String(error)}`);
      console.error(`${new Date().toISOString().slice(11, 19)} ${version} ${scenario.name}: ${said}`);
      if (said.startsWith('wrong')) wrongs.push(`${version}, ${scenario.name}: ${said}`);
      (table[scenario.name] ??= {})[version] = said.startsWith('wrong') ? 'wrong' : said;
    }
  } finally {
    await world.codex.close();
  }
}
console.table(table);
for (const wrong of wrongs) console.log(wrong);
process.exitCode = wrongs.length > 0 ? 1 : 0;

function inWords(told: LiveVerdict | LiveVerdict['verdict']): string {
  if (typeof told === 'string') return told;
  const { verdict, milliseconds } = told;
  if (milliseconds === undefined) return verdict;
  return milliseconds > longest ? `wrong: seen after ${milliseconds} ms` : `${verdict}, ${milliseconds} ms`;
}
