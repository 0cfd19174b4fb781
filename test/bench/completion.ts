import { dirname, join } from 'node:path';
import { supervisorIn } from '../../src/extension/engine/supervisorThread.ts';
import type { EngineStart } from '../../src/protocol/engine.ts';
import type { PanelSnapshot } from '../../src/protocol/snapshot.ts';
import { appendLongSession } from './longRollout.ts';
import { spread } from './statistics.ts';
import { appendEvent, committed, pause, type SupervisedPair, supervisedPair, worker } from './supervisedPair.ts';

/**
 * A worker's Codex appends `task_complete` to its rollout; how long until the notification for its manager is committed
 * by a real `dispatch --watch`, and until a window's supervisor thread says so in its snapshot. The session has 64 MB
 * behind it, and other lines precede the end of its turn by a few milliseconds, as they do in a real one.
 */
const goal = { p95: 100 };
const warmUps = 5;
const samples = 80;

const toNotification = await measured(notificationLatencies);
const toSnapshot = await measured(snapshotLatencies);
console.log(
  JSON.stringify({
    bench: 'completion',
    goal: goal.p95,
    met: toNotification.p95 <= goal.p95,
    appendedToNotificationMs: toNotification,
    appendedToSnapshotMs: toSnapshot,
  }),
);

async function measured(latencies: (pair: SupervisedPair) => Promise<readonly number[]>) {
  const pair = await supervisedPair();
  try {
    // A session of days: what it has behind it must not slow down what comes.
    appendLongSession(pair.workerRollout, 100_000);
    pair.conveyor('ingest', worker);
    return spread((await latencies(pair)).slice(warmUps));
  } finally {
    await pair.close();
  }
}

async function notificationLatencies(pair: SupervisedPair): Promise<readonly number[]> {
  const { ledger, workerRollout } = pair;
  const leads = () => ledger.get("SELECT 1 FROM telemetry_events WHERE event_type = 'dispatch_watch_heartbeat'");
  const count = () => ledger.all('SELECT id FROM routed_notifications').length;
  pair.start('dispatch', '--watch');
  await committed(ledger, () => leads() !== undefined);
  const latencies: number[] = [];
  for (let sample = 0; sample < warmUps + samples; sample += 1) {
    await workAWhile(workerRollout, sample);
    const before = count();
    const arrived = committed(ledger, () => count() > before);
    const started = performance.now();
    appendEvent(workerRollout, 'task_complete', { turn_id: `turn-${sample}`, last_agent_message: 'Done.' });
    latencies.push((await arrived) - started);
  }
  return latencies;
}

async function snapshotLatencies(pair: SupervisedPair): Promise<readonly number[]> {
  let onSnapshot = (_snapshot: PanelSnapshot) => {};
  const start: EngineStart = {
    windowId: 'vscode-bench',
    folder: pair.folder,
    stateRoot: dirname(pair.ledger.file),
    tmux: { path: null, socket: null },
    codex: { path: null },
    permissions: [],
    runtime: { executable: process.execPath, electron: false, cli: join(pair.dist, 'cli.js') },
    environment: pair.environment,
  };
  const thread = supervisorIn(join(pair.dist, 'supervisor.cjs'))(start, {
    snapshotChanged: (snapshot) => onSnapshot(snapshot),
    attention: () => {},
    watchTerminal: () => Promise.resolve(null),
    log: () => {},
  });
  const seen = (state: string) =>
    new Promise<number>((resolve) => {
      onSnapshot = ({ sessions }) => {
        if (sessions.find(({ name }) => name === worker)?.state === state) resolve(performance.now());
      };
    });
  const latencies: number[] = [];
  try {
    for (let sample = 0; sample < warmUps + samples; sample += 1) {
      const busy = seen('busy');
      await workAWhile(pair.workerRollout, sample);
      await busy;
      const idle = seen('idle');
      const started = performance.now();
      appendEvent(pair.workerRollout, 'task_complete', { turn_id: `turn-${sample}`, last_agent_message: 'Done.' });
      latencies.push((await idle) - started);
    }
  } finally {
    await thread.dispose();
  }
  return latencies;
}

/** A turn begins and says something; its end comes up to 80 ms later, at every distance from what was written last. */
async function workAWhile(rollout: string, sample: number): Promise<void> {
  await pause(150);
  appendEvent(rollout, 'task_started', { turn_id: `turn-${sample}`, model_context_window: 1 });
  await pause(40);
  appendEvent(rollout, 'agent_message', { message: 'Almost done.' });
  await pause((sample * 37) % 80);
}
