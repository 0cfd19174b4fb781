import { spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline/promises';
import { join, resolve } from 'node:path';
import { bundle } from '../../src/build/bundle.ts';
import { packageExtension } from '../../src/build/package.ts';
import { ensureSystemPackages } from '../host/systemPackages.ts';
import { makeDemoWorld } from './demoWorld.ts';
import { openEditor } from './openEditor.ts';
import { playInBrowser } from './playInBrowser.ts';
import { startScriptedModel } from './scriptedModel.ts';
import { startPair } from './startPair.ts';
import { storyScript } from './storyScript.ts';

/**
 * `npm start [-- --live | --headless]`: builds and packages the extension, opens VS Code on a demo workspace with it, and
 * starts a supervised pair there. Whatever it started ends with it.
 *
 * `--headless` plays the story with a headless browser and prints one JSON object on its last line; the exit status is 0
 * only if every step was observed. `--live` uses the person's own Codex and asks for a goal.
 */
const root = resolve(import.meta.dirname, '../..');
const isHeadless = process.argv.includes('--headless');
const isLive = process.argv.includes('--live');
const say = (line: string) => console.error(line);

const goal = isLive ? await askGoal() : null;
const missing = ensureSystemPackages(say);
if (spawnSync('tmux', ['-V']).status !== 0) throw new Error(`tmux is needed: ${missing.join(', ')}`);
say('Building and packaging the extension …');
await bundle();
const { path: vsix } = await packageExtension(join(root, 'dist'), join(root, 'artifacts'));

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
const model = isLive ? null : await startScriptedModel(storyScript());
const world = await makeDemoWorld(model?.baseUrl ?? null, goal);
try {
  if (isHeadless) {
    const result = await playInBrowser({ world, vsix, signal: stop.signal, say });
    const scriptErrors = model?.scriptErrors.map(String) ?? [];
    const ok = result.ok && scriptErrors.length === 0;
    process.exitCode = ok ? 0 : 1;
    console.log(JSON.stringify({ ...result, ok, scriptErrors }));
  } else {
    const editor = await openEditor({ world, vsix, signal: stop.signal, say });
    await startPair(world, stop.signal, say);
    say(`The pair is at work on "${world.names.task}". Open the Conveyor view; press Ctrl-C here to end everything.`);
    await editor.ended;
  }
} finally {
  await world.dispose();
  await model?.close();
}

async function askGoal(): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question('What should the worker do in the demo workspace? ');
  terminal.close();
  if (!answer.trim()) throw new Error('a goal is needed');
  return answer.trim();
}
