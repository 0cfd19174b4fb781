import { spawnSync } from 'node:child_process';

export interface MeasuredRun {
  readonly milliseconds: number;
  /** The highest that the process had in memory. */
  readonly peakMegabytes: number;
  readonly stdout: string;
}

const preload = `data:text/javascript,process.on('exit',()=>console.error('peak '+process.resourceUsage().maxRSS))`;

/** One Node process from start to end. Throws when it ends with another status than 0. */
export function measuredCommand(argv: readonly string[], stateRoot: string, isPeakWanted = false): MeasuredRun {
  const env = { ...process.env, WORKERCTL_STATE_ROOT: stateRoot };
  const started = performance.now();
  const ran = spawnSync(process.execPath, [...(isPeakWanted ? ['--import', preload] : []), ...argv], {
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 30,
    stdio: isPeakWanted ? 'pipe' : ['ignore', 'ignore', 'pipe'],
  });
  const milliseconds = performance.now() - started;
  if (ran.status !== 0) throw new Error(`${argv.join(' ')} ended with ${ran.status}: ${ran.stderr}`);
  const [, kilobytes = '0'] = /peak (\d+)/.exec(ran.stderr) ?? [];
  return { milliseconds, peakMegabytes: Number(kilobytes) / 1024, stdout: ran.stdout ?? '' };
}
