import { spawnSync } from 'node:child_process';

export interface MeasuredRun {
  readonly milliseconds: number;
  /** The highest that the process had in memory. */
  readonly peakMegabytes: number;
  readonly stdout: string;
}

// Of this very program: the peak in `resourceUsage` begins with that of the process that started it.
const source = `import { readFileSync } from 'node:fs';
process.on('exit', () => {
  const own = /VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  console.error('peak ' + own);
});`;
const preload = `data:text/javascript,${encodeURIComponent(source)}`;

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
