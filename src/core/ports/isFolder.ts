import { lstatSync, statSync } from 'node:fs';

/** False also for a path that no file system could have: one that is too long, or holds a NUL. */
export function isFolder(path: string, { followsLinks = true } = {}): boolean {
  try {
    return (followsLinks ? statSync(path) : lstatSync(path)).isDirectory();
  } catch {
    return false;
  }
}
