import { setUpSupervised } from '../codex/supervisedCodex.ts';
import { say } from '../demo/scriptedModel.ts';
import { until } from '../tmux/tmuxServer.ts';
import { pause } from './supervisedPair.ts';
import { spread } from './statistics.ts';

/**
 * A manager's nudge, by the way it really goes: `enqueue-nudge-worker` in a process of its own, a supervisor, the pane of a
 * real Codex that is idle. How long from the end of that command until the user turn stands in the rollout.
 */
const warmUps = 2;
const samples = 25;

const codex = await setUpSupervised((request) => say(`heard: ${request.lastUserText}`));
try {
  const how = ['--sandbox', 'workspace-write', '--ask-for-approval', 'on-request'];
  await codex.json('tasks', '--create', 'bench', '--goal', 'be told');
  for (const role of ['worker', 'manager']) await codex.json(`start-${role}`, '--name', role, ...how);
  await codex.json('bind', '--task', 'bench', '--worker', 'worker', '--manager', 'manager');
  await codex.supervise('bench');
  await codex.json('session-nudge', 'worker', 'hello');
  const rollout = () =>
    String(codex.rows("SELECT codex_session_path AS path FROM sessions WHERE name = 'worker'")[0]?.path);
  await until('the rollout is known', () => rollout() !== 'null');
  const latencies: number[] = [];
  for (let sample = 0; sample < warmUps + samples; sample += 1) {
    await pause(1500);
    await codex.json('enqueue-nudge-worker', 'bench', '--message', `nudge ${sample}`, '--json');
    const queued = performance.now();
    const isSeen = () =>
      codex
        .lines(rollout())
        .some(({ payload }) => JSON.stringify(payload).includes(`"nudge ${sample}"`) && payload.type !== 'message');
    while (!isSeen()) {
      if (performance.now() - queued > 20_000) throw new Error(`nudge ${sample} was not seen`);
      await pause(5);
    }
    latencies.push(performance.now() - queued);
  }
  console.log(JSON.stringify({ bench: 'nudge', queuedToSeenMs: spread(latencies.slice(warmUps)) }));
} finally {
  await codex.close();
}
