import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { findSessionBinding } from '../../src/core/ledger/bindingStore.ts';
import { insertNotification } from '../../src/core/ledger/notificationStore.ts';
import { requireTask } from '../../src/core/ledger/taskStore.ts';
import { spread } from './statistics.ts';
import { ended, pause, type SupervisedPair, supervisedPair, task } from './supervisedPair.ts';

/**
 * A process waits in `conveyor manager-inbox --wait`; another one commits a message. How long from before the commit
 * until the reader's output is written.
 */
const goal = { p95: 50 };
const warmUps = 3;
const samples = 60;
const preload = fileURLToPath(new URL('./inboxReader.mjs', import.meta.url));

const pair = await supervisedPair();
try {
  const latencies: number[] = [];
  for (let sample = 0; sample < warmUps + samples; sample += 1) latencies.push(await wakeUp(pair, sample));
  const wakeUpMs = spread(latencies.slice(warmUps));
  console.log(JSON.stringify({ bench: 'inbox', goal: goal.p95, met: wakeUpMs.p95 <= goal.p95, wakeUpMs }));
} finally {
  await pair.close();
}

async function wakeUp(bench: SupervisedPair, sample: number): Promise<number> {
  const reader = bench.startWith(['--import', preload], ['manager-inbox', task, '--consume-next', '--wait', '--json']);
  reader.stdout?.resume();
  const stamps = stampsOf(reader);
  try {
    await stamps.waits;
    await pause(20 + ((sample * 37) % 80));
    const committedAt = Number(process.hrtime.bigint()) / 1e6;
    insertMessage(bench, sample);
    const latency = (await stamps.wrote) - committedAt;
    await once(reader, 'close');
    return latency;
  } finally {
    await ended(reader);
  }
}

function stampsOf(reader: ReturnType<SupervisedPair['start']>) {
  const { stderr } = reader;
  if (stderr === null) throw new Error('the reader has no stderr');
  const lines = createInterface(stderr);
  const stamp = (wanted: string) =>
    new Promise<number>((resolve, reject) => {
      lines.on('line', (line) => {
        const [what, at] = line.split(' ');
        if (what === wanted) resolve(Number(at));
      });
      lines.on('close', () => reject(new Error(`the reader ended before it ${wanted}`)));
    });
  return { waits: stamp('waits'), wrote: stamp('wrote') };
}

function insertMessage({ ledger }: SupervisedPair, sample: number): void {
  const { id: taskId } = requireTask(ledger, task);
  const bound = findSessionBinding(ledger, taskId);
  if (bound === null) throw new Error('the pair is not bound');
  const message = {
    taskId,
    bindingId: bound.binding.id,
    correlationId: `bench-${sample}`,
    sourceSessionId: bound.worker.id,
    targetSessionId: bound.manager.id,
    signalType: 'worker_task_complete',
    dedupeKey: `bench-${sample}`,
    deliveryMode: 'pull_required',
    payload: { message: `Done, for the ${sample}th time.` },
  } as const;
  ledger.write(() => insertNotification(ledger, message, Date.now()));
}
