import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { runJudge } from './runJudge.ts';
import { makeDemoWorld } from './demoWorld.ts';
import { startScriptedModel } from './scriptedModel.ts';
import { storyScript } from './storyScript.ts';

/**
 * The demo story without an editor: `conveyor pair`, with `conveyor dispatch --watch` as the supervisor.
 *
 *     npm run test:story
 *
 * Ends with `N passed, N failed`, one for each step of the story; exits 0 only if every step was observed.
 */
const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const model = await startScriptedModel(storyScript());
const world = await makeDemoWorld(model.baseUrl);
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
try {
  const watcher = conveyor('dispatch', '--watch', '--dispatcher-id', 'story');
  const seconds = Number(process.env.CONVEYOR_DEMO_SECONDS ?? 180);
  const judged = runJudge(world, stop.signal, (sight) => console.log(`  ✔ ${sight.step} (${sight.where})`), seconds);
  const { task, worker, manager, goal } = world.names;
  const pair = conveyor(
    'pair',
    '--task',
    task,
    '--task-goal',
    goal,
    '--task-prompt',
    goal,
    '--worker-name',
    worker,
    '--manager-name',
    manager,
    '--sandbox',
    'workspace-write',
    '--ask-for-approval',
    'on-request',
    '--no-dispatch',
  );
  pair.on('exit', (code) => {
    if (code !== 0) stop.abort();
  });
  const { seen, missing } = await judged;
  watcher.kill('SIGTERM');
  if (missing.length > 0) showPanes();
  for (const step of missing) console.log(`  ✘ ${step} was not observed`);
  for (const error of model.scriptErrors) console.log(`  ✘ the scripted model failed: ${String(error)}`);
  const failed = missing.length + model.scriptErrors.length;
  console.log(`${seen.length} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
} finally {
  await world.dispose();
  await model.close();
}

/** What stood on the screens when something was not observed. */
function showPanes(): void {
  for (const name of [world.names.worker, world.names.manager]) {
    const shown = spawnSync('tmux', ['-S', world.tmuxSocket, 'capture-pane', '-p', '-t', `=codex-${name}:`], {
      encoding: 'utf8',
    });
    console.log(`--- pane of ${name}\n${shown.stdout.replace(/\n{3,}/g, '\n\n')}${shown.stderr}`);
  }
}

function conveyor(...argv: string[]) {
  return spawn(process.execPath, [cli, ...argv], {
    cwd: world.workspace,
    env: world.environment,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
