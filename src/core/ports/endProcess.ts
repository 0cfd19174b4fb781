import type { Clock } from './clock.ts';
import type { HostFacts } from './hostFacts.ts';

/** A process that we started, by what no other process has. */
export interface OwnProcess {
  readonly pid: number;
  readonly startTime: string | null;
}

/** What a process has left to end in, and how often we look. Milliseconds. */
const grace = 2000;
const look = 50;

/** Ends a process of ours: politely, then by force. One that has its pid by now is left alone. */
export async function endProcess(
  { pid, startTime }: OwnProcess,
  { clock, host }: { readonly clock: Clock; readonly host: HostFacts },
): Promise<void> {
  const isThere = (): boolean => host.isAlive(pid) && (startTime === null || host.startTime(pid) === startTime);
  const deadline = clock.monotonic() + grace;
  signalTo(pid, isThere, 'SIGTERM');
  while (isThere() && clock.monotonic() < deadline) await clock.sleep(look);
  signalTo(pid, isThere, 'SIGKILL');
}

function signalTo(pid: number, isThere: () => boolean, signal: NodeJS.Signals): void {
  if (!isThere()) return;
  try {
    process.kill(pid, signal);
  } catch {
    // It ended in between.
  }
}
