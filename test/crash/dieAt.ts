import type { Checkpoint } from '../../src/core/dispatch/dependencies.ts';

/** Ends this very process as `kill -9` does when a delivery comes to the step that $CRASH_AT names. */
export function dieAt(step: string | undefined): (reached: Checkpoint) => void {
  return (reached) => {
    if (reached !== step) return;
    process.kill(process.pid, 'SIGKILL');
    // From a worker thread the end comes a moment later; not one more statement may run.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  };
}
