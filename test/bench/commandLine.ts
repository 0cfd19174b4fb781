import { spawnSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { median, rounded } from './statistics.ts';
import { type SupervisedPair, supervisedPair, rolloutLine, task } from './supervisedPair.ts';

/**
 * The commands of a manager's every minute as whole processes over `node -e 0`, interleaved. The goal is 2.5 for what
 * reads and 2.8 for what writes (upstream: 12). The ledger has a bound pair, a criterion and a message that waits; before
 * each cycle the worker has written something.
 */
const rounds = 25;
const verbs: Readonly<Record<string, { readonly argv: readonly string[]; readonly goal: number }>> = {
  sessions: { argv: ['sessions'], goal: 2.5 },
  workerInbox: { argv: ['worker-inbox', task], goal: 2.5 },
  criteriaList: { argv: ['criteria', task, '--list'], goal: 2.5 },
  cycle: { argv: ['cycle', task], goal: 2.8 },
};

const pair = await supervisedPair();
try {
  pair.conveyor('criteria', task, '--add', '--criterion', 'It is quick', '--source', 'user_requested');
  pair.conveyor('enqueue-nudge-worker', task, '--message', 'go on');
  pair.conveyor('dispatch', '--once');
  for (const { argv } of Object.values(verbs)) pair.conveyor(...argv); // the compile cache
  const bare: number[] = [];
  const times = new Map<string, number[]>(Object.keys(verbs).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    bare.push(timed(pair, ['-e', '0']));
    for (const [name, { argv }] of Object.entries(verbs)) {
      if (name === 'cycle')
        appendFileSync(pair.workerRollout, rolloutLine('event_msg', { type: 'token_count', round }));
      times.get(name)?.push(timed(pair, [join(pair.dist, 'cli.js'), ...argv]));
    }
  }
  for (const [name, { goal }] of Object.entries(verbs)) {
    const took = median(times.get(name) ?? []);
    const ratio = took / median(bare);
    console.log(
      JSON.stringify({
        bench: `commandLine.${name}`,
        ratio: rounded(ratio, 2),
        goal,
        met: ratio <= goal,
        medianMs: { node: rounded(median(bare)), [name]: rounded(took) },
      }),
    );
  }
} finally {
  await pair.close();
}

function timed({ folder, environment }: SupervisedPair, argv: readonly string[]): number {
  const started = performance.now();
  const { status } = spawnSync(process.execPath, argv, { cwd: folder, stdio: 'ignore', env: environment });
  if (status !== 0) throw new Error(`${argv.join(' ')} ended with ${status}`);
  return performance.now() - started;
}
