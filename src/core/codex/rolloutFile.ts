import { closeSync, constants, fstatSync, openSync } from 'node:fs';

/** For opening what may be anything: a pipe that stands where a rollout should keeps nobody waiting for its writer. */
export const rolloutOpenFlags = constants.O_RDONLY | constants.O_NONBLOCK;

/** A pipe, a device or a folder: whoever can write the ledger can name any path as a session's rollout. */
export class NoRegularFile extends Error {
  readonly code = 'not a regular file';
}

/** A descriptor of a regular file; the caller closes it. Throws what opening throws, and `NoRegularFile`. */
export function openRolloutFile(path: string): number {
  const descriptor = openSync(path, rolloutOpenFlags);
  if (fstatSync(descriptor).isFile()) return descriptor;
  closeSync(descriptor);
  throw new NoRegularFile(path);
}
